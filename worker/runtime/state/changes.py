"""`GET /state/{tenant}/changes`: the views as they are, and from then on each one that changes, as server-sent events.

Every event is a whole view, so nothing has to be put together, and who has missed some has missed nothing. Its id is an
entry of the stream of changes: with `Last-Event-ID` a client goes on from there, while the stream still has it; else
`reset` is sent, and all views anew, and then `ready`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import anyio
import msgspec
from aiohttp import web

from ingress.envelope import Address
from ingress.errors import LogUnavailableError
from ingress.intents.answers import Problem
from worker.runtime.clock import monotonic
from worker.runtime.published import Published
from worker.runtime.state.readers import Denied, Reader
from worker.views.model import PLURALS, AnyView, encode_view

#: Of one worker: each of them reads Redis on a connection of its own.
MOST_CLIENTS = 50
#: A comment is sent when nothing else has been for so long, so that proxies keep the connection.
HEARTBEAT_SECS = 15.0
#: Who does not take what is sent within this is let go.
SLOW_SECS = 10.0
#: One read of Redis waits so long: a worker that stops ends its feeds as soon.
WAIT_SECS = 0.9
#: Views that are written at a time.
CHUNK = 100


class Gone(msgspec.Struct, frozen=True):
    """Says that there is nothing more to see of an aggregate."""

    kind: str
    id: str


class Feed:
    """The feeds of one worker. *waiting* reads with a client that may wait."""

    def __init__(self, waiting: Published) -> None:
        self._published = waiting
        self._clients = 0
        self._over = False

    def end(self) -> None:
        """End all feeds: the worker stops."""
        self._over = True

    async def serve(
        self, request: web.Request, tenant: str, admit: Callable[[], Reader | Denied]
    ) -> web.StreamResponse:
        """Answer with the feed, until the client goes, is too slow, may look no more, or the worker stops.

        *admit* says who asks, or why he may not, by the tokens of the moment: it is asked again and again.

        Raises:
            LogUnavailableError: Redis failed before anything was sent.
        """
        if self._clients >= MOST_CLIENTS:
            return web.Response(
                status=503,
                headers={"Retry-After": "5"},
                body=msgspec.json.encode(Problem(f"{MOST_CLIENTS} clients listen already: come again later.")),
                content_type="application/json",
            )
        self._clients += 1
        try:
            return await self._serve(request, tenant, admit)
        finally:
            self._clients -= 1

    async def _serve(
        self, request: web.Request, tenant: str, admit: Callable[[], Reader | Denied]
    ) -> web.StreamResponse:
        last = request.headers.get("Last-Event-ID", "")
        resumes = _is_id(last) and await self._published.reaches(tenant, last)
        start: list[bytes] = []
        if not resumes:
            # Read first: what changes while the views are read is sent again.
            last, start = await self._published.newest(tenant), await self._all(tenant, admit())
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        try:
            await response.prepare(request)
            if not resumes:
                for part in (*start, _event("ready", b"{}", last)):
                    await _send(response, part)
            await self._follow(response, tenant, admit, last)
        except (ConnectionError, TimeoutError, LogUnavailableError):
            # The client has gone, or does not read, or Redis has: he comes again, and goes on.
            if request.transport is not None:
                request.transport.abort()
        return response

    async def _follow(
        self, response: web.StreamResponse, tenant: str, admit: Callable[[], Reader | Denied], last: str
    ) -> None:
        sent_at = monotonic()
        while not self._over:
            changes = await self._published.changes(tenant, last, wait_secs=WAIT_SECS)
            reader = admit()
            if isinstance(reader, Denied):
                return
            seen = [each for each in changes.addresses if reader.sees(each.kind, each.id)]
            last = changes.last
            for start in range(0, len(seen), CHUNK):
                addresses = seen[start : start + CHUNK]
                views = await self._published.get(addresses)
                name = last if start + CHUNK >= len(seen) else ""
                await _send(response, b"".join(_events(zip(addresses, views, strict=True), name)))
                sent_at = monotonic()
            if monotonic() - sent_at >= HEARTBEAT_SECS:
                await _send(response, b": nothing has changed\n\n")
                sent_at = monotonic()

    async def _all(self, tenant: str, reader: Reader | Denied) -> list[bytes]:
        """Return all that *reader* may see, in parts that a slow client takes in time."""
        parts = [_event("reset", b"{}", "")]
        if isinstance(reader, Denied):
            return parts
        for kind in PLURALS.values():
            found = await self._published.listing(tenant, kind)
            events = [_event(kind, encode_view(view), "") for view in found.views if reader.sees_view(view)]
            parts += [b"".join(events[start : start + CHUNK]) for start in range(0, len(events), CHUNK)]
        return parts


async def _send(response: web.StreamResponse, raw: bytes) -> None:
    with anyio.fail_after(SLOW_SECS):
        await response.write(raw)


def _events(changed: Iterable[tuple[Address, AnyView | None]], last: str) -> list[bytes]:
    """Return the events of some views; the last one has the id *last*, so that none before it is passed over."""
    pairs = list(changed)
    events: list[bytes] = []
    for number, (address, view) in enumerate(pairs, 1):
        name = last if number == len(pairs) else ""
        if view is None:
            events.append(_event("gone", msgspec.json.encode(Gone(address.kind, address.id)), name))
        else:
            events.append(_event(address.kind, encode_view(view), name))
    return events


def _event(kind: str, data: bytes, name: str) -> bytes:
    said = b"id: " + name.encode() + b"\n" if name else b""
    return b"event: " + kind.encode() + b"\n" + said + b"data: " + data + b"\n\n"


def _is_id(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,15}-[0-9]{1,9}", text) is not None
