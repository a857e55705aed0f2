"""A Telnyx emulator in the test's own process, and who receives its webhooks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import anyio
import pytest
from aiohttp import web

from worker.telnyx.client import TelnyxClient
from worker.testing.emulator.server import Emulator, serve
from worker.testing.emulator.settings import EmulatorSettings


class Receiver:
    """Notes every webhook that it is sent; answers with `statuses`, then 200."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self._come = anyio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append(({k.lower(): v for k, v in request.headers.items()}, await request.read()))
        self._come.set()
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    @property
    def bodies(self) -> list[dict[str, dict[str, object]]]:
        return [json.loads(body) for _, body in self.requests]

    def types(self) -> list[object]:
        return [body["data"]["event_type"] for body in self.bodies]

    async def wait_for(self, event_type: str, count: int = 1) -> dict[str, object]:
        """Return the payload of the *count*-th webhook of a type, when it has come."""
        with anyio.fail_after(10):
            while self.types().count(event_type) < count:
                self._come = anyio.Event()
                await self._come.wait()
        found = [body for body in self.bodies if body["data"]["event_type"] == event_type][count - 1]
        payload = found["data"]["payload"]
        assert isinstance(payload, dict)
        return payload


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Return a receiver on a free port."""
    receiver = Receiver()
    app = web.Application()
    app.add_routes([web.post("/webhooks", receiver.handle)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks"
    yield receiver
    await runner.cleanup()


@pytest.fixture
def emulator_settings(receiver: Receiver) -> EmulatorSettings:
    """Return an emulator that is quicker than life."""
    return EmulatorSettings(
        webhook_url=receiver.url, api_key="KEYtest", seed=1, characters_per_sec=1000, answer_secs=0.01, saving_secs=0.01
    )


@pytest.fixture
async def emulator(emulator_settings: EmulatorSettings) -> AsyncIterator[Emulator]:
    """Return a running emulator. Entered and left in one task of its own, as a cancel scope must be."""
    started, over = anyio.Event(), anyio.Event()
    running: list[Emulator] = []

    async def hold() -> None:
        async with serve(emulator_settings) as emulator:
            running.append(emulator)
            started.set()
            await over.wait()

    task = asyncio.ensure_future(hold())
    await started.wait()
    yield running[0]
    over.set()
    await task


@pytest.fixture
async def client(emulator: Emulator) -> AsyncIterator[TelnyxClient]:
    """Return a client of it."""
    async with TelnyxClient("KEYtest", base_url=emulator.api_base) as client:
        yield client
