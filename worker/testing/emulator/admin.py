"""What is asked of an emulator besides Telnyx's own surface: callers, phones, time, faults, and the books."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated, TypeVar

import msgspec
from aiohttp import web

from worker.telnyx.surface import OPERATIONS
from worker.testing.emulator.actors import Actors
from worker.testing.emulator.addressing import EVENT_TYPES
from worker.testing.emulator.api import Api
from worker.testing.emulator.books import account
from worker.testing.emulator.faults import Fault
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.settings import Conditions, Phone, Secs, Traffic
from worker.testing.emulator.telephony import Telephony

T = TypeVar("T")


class Ring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /emulator/calls: somebody rings, or so many at once."""

    to: str
    #: None: each has a number of their own.
    from_: str | None = msgspec.field(name="from", default=None)
    patience_secs: Secs = 60.0
    talk_secs: Secs = 5.0
    count: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class Digits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /emulator/legs/{call}/dtmf: the far end presses digits."""

    digits: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-D*#]+$")]


class Advance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /emulator/clock: time moves on at once."""

    advance_secs: Secs


class Admin:
    """The admin endpoints."""

    def __init__(self, telephony: Telephony, actors: Actors, api: Api) -> None:
        self._telephony = telephony
        self._world = telephony.world
        self._actors = actors
        self._api = api

    def routes(self) -> list[web.RouteDef]:
        """Return the routes below /emulator."""
        return [
            web.post("/emulator/calls", self._ring),
            web.post("/emulator/traffic", self._traffic),
            web.post("/emulator/phones", self._phones),
            web.post("/emulator/legs/{call}/hangup", self._hangup),
            web.post("/emulator/legs/{call}/answer", self._answer),
            web.post("/emulator/legs/{call}/dtmf", self._press),
            web.get("/emulator/faults", self._faults),
            web.post("/emulator/faults", self._fault),
            web.delete("/emulator/faults", self._disarm),
            web.post("/emulator/lost-webhooks", self._lose),
            web.get("/emulator/conditions", self._conditions),
            web.patch("/emulator/conditions", self._set_conditions),
            web.post("/emulator/clock", self._advance),
            web.get("/emulator/books", self._books),
        ]

    async def _ring(self, request: web.Request) -> web.Response:
        ring = await _read(request, Ring)
        legs = [
            self._actors.ring(
                ring.from_ or self._actors.number(), ring.to, patience_secs=ring.patience_secs, talk_secs=ring.talk_secs
            ).id
            for _ in range(ring.count)
        ]
        return web.json_response({"call_control_id": legs[0], "call_control_ids": legs})

    async def _traffic(self, request: web.Request) -> web.Response:
        self._actors.set_traffic(await _read(request, Traffic))
        return web.json_response({})

    async def _fault(self, request: web.Request) -> web.Response:
        fault = await _read(request, Fault)
        _check(fault.operation, (*(operation.name for operation in OPERATIONS), "*"), "an operation")
        self._api.faults.add(fault)
        return web.json_response({})

    async def _faults(self, _: web.Request) -> web.Response:
        return web.json_response([msgspec.to_builtins(fault) for fault in self._api.faults.armed])

    async def _disarm(self, _: web.Request) -> web.Response:
        self._api.faults.clear()
        return web.json_response({})

    async def _lose(self, request: web.Request) -> web.Response:
        """The next webhook of each of these event types gets lost."""
        lost = await _read(request, list[str])
        for event_type in lost:
            _check(event_type, EVENT_TYPES, "an event type")
        self._world.delivery.lost_next += lost
        return web.json_response({})

    async def _conditions(self, _: web.Request) -> web.Response:
        return web.json_response(msgspec.to_builtins(self._world.delivery.conditions))

    async def _set_conditions(self, request: web.Request) -> web.Response:
        """What is named changes, the rest stays."""
        changes = await _read(request, dict[str, object])
        before = msgspec.to_builtins(self._world.delivery.conditions)
        try:
            self._world.delivery.conditions = msgspec.convert({**before, **changes}, Conditions)
        except msgspec.ValidationError as exc:
            raise web.HTTPBadRequest(text=str(exc)) from None
        return await self._conditions(request)

    async def _phones(self, request: web.Request) -> web.Response:
        """The phones at these addresses do this from now on."""
        self._telephony.phones.at |= await _read(request, dict[str, Phone])
        return web.json_response({})

    async def _hangup(self, request: web.Request) -> web.Response:
        """The far end of a leg hangs up: a caller who rings gives up, a phone that rings declines."""
        leg = self._leg(request)
        cause = "normal_clearing"
        if leg.answered_at is None:
            cause = "originator_cancel" if leg.incoming else "call_rejected"
        self._world.hangup(leg, cause=cause, source="caller" if leg.incoming else "callee")
        return web.json_response({})

    async def _answer(self, request: web.Request) -> web.Response:
        """The far end of a leg that we dialled answers."""
        leg = self._leg(request)
        if leg.incoming:
            raise web.HTTPConflict(text="an incoming leg is answered by the API's `answer`")
        self._world.answer(leg)
        return web.json_response({})

    async def _press(self, request: web.Request) -> web.Response:
        """The far end of a leg presses digits, which it can only while it is answered."""
        pressed = await _read(request, Digits)
        leg = self._leg(request)
        if leg.answered_at is None or not leg.alive:
            raise web.HTTPConflict(text="the leg is not answered, or has ended")
        self._telephony.gathers.press(leg, pressed.digits)
        return web.json_response({})

    async def _advance(self, request: web.Request) -> web.Response:
        self._world.clock.advance((await _read(request, Advance)).advance_secs)
        return web.json_response({"now": self._world.clock.text()})

    async def _books(self, _: web.Request) -> web.Response:
        return web.json_response(account(self._telephony, self._api))

    def _leg(self, request: web.Request) -> Leg:
        leg = self._world.legs.get(request.match_info["call"])
        if leg is None:
            raise web.HTTPNotFound(text="there is no such leg")
        return leg


def _check(given: str, known: Iterable[str], what: str) -> None:
    """Refuse what is not among the known words, and name the one that may be meant."""
    known = sorted(known)
    if given in known:
        return
    near = difflib.get_close_matches(given, known, n=1, cutoff=0)
    raise web.HTTPBadRequest(text=f"{given!r} is not {what}: did you mean {near[0]}?")


async def _read(request: web.Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise web.HTTPBadRequest(text=str(exc)) from None
