"""Telnyx's own HTTP surface: routes, bearer authentication, validation, command ids, and the documented answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import NoReturn

import anyio
from aiohttp import web

from worker.testing.emulator.bodies import number_or_none, page, read_object, state, text, text_or_none
from worker.testing.emulator.commands import Commands
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
        self._commands: Commands[Answer] = Commands()

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
        body = read_object(await request.read()) if request.method == "POST" else {}
        fault = self.faults.take(operation)
        if fault is not None and fault.kind == "refuse":
            raise Problem(fault.status, fault.code, "A fault that was asked for")
        if fault is not None and fault.kind == "reset-before":
            reset(request)
        if fault is not None and fault.kind == "no-effect":
            return {"data": OK}
        answer = self._commands.once(request.path, text_or_none(body, "command_id"), lambda: action(request, body))
        if fault is not None and fault.kind == "reset-after":
            reset(request)
        return page(request, answer) if isinstance(answer, list) else {"data": answer}

    def _leg(self, request: web.Request) -> Leg:
        """Return the answered leg of the path."""
        return self._world.answered(request.match_info["call"])

    def _conference(self, request: web.Request) -> Conference:
        return self._conferences.find(request.match_info["conference"])

    def _dial(self, _: web.Request, body: Body) -> Answer:
        if text(body, "connection_id") != self._settings.connection_id:
            refuse("10015", "There is no such connection", pointer="/connection_id")
        timeout = number_or_none(body, "timeout_secs", least=5, most=600) or 30
        leg = self._world.dial(text(body, "from"), text(body, "to"), state(body))

        def give_up() -> None:
            if leg.answered_at is None:
                self._world.hangup(leg, cause="timeout", source="unknown")

        self._world.later(timeout, give_up)
        return {**show_call(leg), "is_alive": False}

    def _answer(self, request: web.Request, body: Body) -> Answer:
        leg = self._world.leg(request.match_info["call"])
        if not leg.incoming:
            refuse("90102")
        self._world.set_state(leg, state(body))
        self._world.answer(leg)
        return OK

    def _speak(self, request: web.Request, body: Body) -> Answer:
        words, _ = text(body, "payload"), text(body, "voice")
        leg = self._leg(request)
        self._world.set_state(leg, state(body))
        self._world.speak(leg, words)
        return OK

    def _hangup(self, request: web.Request, body: Body) -> Answer:
        leg = self._world.leg(request.match_info["call"])
        self._world.set_state(leg, state(body))
        self._world.hangup(leg, cause="normal_clearing", source="callee" if leg.incoming else "caller")
        return OK

    def _enqueue(self, request: web.Request, body: Body) -> Answer:
        name = text(body, "queue_name")
        most = number_or_none(body, "max_wait_time_secs", least=1, most=1_000_000)
        size = number_or_none(body, "max_size", least=1, most=1_000_000)
        self._queues.enqueue(self._leg(request), name, max_wait_secs=most, max_size=size, client_state=state(body))
        return OK

    def _leave_queue(self, request: web.Request, body: Body) -> Answer:
        leg, client_state = self._leg(request), state(body)
        if leg.queue is None:
            refuse("90035", "This call is in no queue")
        self._world.set_state(leg, client_state)
        self._queues.remove(leg, "leave")
        return OK

    def _create(self, _: web.Request, body: Body) -> Answer:
        leg = self._world.answered(text(body, "call_control_id"))
        return show_conference(
            self._conferences.create(leg, text(body, "name"), state(body)),
            self._settings.connection_id,
        )

    def _join(self, request: web.Request, body: Body) -> Answer:
        conference = self._conference(request)
        leg = self._world.answered(text(body, "call_control_id"))
        self._conferences.join(conference, leg, state(body))
        return OK

    def _leave(self, request: web.Request, body: Body) -> Answer:
        self._conferences.leave(self._conference(request), self._world.leg(text(body, "call_control_id")))
        return OK

    def _record_start(self, request: web.Request, body: Body) -> Answer:
        form, channels = text(body, "format"), text_or_none(body, "channels") or "single"
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
        queue = self._queues.get(request.match_info["queue"])
        return show_queue(queue, self._queues.average_wait_secs(queue))

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


@web.middleware
async def answer_as_telnyx(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Give what is not there an answer in Telnyx's form, below /v2."""
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as missing:
        if not request.path.startswith("/v2/"):
            raise
        problem = Problem(missing.status, "10005", "Resource not found", f"There is no {request.method} {request.path}")
        return web.json_response(problem.body(), status=problem.status)


def reset(request: web.Request) -> NoReturn:
    """Break the connection: no answer."""
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError
