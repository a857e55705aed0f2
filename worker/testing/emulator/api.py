"""Telnyx's own HTTP surface: every operation's route, its key, limits and faults, and the documented answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import NoReturn

import anyio
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
    """Raised when the connection was broken on purpose."""


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
        self._api_key = api_key
        self._table = table
        self._limits = limits
        self._repetitions = repetitions
        self._delivery = delivery

    def routes(self) -> list[web.RouteDef]:
        """Return the routes below /v2: one for each operation."""
        return [web.route(each.method, f"/v2{each.path}", self._handler(each)) for each in OPERATIONS]

    def _handler(self, operation: Operation[object]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            latency_secs = self.faults.latency_secs(self._delivery.conditions)
            if latency_secs:
                await anyio.sleep(latency_secs)
            raw = await request.read()
            try:
                response = self._answer(request, operation, raw)
            except Broken:
                # Goes nowhere: the connection is no more.
                return web.Response()
            except Problem as problem:
                response = self._refusal(problem)
            self.requests[operation.name, response.status] += 1
            return response

        return handle

    def _refusal(self, problem: Problem) -> web.Response:
        headers = self._limits.headers()
        if problem.wait_secs is not None:
            headers["x-ratelimit-reset"] = whole(problem.wait_secs)
            if self._retry_after:
                headers["Retry-After"] = whole(problem.wait_secs)
        return web.json_response(problem.body(), status=problem.status, headers=headers)

    def _answer(self, request: web.Request, operation: Operation[object], raw: bytes) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self._api_key}":
            refuse("10009", MALFORMED)
        self._limits.admit()
        says_ok = "/actions/" in operation.path
        fault = self.faults.take(operation.name, self._delivery.conditions, says_ok=says_ok)
        if fault is not None and fault.kind == "reset-before":
            reset(request)
        ids = tuple(request.match_info[name] for name in operation.parameters)
        answer = self._carry_out(request, operation, ids, raw, fault)
        if fault is not None and fault.kind == "reset-after":
            reset(request)
        if answer is None:
            return web.Response(status=204, headers=self._limits.headers())
        document = page(request.query, answer) if isinstance(answer, list) else {"data": answer}
        return web.json_response(document, headers=self._limits.headers())

    def _carry_out(
        self, request: web.Request, operation: Operation[object], ids: tuple[str, ...], raw: bytes, fault: Fault | None
    ) -> Answer:
        given: list[object] = []
        if operation.body is not None:
            given.append(read_body(raw, operation.body))
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
    raise Broken
