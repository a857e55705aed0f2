"""Telnyx's own HTTP surface: every operation's route, its key, limits and faults, and the documented answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

import anyio
import msgspec
from aiohttp import web

from worker.telnyx.operation import Operation
from worker.telnyx.surface import OPERATIONS
from worker.testing.emulator.delivery import Delivery
from worker.testing.emulator.faults import Fault, Faults
from worker.testing.emulator.handlers.table import OK, Answer, Table
from worker.testing.emulator.limits import Limits, whole
from worker.testing.emulator.problems import Problem, refuse
from worker.testing.emulator.repetitions import Repetitions
from worker.testing.emulator.requests import page, read_body, read_query
from worker.testing.emulator.settings import EmulatorSettings

MALFORMED = "The API key looks malformed, or is not known"


class Broken(Exception):
    """Raised when the connection is to be broken on purpose."""


class Request(msgspec.Struct, frozen=True):
    """One request, however it came. `authorization` is its header."""

    operation: Operation[object]
    ids: tuple[str, ...]
    query: Mapping[str, str]
    raw: bytes
    authorization: str | None


class Reply(msgspec.Struct, frozen=True):
    """What is answered; no document: an empty body."""

    status: int
    document: dict[str, object] | None
    headers: dict[str, str]


class Api:
    """The operations."""

    def __init__(
        self,
        settings: EmulatorSettings,
        api_key: str,
        table: Table,
        *,
        limits: Limits,
        repetitions: Repetitions,
        delivery: Delivery,
    ) -> None:
        self.faults = Faults(settings.seed)
        #: (operation's name, status) → how often.
        self.requests: Counter[tuple[str, int]] = Counter()
        self._retry_after = settings.unconfirmed.retry_after
        self._forbidden = frozenset(settings.forbidden)
        self._api_key = api_key
        self._table = table
        self._limits = limits
        self._repetitions = repetitions
        self._delivery = delivery

    def routes(self) -> list[web.RouteDef]:
        """Return the routes below /v2: one for each operation."""
        return [web.route(each.method, f"/v2{each.path}", self._handler(each)) for each in OPERATIONS]

    def respond(self, request: Request) -> Reply:
        """Carry a request out.

        Raises:
            Broken: There is no answer; whether it was carried out is the fault's.
        """
        try:
            reply = self._answer(request)
        except Problem as problem:
            reply = self._refusal(problem)
        self.requests[request.operation.name, reply.status] += 1
        return reply

    def latency_secs(self) -> float:
        """Return how long a request that comes now takes."""
        return self.faults.latency_secs(self._delivery.conditions)

    def _handler(self, operation: Operation[object]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            ids = tuple(request.match_info[name] for name in operation.parameters)
            raw, authorization = await request.read(), request.headers.get("Authorization")
            latency_secs = self.latency_secs()
            if latency_secs:
                # What has come is carried out, though its sender may give up meanwhile.
                await anyio.sleep(latency_secs)
            try:
                reply = self.respond(Request(operation, ids, request.query, raw, authorization))
            except Broken:
                if request.transport is not None:
                    request.transport.abort()
                # Goes nowhere: the connection is no more.
                return web.Response()
            if reply.document is None:
                return web.Response(status=reply.status, headers=reply.headers)
            return web.json_response(reply.document, status=reply.status, headers=reply.headers)

        return handle

    def _refusal(self, problem: Problem) -> Reply:
        headers = self._limits.headers()
        if problem.wait_secs is not None:
            headers["x-ratelimit-reset"] = whole(problem.wait_secs)
            if self._retry_after:
                headers["Retry-After"] = whole(problem.wait_secs)
        return Reply(problem.status, problem.body(), headers)

    def _answer(self, request: Request) -> Reply:
        if request.authorization != f"Bearer {self._api_key}":
            refuse("10009", MALFORMED)
        operation = request.operation
        if operation.name in self._forbidden:
            refuse("10010", f"This account may not do {operation.name}")
        self._limits.admit()
        says_ok = "/actions/" in operation.path
        fault = self.faults.take(operation.name, self._delivery.conditions, says_ok=says_ok)
        if fault is not None and fault.kind == "reset-before":
            raise Broken
        answer = self._carry_out(request, fault)
        if fault is not None and fault.kind == "reset-after":
            raise Broken
        if answer is None:
            return Reply(204, None, self._limits.headers())
        document: dict[str, object] = page(request.query, answer) if isinstance(answer, list) else {"data": answer}
        return Reply(200, document, self._limits.headers())

    def _carry_out(self, request: Request, fault: Fault | None) -> Answer:
        operation, ids = request.operation, request.ids
        given: list[object] = []
        if operation.body is not None:
            given.append(read_body(request.raw, operation.body))
        if operation.query is not None:
            given.append(read_query(request.query, operation.query))
        if fault is not None and fault.kind == "refuse":
            wait = 1.0 if fault.status == 429 else None
            raise Problem(fault.status, fault.code, "A fault that was asked for", wait_secs=wait)
        if fault is not None and fault.kind == "no-effect":
            return OK
        key = getattr(given[0], "command_id", None) if operation.keyed else None
        # What makes something has its key of the account, any other of the call or conference, whatever it does.
        scope = f"{operation.resource} {ids[0]}" if ids else operation.path
        return self._repetitions.once(scope, key, lambda: self._table[operation](*ids, *given))
