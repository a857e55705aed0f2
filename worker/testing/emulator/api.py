"""Telnyx's own HTTP surface: routes, bearer authentication, validation, command ids, and the documented answers."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import NoReturn

import anyio
import msgspec
from aiohttp import web

from worker.testing.emulator.conferences import Conference, Conferences
from worker.testing.emulator.documents import (
    show_call,
    show_conference,
    show_participant,
    show_queue,
    show_queued,
)
from worker.testing.emulator.faults import Faults
from worker.testing.emulator.problems import Problem, refuse
from worker.testing.emulator.queues import Queues
from worker.testing.emulator.settings import EmulatorSettings
from worker.testing.emulator.world import Leg, World

#: A command_id is remembered so long.
COMMAND_ID_SECS = 60.0
OK: dict[str, object] = {"result": "ok"}

Body = dict[str, object]
Answer = dict[str, object] | list[dict[str, object]]
Action = Callable[[web.Request, Body], Answer]


class Api:
    """The operations, on one world."""

    def __init__(
        self, settings: EmulatorSettings, api_key: str, world: World, queues: Queues, conferences: Conferences
    ) -> None:
        self.faults = Faults()
        #: (operation, status) → how often.
        self.requests: Counter[tuple[str, int]] = Counter()
        self._settings = settings
        self._api_key = api_key
        self._world = world
        self._queues = queues
        self._conferences = conferences
        self._commands: dict[str, tuple[float, Answer]] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return the routes below /v2."""
        call, conference, queue = "/v2/calls/{call}", "/v2/conferences/{conference}", "/v2/queues/{queue}"
        post: list[tuple[str, str, Action]] = [
            ("/v2/calls", "dial", self._dial),
            (f"{call}/actions/answer", "answer", self._answer),
            (f"{call}/actions/speak", "speak", self._speak),
            (f"{call}/actions/hangup", "hangup", self._hangup),
            (f"{call}/actions/enqueue", "enqueue", self._enqueue),
            (f"{call}/actions/leave_queue", "leave_queue", self._leave_queue),
            ("/v2/conferences", "create_conference", self._create),
            (f"{conference}/actions/join", "join", self._join),
            (f"{conference}/actions/leave", "leave", self._leave),
            (f"{conference}/actions/record_start", "record_start", self._record_start),
            (f"{conference}/actions/record_stop", "record_stop", self._record_stop),
            (f"{conference}/actions/end", "end", self._end),
        ]
        get: list[tuple[str, str, Action]] = [
            (call, "retrieve_call", self._retrieve_call),
            ("/v2/conferences", "list_conferences", self._list_conferences),
            (conference, "retrieve_conference", self._retrieve_conference),
            (f"{conference}/participants", "list_participants", self._participants),
            (queue, "retrieve_queue", self._retrieve_queue),
            (f"{queue}/calls", "list_queue_calls", self._queue_calls),
            (f"{queue}/calls/{{call}}", "retrieve_queue_call", self._queue_call),
        ]
        return [web.post(path, self._wrap(name, action)) for path, name, action in post] + [
            web.get(path, self._wrap(name, action)) for path, name, action in get
        ]

    def _wrap(self, operation: str, action: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            if self._settings.latency_secs:
                await anyio.sleep(self._settings.latency_secs)
            try:
                document = await self._perform(request, operation, action)
            except Problem as problem:
                self.requests[operation, problem.status] += 1
                return web.json_response(problem.body(), status=problem.status)
            self.requests[operation, 200] += 1
            return web.json_response(document)

        return handle

    async def _perform(self, request: web.Request, operation: str, action: Action) -> dict[str, object]:
        if request.headers.get("Authorization") != f"Bearer {self._api_key}":
            refuse("10009", "The API key looks malformed, or is not known")
        body = _object(await request.read()) if request.method == "POST" else {}
        fault = self.faults.take(operation)
        if fault is not None and fault.kind == "refuse":
            raise Problem(fault.status, fault.code, "A fault that was asked for")
        if fault is not None and fault.kind == "reset-before":
            _reset(request)
        if fault is not None and fault.kind == "no-effect":
            return {"data": OK}
        answer = self._once(request, operation, action, body)
        if fault is not None and fault.kind == "reset-after":
            _reset(request)
        return _page(request, answer) if isinstance(answer, list) else {"data": answer}

    def _once(self, request: web.Request, operation: str, action: Action, body: Body) -> Answer:
        """Carry a command out, unless its command_id was seen in the last minute: then give the same answer again."""
        key = body.get("command_id")
        known = self._commands.get(f"{operation}|{key}") if isinstance(key, str) else None
        if known is not None and time.monotonic() - known[0] < COMMAND_ID_SECS:
            return known[1]
        answer = action(request, body)
        if isinstance(key, str):
            self._commands[f"{operation}|{key}"] = (time.monotonic(), answer)
        return answer

    def _leg(self, request: web.Request, body: Body) -> Leg:
        """Return the answered leg of the path, with the body's client_state set."""
        leg = self._world.answered(request.match_info["call"])
        self._world.set_state(leg, _text_or_none(body, "client_state"))
        return leg

    def _conference(self, request: web.Request) -> Conference:
        return self._conferences.find(request.match_info["conference"])

    def _dial(self, _: web.Request, body: Body) -> Answer:
        if _text(body, "connection_id") != self._settings.connection_id:
            refuse("10015", "There is no such connection", pointer="/connection_id")
        leg = self._world.dial(_text(body, "from"), _text(body, "to"), _text_or_none(body, "client_state"))
        timeout = _number_or_none(body, "timeout_secs", least=5, most=600) or 30

        def give_up() -> None:
            if leg.answered_at is None:
                self._world.hangup(leg, cause="timeout", source="unknown")

        self._world.later(timeout, give_up)
        return {**show_call(leg), "is_alive": False}

    def _answer(self, request: web.Request, body: Body) -> Answer:
        leg = self._world.leg(request.match_info["call"])
        if not leg.incoming:
            refuse("90102")
        self._world.set_state(leg, _text_or_none(body, "client_state"))
        self._world.answer(leg)
        return OK

    def _speak(self, request: web.Request, body: Body) -> Answer:
        text, _ = _text(body, "payload"), _text(body, "voice")
        self._world.speak(self._leg(request, body), text)
        return OK

    def _hangup(self, request: web.Request, body: Body) -> Answer:
        leg = self._world.leg(request.match_info["call"])
        self._world.set_state(leg, _text_or_none(body, "client_state"))
        self._world.hangup(leg, cause="normal_clearing", source="callee" if leg.incoming else "caller")
        return OK

    def _enqueue(self, request: web.Request, body: Body) -> Answer:
        name = _text(body, "queue_name")
        most = _number_or_none(body, "max_wait_time_secs", least=1, most=1_000_000)
        size = _number_or_none(body, "max_size", least=1, most=1_000_000)
        self._queues.enqueue(self._leg(request, body), name, max_wait_secs=most, max_size=size)
        return OK

    def _leave_queue(self, request: web.Request, body: Body) -> Answer:
        if not self._queues.remove(self._leg(request, body), "leave"):
            refuse("90035", "This call is in no queue")
        return OK

    def _create(self, _: web.Request, body: Body) -> Answer:
        leg = self._world.answered(_text(body, "call_control_id"))
        return show_conference(
            self._conferences.create(leg, _text(body, "name"), _text_or_none(body, "client_state")),
            self._settings.connection_id,
        )

    def _join(self, request: web.Request, body: Body) -> Answer:
        conference = self._conference(request)
        leg = self._world.answered(_text(body, "call_control_id"))
        self._world.set_state(leg, _text_or_none(body, "client_state"))
        self._conferences.join(conference, leg)
        return OK

    def _leave(self, request: web.Request, body: Body) -> Answer:
        self._conferences.leave(self._conference(request), self._world.leg(_text(body, "call_control_id")))
        return OK

    def _record_start(self, request: web.Request, body: Body) -> Answer:
        form, channels = _text(body, "format"), _text_or_none(body, "channels") or "single"
        if form not in ("mp3", "wav") or channels not in ("single", "dual"):
            refuse("10015", "It is mp3 or wav, single or dual", pointer="/format")
        self._conferences.record(self._conference(request), form, channels)
        return OK

    def _record_stop(self, request: web.Request, _: Body) -> Answer:
        self._conferences.stop(self._conference(request))
        return OK

    def _end(self, request: web.Request, _: Body) -> Answer:
        self._conferences.end(self._conference(request))
        return OK

    def _retrieve_call(self, request: web.Request, _: Body) -> Answer:
        return show_call(self._world.leg(request.match_info["call"], alive=False))

    def _list_conferences(self, request: web.Request, _: Body) -> Answer:
        name, status = request.query.get("filter[name]"), request.query.get("filter[status]")
        shown = [show_conference(c, self._settings.connection_id) for c in self._conferences.by_id.values()]
        return [c for c in shown if name in (None, c["name"]) and status in (None, c["status"])]

    def _retrieve_conference(self, request: web.Request, _: Body) -> Answer:
        return show_conference(
            self._conferences.find(request.match_info["conference"], active=False), self._settings.connection_id
        )

    def _participants(self, request: web.Request, _: Body) -> Answer:
        conference = self._conferences.find(request.match_info["conference"], active=False)
        return [show_participant(conference, leg) for leg in conference.legs]

    def _retrieve_queue(self, request: web.Request, _: Body) -> Answer:
        return show_queue(self._queues.get(request.match_info["queue"]))

    def _queue_calls(self, request: web.Request, _: Body) -> Answer:
        queue = self._queues.get(request.match_info["queue"])
        return [
            show_queued(queue, leg, self._settings.connection_id, self._queues.waited_secs(leg)) for leg in queue.calls
        ]

    def _queue_call(self, request: web.Request, _: Body) -> Answer:
        queue = self._queues.get(request.match_info["queue"])
        leg = next((leg for leg in queue.calls if leg.id == request.match_info["call"]), None)
        if leg is None:
            refuse("10005", "The call is not in this queue")
        return show_queued(queue, leg, self._settings.connection_id, self._queues.waited_secs(leg))


def _page(request: web.Request, rows: list[dict[str, object]]) -> dict[str, object]:
    try:
        number, size = int(request.query.get("page[number]", 1)), int(request.query.get("page[size]", 20))
    except ValueError:
        number = size = 0
    if number < 1 or not 1 <= size <= 250:
        refuse("10015", "page[number] is from 1, page[size] from 1 to 250", pointer="/page")
    pages = max(1, math.ceil(len(rows) / size))
    meta = {"page_number": number, "page_size": size, "total_pages": pages, "total_results": len(rows)}
    return {"data": rows[(number - 1) * size : number * size], "meta": meta}


def _object(raw: bytes) -> Body:
    try:
        return msgspec.json.decode(raw or b"{}", type=dict[str, object])
    except msgspec.DecodeError:
        refuse("10015", "The body is not a JSON object")


def _text(body: Body, key: str) -> str:
    value = _text_or_none(body, key)
    if not value:
        refuse("10004", f"{key} is required", pointer=f"/{key}")
    return value


def _text_or_none(body: Body, key: str) -> str | None:
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        refuse("10015", f"{key} is a string", pointer=f"/{key}")
    return value


def _number_or_none(body: Body, key: str, *, least: int, most: int) -> int | None:
    value = body.get(key)
    if value is not None and (not isinstance(value, int) or not least <= value <= most):
        refuse("10015", f"{key} is from {least} to {most}", pointer=f"/{key}")
    return value


def _reset(request: web.Request) -> NoReturn:
    """Break the connection: no answer."""
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError
