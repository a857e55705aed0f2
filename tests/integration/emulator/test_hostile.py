"""Nothing that is asked of it brings the emulator down, or leaves it with what cannot be."""

from __future__ import annotations

import aiohttp
import pytest

from tests.integration.conftest import Receiver
from tests.integration.emulator.conftest import answered, refused, told
from worker.telnyx.calls.bridging import BridgeBody
from worker.telnyx.calls.dialling import DialBody
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences.bodies import CreateBody, JoinBody, LeaveBody
from worker.telnyx.conferences.media import GatherUsingAudioBody
from worker.testing.emulator.server import Emulator
from worker.testing.emulator.settings import EmulatorSettings

CONNECTION = "1494404757140276705"


@pytest.mark.parametrize(
    "url", [f"http://{'a' * 70}.com/", "http://127.0.0.1:0/", "ftp://a.b/", "http://", "nonsense", "http://[::1", "/x"]
)
async def test_a_webhook_url_that_cannot_be_posted_to_is_refused(still: Emulator, line: TelnyxClient, url: str) -> None:
    body = DialBody(to="sip:a@b.c", from_="+1", connection_id=CONNECTION, webhook_url=url)
    with refused(422, "10015", "/webhook_url"):
        await line.calls.dial(body)
    assert still.world.legs == {}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("traffic", b'{"to":"x","per_minute":1e300}'),
        ("clock", b'{"advance_secs":1e308}'),
        ("calls", b'{"to":"\xff"}'),
        ("calls", b"[" * 100_000),
        ("calls", b'{"to":"x","patience_secs":-1}'),
    ],
)
async def test_what_makes_no_sense_to_the_control_endpoints_is_a_400(still: Emulator, path: str, body: bytes) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{still.base}/emulator/{path}", data=body) as response,
    ):
        assert response.status == 400
    async with aiohttp.ClientSession() as http, http.get(f"{still.base}/emulator/books") as response:
        assert response.status == 200


@pytest.mark.parametrize("still_settings", [["queues list"]], indirect=True)
async def test_what_the_account_may_not_do_is_forbidden(still: Emulator, line: TelnyxClient) -> None:
    with refused(403, "10010"):
        _ = [queue async for queue in line.queues.list()]
    assert [conference async for conference in line.conferences.list()] == []


@pytest.fixture
def still_settings(receiver: Receiver, request: pytest.FixtureRequest) -> EmulatorSettings:
    """Return an emulator whose time stands, and whose account may not do what the test names."""
    forbidden = getattr(request, "param", [])
    return EmulatorSettings(webhook_url=receiver.url, api_key="KEYtest", speed=0, seed=0, forbidden=forbidden)


async def test_a_wait_of_four_hundred_digits_is_as_good_as_for_ever(still: Emulator) -> None:
    leg = answered(still)
    body = b'{"queue_name":"q","max_wait_time_secs":1' + b"0" * 15 + b"}"
    async with (
        aiohttp.ClientSession(headers={"Authorization": "Bearer KEYtest"}) as http,
        http.post(f"{still.api_base}/calls/{leg.id}/actions/enqueue", data=body) as response,
    ):
        assert response.status == 200
    assert leg.queue == "q"


async def test_bridging_two_of_a_conference_bridges_nobody_who_was_hung_up_by_it(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    host, guest = answered(still, "+15550101"), answered(still, "+15550102")
    room = await line.conferences.create(CreateBody(call_control_id=guest.id, name="room"))
    await line.conferences.join(room.id, JoinBody(call_control_id=host.id, end_conference_on_exit=True))
    await line.calls.bridge(host.id, BridgeBody(call_control_id=guest.id))
    assert (host.alive, guest.alive, host.peer, guest.peer) == (True, False, None, None)
    assert await told(still, receiver, "call.bridged") == []


async def test_digits_are_asked_in_a_conference_no_longer_than_the_leg_is_in_it(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg, other = answered(still, "+15550101"), answered(still, "+15550102")
    room = await line.conferences.create(CreateBody(call_control_id=leg.id, name="room"))
    await line.conferences.join(room.id, JoinBody(call_control_id=other.id))
    body = GatherUsingAudioBody(call_control_id=leg.id, audio_url="https://example.com/a.mp3")
    await line.conferences.gather_using_audio(room.id, body)
    await line.conferences.leave(room.id, LeaveBody(call_control_id=leg.id))
    (ended,) = await told(still, receiver, "call.gather.ended")
    assert ended["status"] == "cancelled"
    heard = len(await told(still, receiver, "conference.participant.playback.started"))
    still.clock.advance(200)
    assert len(await told(still, receiver, "conference.participant.playback.started")) == heard == 1
