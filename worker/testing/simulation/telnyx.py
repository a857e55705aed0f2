"""Telnyx in the simulated world: the emulator without HTTP, and the engine's own client on a wire to it.

As with the model Redis, a request that has been sent is carried out when it arrives, whoever still waits for it.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from contextvars import Context
from typing import Literal
from urllib.parse import unquote

import aiohttp
import msgspec
from yarl import URL

from worker.telnyx.client import REQUEST_SECS, TelnyxClient
from worker.telnyx.operation import Operation
from worker.telnyx.surface import OPERATIONS
from worker.testing.emulator.api import Api, Broken, Reply, Request
from worker.testing.simulation.loop import process_of, send_out

API_KEY = "KEY-of-the-simulation"
BASE_URL = "http://127.0.0.1:1/v2"
#: Each way, besides what the conditions say.
LATENCY_SECS = 0.02

Away = Literal["refused", "silent"]
Answer = tuple[int, bytes, Callable[[str], str | None]]

_PATHS = [(each, re.compile(re.sub(r"\{\w+\}", "([^/]+)", each.path))) for each in OPERATIONS]


class Line:
    """The network between a client and the emulator; it belongs to the world outside, whose *context* it has."""

    def __init__(self, api: Api, context: Context) -> None:
        self.away: Away | None = None
        self._api = api
        self._context = context
        self._held_back: list[Callable[[], None]] = []

    def come_back(self) -> None:
        """Be there again, and take what was sent meanwhile and not lost."""
        self.away = None
        held_back, self._held_back = self._held_back, []
        for arrive in held_back:
            arrive()

    async def exchange(self, method: str, target: URL, data: bytes | None) -> Answer:
        """Send a request and return its answer.

        Raises:
            aiohttp.ClientError: There was none.
        """
        process = process_of.get()
        if self.away == "refused" or (process is not None and process.dead):
            raise aiohttp.ClientConnectionResetError("nobody listens")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Reply | None] = loop.create_future()
        secs = LATENCY_SECS + self._api.latency_secs()
        send_out("telnyx", lambda: self._sent(secs, method, target, data, answer))
        async with asyncio.timeout(REQUEST_SECS):
            await asyncio.wait([answer])
        reply = answer.result()
        if reply is None:
            raise aiohttp.ServerDisconnectedError
        body = b"" if reply.document is None else msgspec.json.encode(reply.document)
        headers = {name.lower(): value for name, value in reply.headers.items()}
        return reply.status, body, lambda name: headers.get(name.lower())

    def _sent(
        self, secs: float, method: str, target: URL, data: bytes | None, answer: asyncio.Future[Reply | None]
    ) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(secs, self._arrived, method, target, data, answer, context=self._context)

    def _arrived(self, method: str, target: URL, data: bytes | None, answer: asyncio.Future[Reply | None]) -> None:
        if self.away == "silent":
            self._held_back.append(lambda: self._arrived(method, target, data, answer))
            return
        operation, ids = _route(method, target.raw_path.removeprefix(URL(BASE_URL).raw_path))
        reply: Reply | None = None
        if self.away is None:
            try:
                request = Request(operation, ids, dict(target.query), data or b"", f"Bearer {API_KEY}")
                reply = self._api.respond(request)
            except Broken:
                reply = None
        loop = asyncio.get_running_loop()
        loop.call_later(LATENCY_SECS, _tell, answer, reply, context=self._context)


class WiredClient(TelnyxClient):
    """The engine's client, whose requests go over a line instead of HTTP."""

    def __init__(self, line: Line, jitter: random.Random) -> None:
        super().__init__(API_KEY, base_url=BASE_URL, jitter=jitter)
        self._line = line

    async def _exchange(self, method: str, target: URL, data: bytes | None) -> Answer:
        return await self._line.exchange(method, target, data)


def _tell(answer: asyncio.Future[Reply | None], reply: Reply | None) -> None:
    if not answer.done():
        answer.set_result(reply)


def _route(method: str, path: str) -> tuple[Operation[object], tuple[str, ...]]:
    for operation, pattern in _PATHS:
        found = pattern.fullmatch(path)
        if found and operation.method == method:
            return operation, tuple(map(unquote, found.groups()))
    raise LookupError(f"there is no {method} {path}")
