"""How much an account may ask for, and what it is told of that."""

from __future__ import annotations

import aiohttp
import pytest
from msgspec.structs import replace

from tests.integration.emulator.conftest import NUMBER, refused
from worker.telnyx.calls.dialling import DialBody
from worker.telnyx.client import TelnyxClient
from worker.telnyx.errors import RateLimitedError
from worker.testing.emulator.faults import Fault
from worker.testing.emulator.server import Emulator
from worker.testing.emulator.settings import EmulatorSettings, Unconfirmed

LIMIT, WINDOW_SECS = 3, 10
HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "Retry-After")


@pytest.fixture
def rate_limit() -> int:
    return LIMIT


@pytest.fixture
def still_settings(still_settings: EmulatorSettings, rate_limit: int) -> EmulatorSettings:
    return replace(still_settings, rate_limit=rate_limit, rate_window_secs=WINDOW_SECS, dials_per_sec=1)


async def ask(emulator: Emulator, key: str = "KEYtest") -> tuple[int, list[str | None]]:
    """Return the status of a request, and what its headers say of the limit."""
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as http,
        http.get(f"{emulator.api_base}/queues") as response,
    ):
        return response.status, [response.headers.get(name) for name in HEADERS]


async def test_every_answer_says_what_is_left_and_for_how_long(still: Emulator) -> None:
    assert await ask(still) == (200, ["3", "2", "10", None])
    still.clock.advance(3.5)
    assert await ask(still) == (200, ["3", "1", "7", None])


@pytest.mark.parametrize(("unsaid", "retry_after"), [(Unconfirmed(), "6"), (Unconfirmed(retry_after=False), None)])
async def test_who_asks_too_much_is_told_when_to_come_again(still: Emulator, retry_after: str | None) -> None:
    for _ in range(LIMIT):
        assert (await ask(still))[0] == 200
    still.clock.advance(4.5)
    assert await ask(still) == (429, ["3", "0", "6", retry_after])
    still.clock.advance(5.5)
    assert await ask(still) == (200, ["3", "2", "10", None])


async def test_our_client_reads_it(still: Emulator) -> None:
    async with TelnyxClient("KEYtest", base_url=still.api_base) as line:
        still.api.faults.add(Fault("queues list", "refuse", status=429, code="10011"))
        with pytest.raises(RateLimitedError) as caught:
            _ = [each async for each in line.queues.list()]
    assert (caught.value.code, caught.value.retry_after_secs) == ("10011", 1.0)


async def test_a_wrong_key_costs_nothing(still: Emulator) -> None:
    assert (await ask(still, "KEYwrong"))[0] == 401
    assert (await ask(still))[1][1] == "2"


@pytest.mark.parametrize("rate_limit", [0])
async def test_dials_are_counted_over_five_seconds(still: Emulator) -> None:
    body = DialBody(connection_id=still.world.settings.connection_id, from_=NUMBER, to="sip:alice@sip.telnyx.com")
    async with TelnyxClient("KEYtest", base_url=still.api_base, dials_per_sec=1000) as line:
        for _ in range(5):
            await line.calls.dial(body)
            still.clock.advance(0.5)
        with refused(429, "90103"):
            await line.calls.dial(body)
        still.clock.advance(2.4)
        with refused(429, "90103"):
            await line.calls.dial(body)
        still.clock.advance(0.1)
        await line.calls.dial(body)
        with refused(429, "90103"):
            await line.calls.dial(body)
    assert len(still.world.legs) == 6
