"""`GET /state/…`: lists and single views, as JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import structlog
from aiohttp import web

from ingress.envelope import Address, AggregateKind
from ingress.errors import LogUnavailableError
from ingress.intents.answers import Problem
from worker.runtime.published import Published, absent
from worker.runtime.state import openapi
from worker.runtime.state.changes import Feed
from worker.runtime.state.readers import Denied, Reader, Readers
from worker.views.listed import Listed
from worker.views.model import PLURALS

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def state_routes(published: Published, readers: Readers, feed: Feed) -> list[web.RouteDef]:
    """Return the routes; *feed* is to be ended before the server is."""
    state = _State(published, readers, feed)
    routes = [web.get("/openapi.json", describe), web.get("/state/{tenant}/changes", state.changes)]
    for plural, kind in PLURALS.items():
        routes += [
            web.get(f"/state/{{tenant}}/{plural}", state.list_of(kind)),
            web.get(f"/state/{{tenant}}/{plural}/{{id}}", state.one_of(kind, plural)),
        ]
    return routes


async def describe(_: web.Request) -> web.Response:
    """Answer with the OpenAPI document."""
    return web.Response(body=openapi.document(), content_type="application/json")


class _State:
    def __init__(self, published: Published, readers: Readers, feed: Feed) -> None:
        self._published = published
        self._readers = readers
        self._feed = feed

    def list_of(self, kind: AggregateKind) -> Handler:
        """Return what answers with all of a kind."""

        async def answer(request: web.Request, reader: Reader) -> web.StreamResponse:
            tenant = request.match_info["tenant"]
            if reader.agents is not None and kind in ("conference", "call"):
                return _problem(403, f"A token of the scope agent sees queues and its own agents, no {kind}s.")
            found = await self._published.listing(tenant, kind)
            views = [view for view in found.views if reader.sees_view(view)]
            return _json(Listed(tenant, kind, found.as_of_ms, found.unpublished, views))

        return self._for_readers(answer)

    def one_of(self, kind: AggregateKind, plural: str) -> Handler:
        """Return what answers with one of a kind."""

        async def answer(request: web.Request, reader: Reader) -> web.StreamResponse:
            tenant, name = request.match_info["tenant"], request.match_info["id"]
            if not reader.sees(kind, name):
                return _problem(403, f"A token of the scope agent sees queues and its own agents, not {kind}:{name}.")
            (view,) = await self._published.get([Address(tenant, kind, name)])
            if view is not None:
                return _json(view)
            there = await self._published.listing(tenant, kind)
            return _problem(404, absent(kind, plural, name, [v.name for v in there.views if reader.sees_view(v)]))

        return self._for_readers(answer)

    async def changes(self, request: web.Request) -> web.StreamResponse:
        """Answer with the feed of changes."""

        async def answer(request: web.Request, _: Reader) -> web.StreamResponse:
            return await self._feed.serve(request, request.match_info["tenant"], lambda: self._admit(request))

        return await self._for_readers(answer)(request)

    def _admit(self, request: web.Request) -> Reader | Denied:
        return self._readers.admit(request.match_info["tenant"], request.headers.get("Authorization"))

    def _for_readers(self, answer: Callable[[web.Request, Reader], Awaitable[web.StreamResponse]]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            reader = self._admit(request)
            if isinstance(reader, Denied):
                return _problem(reader.status, reader.reason)
            try:
                return await answer(request, reader)
            except LogUnavailableError as exc:
                log.warning("state.unavailable", error=str(exc))
                return _problem(503, "Redis does not answer: ask again.")

        return handle


def _json(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


def _problem(status: int, reason: str) -> web.Response:
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}.get(status)
    return web.Response(
        status=status, body=msgspec.json.encode(Problem(reason)), content_type="application/json", headers=headers
    )
