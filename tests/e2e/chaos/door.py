"""What stands before the ingresses: hands each webhook to the next of them, and notes what was answered."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import msgspec
from aiohttp import web

HEADERS = ("telnyx-timestamp", "telnyx-signature-ed25519", "content-type")
#: As long as the emulator waits itself.
ANSWER_SECS = 2.0


class _Payload(msgspec.Struct):
    call_control_id: str | None = None
    conference_id: str | None = None
    recording_id: str | None = None


class _Event(msgspec.Struct):
    id: str
    payload: _Payload = msgspec.field(default_factory=_Payload)


class _Body(msgspec.Struct):
    data: _Event


@dataclass(frozen=True)
class Promise:
    """A webhook that was answered 2xx: when (Unix time), and which call, conference and recording it tells of."""

    at: float
    names: frozenset[str]


@dataclass
class Door:
    """The one address that Telnyx knows."""

    url: str = ""
    #: The ingresses that webhooks are handed to, by name.
    targets: dict[str, str] = field(default_factory=dict)
    #: By event id: the first time that it was answered 2xx.
    promised: dict[str, Promise] = field(default_factory=dict)
    #: What was answered how often; 0: the ingress broke off, or was too slow.
    answers: Counter[int] = field(default_factory=Counter)
    _turn: int = 0

    async def handle(self, request: web.Request) -> web.Response:
        """Pass a webhook on, and its answer back. An ingress that breaks off promised nothing."""
        body = await request.read()
        status = await self._ask(body, {name: request.headers[name] for name in HEADERS})
        self.answers[status] += 1
        if 200 <= status < 300:
            event = msgspec.json.decode(body, type=_Body).data
            names = frozenset(name for name in msgspec.structs.astuple(event.payload) if name)
            self.promised.setdefault(event.id, Promise(time.time(), names))
        return web.Response(status=status or 502)

    async def _ask(self, body: bytes, headers: dict[str, str]) -> int:
        if not self.targets:
            return 0
        self._turn += 1
        url = list(self.targets.values())[self._turn % len(self.targets)]
        # A connection for each: which of several is broken by a death is then no matter of chance.
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECS)
        connector = aiohttp.TCPConnector(force_close=True)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, connector=connector) as session,
                session.post(f"{url}/webhooks", data=body, headers=headers) as response,
            ):
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return 0


@asynccontextmanager
async def open_door() -> AsyncIterator[Door]:
    """Serve a door for the length of a block."""
    door = Door()
    app = web.Application()
    app.add_routes([web.post("/webhooks", door.handle)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        door.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks"
        yield door
    finally:
        await runner.cleanup()
