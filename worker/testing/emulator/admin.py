"""What is asked of an emulator besides Telnyx's own surface: callers, faults, and the emulator's books."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

import msgspec
from aiohttp import web

from worker.testing.emulator.actors import Actors
from worker.testing.emulator.api import Api
from worker.testing.emulator.conferences import Conferences
from worker.testing.emulator.faults import Fault
from worker.testing.emulator.settings import Traffic
from worker.testing.emulator.world import Leg, World

T = TypeVar("T")


class Ring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /emulator/calls: somebody rings."""

    to: str
    from_: str = msgspec.field(name="from", default="+15550100000")
    patience_secs: float = 60.0
    talk_secs: float = 5.0


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
            web.post("/emulator/absent", self._absent),
            web.post("/emulator/legs/{call}/hangup", self._hangup),
            web.get("/emulator/books", self._books),
        ]

    async def _ring(self, request: web.Request) -> web.Response:
        ring = await _read(request, Ring)
        leg = self._actors.ring(ring.from_, ring.to, patience_secs=ring.patience_secs, talk_secs=ring.talk_secs)
        return web.json_response({"call_control_id": leg.id})

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

    async def _absent(self, request: web.Request) -> web.Response:
        """The phones at these addresses are not answered."""
        self._actors.absent = set(await _read(request, list[str]))
        return web.json_response({})

    async def _hangup(self, request: web.Request) -> web.Response:
        """The far end of a leg hangs up."""
        leg = self._world.legs.get(request.match_info["call"])
        if leg is None:
            raise web.HTTPNotFound(text="there is no such leg")
        self._world.hangup(leg, cause="normal_clearing", source="caller" if leg.incoming else "callee")
        return web.json_response({})

    async def _books(self, _: web.Request) -> web.Response:
        legs = self._world.legs.values()
        by_conference = {c.id: c for c in self._conferences.by_id.values()}
        return web.json_response(
            {
                "callers": [dataclasses.asdict(leg) for leg in legs if leg.incoming],
                "agents": [dataclasses.asdict(leg) for leg in legs if not leg.incoming],
                "conferences": [
                    {"id": c.id, "name": c.name, "ended_at": c.ended_at, "legs": [leg.id for leg in c.legs]}
                    for c in by_conference.values()
                ],
                "recordings": [dataclasses.asdict(r) for r in self._conferences.recordings],
                "violations": self._world.violations,
                "webhooks": {**self._world.delivery.counts, "under_way": self._world.delivery.under_way},
                "requests": [
                    {"operation": operation, "status": status, "count": count}
                    for (operation, status), count in sorted(self._api.requests.items())
                ],
                "waiting": sum(_waits(leg) for leg in legs),
            }
        )


def _waits(leg: Leg) -> bool:
    return leg.incoming and leg.alive and leg.conference is None


async def _read(request: web.Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.DecodeError as exc:
        raise web.HTTPBadRequest(text=str(exc)) from None
