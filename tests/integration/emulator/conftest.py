"""An emulator whose time stands until it is moved on, who is on its phones, and what it has told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import anyio
import pytest

from tests.integration.conftest import Receiver
from worker.telnyx.client import TelnyxClient
from worker.telnyx.errors import ApiError
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator, serve
from worker.testing.emulator.settings import EmulatorSettings, Unconfirmed

CALLER, NUMBER = "+15550100", "+13125550131"


@pytest.fixture
def unsaid() -> Unconfirmed:
    """Return what Telnyx does where it does not say; tests name other settings by `parametrize`."""
    return Unconfirmed()


@pytest.fixture
def still_settings(receiver: Receiver, unsaid: Unconfirmed) -> EmulatorSettings:
    """Return an emulator whose time stands; a text of forty characters lasts a second, and so does audio."""
    return EmulatorSettings(webhook_url=receiver.url, api_key="KEYtest", speed=0, seed=1, unconfirmed=unsaid)


@pytest.fixture
async def still(still_settings: EmulatorSettings) -> AsyncIterator[Emulator]:
    """Return it running. Entered and left in one task of its own, as a cancel scope must be."""
    running: asyncio.Future[Emulator] = asyncio.get_running_loop().create_future()
    over = anyio.Event()

    async def hold() -> None:
        async with serve(still_settings) as emulator:
            running.set_result(emulator)
            await over.wait()

    task = asyncio.ensure_future(hold())
    yield await running
    over.set()
    await task


@pytest.fixture
async def line(still: Emulator) -> AsyncIterator[TelnyxClient]:
    """Return our client of it."""
    async with TelnyxClient("KEYtest", base_url=still.api_base) as client:
        yield client


def ringing(emulator: Emulator, from_: str = CALLER) -> Leg:
    """Return the leg of a caller who rings."""
    return emulator.world.ring(from_, NUMBER)


def answered(emulator: Emulator, from_: str = CALLER) -> Leg:
    """Return the leg of a caller who was answered."""
    leg = ringing(emulator, from_)
    emulator.world.answer(leg)
    return leg


async def told(emulator: Emulator, receiver: Receiver, event_type: str) -> list[dict[str, object]]:
    """Return the payloads of all webhooks of a type so far."""
    with anyio.fail_after(10):
        await emulator.delivery.settle()
    bodies = [body.get("data", body) for body in receiver.bodies]
    return [body["payload"] for body in bodies if body["event_type"] == event_type]  # type: ignore[misc]


@contextmanager
def refused(status: int, code: str, pointer: str | None = None) -> Iterator[None]:
    """Expect of a block that Telnyx refuses it so."""
    with pytest.raises(ApiError) as caught:
        yield
    error = caught.value
    assert (error.status, error.code) == (status, code), str(error)
    if pointer is not None:
        assert error.pointer == pointer
