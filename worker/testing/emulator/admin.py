"""What is asked of an emulator besides Telnyx's own surface: callers, faults, and the emulator's books."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec
from aiohttp import web

from worker.testing.emulator.actors import Actors
from worker.testing.emulator.api import Api
from worker.testing.emulator.books import account
from worker.testing.emulator.conferences import Conferences
from worker.testing.emulator.faults import Fault
from worker.testing.emulator.settings import Phone, Secs, Traffic
from worker.testing.emulator.world import World

T = TypeVar("T")


class Ring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /emulator/calls: somebody rings, or so many at once."""

    to: str
    from_: str = msgspec.field(name="from", default="+15550100000")
    patience_secs: Secs = 60.0
    talk_secs: Secs = 5.0
    count: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class Admin:
    """The admin endpoints."""

    def __init__(self, world: World, actors: Actors, api: Api, conferences: Conferences) -> None:
        self._world = world
        self._actors = actors
        self._api = api
        self._conferences = conferences

    def routes(self) -> list[web.RouteDef]:
        """Return the routes below /emulator."""
        return [
            web.post("/emulator/calls", self._ring),
            web.post("/emulator/traffic", self._traffic),
            web.post("/emulator/faults", self._fault),
            web.post("/emulator/lost-webhooks", self._lose),
            web.post("/emulator/phones", self._phones),
            web.post("/emulator/legs/{call}/hangup", self._hangup),
            web.get("/emulator/books", self._books),
        ]

    async def _ring(self, request: web.Request) -> web.Response:
        ring = await _read(request, Ring)
        legs = [
            self._actors.ring(ring.from_, ring.to, patience_secs=ring.patience_secs, talk_secs=ring.talk_secs).id
            for _ in range(ring.count)
        ]
        return web.json_response({"call_control_id": legs[0], "call_control_ids": legs})

    async def _traffic(self, request: web.Request) -> web.Response:
        self._actors.set_traffic(await _read(request, Traffic))
        return web.json_response({})

    async def _fault(self, request: web.Request) -> web.Response:
        self._api.faults.add(await _read(request, Fault))
        return web.json_response({})

    async def _lose(self, request: web.Request) -> web.Response:
        """The next webhook of each of these event types gets lost."""
        self._world.delivery.lost_next += await _read(request, list[str])
        return web.json_response({})

    async def _phones(self, request: web.Request) -> web.Response:
        """The phones at these addresses do this from now on."""
        self._actors.phones |= await _read(request, dict[str, Phone])
        return web.json_response({})

    async def _hangup(self, request: web.Request) -> web.Response:
        """The far end of a leg hangs up."""
        leg = self._world.legs.get(request.match_info["call"])
        if leg is None:
            raise web.HTTPNotFound(text="there is no such leg")
        self._world.hangup(leg, cause="normal_clearing", source="caller" if leg.incoming else "callee")
        return web.json_response({})

    async def _books(self, _: web.Request) -> web.Response:
        return web.json_response(account(self._world, self._conferences, self._api))


async def _read(request: web.Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.DecodeError as exc:
        raise web.HTTPBadRequest(text=str(exc)) from None
