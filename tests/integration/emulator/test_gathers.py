"""Digits that are asked for: what counts, when it ends, and what is told of it."""

from __future__ import annotations

import base64

import aiohttp
import pytest

from tests.integration.conftest import Receiver
from tests.integration.emulator.conftest import answered, refused, ringing, told
from worker.telnyx.calls.gathering import GatherBody, GatherStopBody, GatherUsingAudioBody, GatherUsingSpeakBody
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences.bodies import CreateBody
from worker.telnyx.conferences.media import GatherUsingAudioBody as ConferenceGatherBody
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator

AUDIO, WRONG = "https://example.com/menu.mp3", "https://example.com/wrong.mp3"
VOICE = "AWS.Polly.Joanna"
STATE = base64.b64encode(b"menu").decode()


async def press(emulator: Emulator, leg: Leg, digits: str) -> int:
    """Press digits as anybody would who uses the emulator."""
    url = f"{emulator.base}/emulator/legs/{leg.id}/dtmf"
    async with aiohttp.ClientSession() as http, http.post(url, json={"digits": digits}) as response:
        return response.status


async def result(emulator: Emulator, receiver: Receiver) -> tuple[object, object]:
    (ended,) = await told(emulator, receiver, "call.gather.ended")
    return ended["status"], ended["digits"]


@pytest.mark.parametrize(
    ("body", "pressed", "expected"),
    [
        (GatherBody(maximum_digits=3), "123", ("valid", "123")),
        (GatherBody(), "12#", ("valid", "12")),
        (GatherBody(terminating_digit="*"), "1#*", ("valid", "1#")),
        (GatherBody(minimum_digits=3), "12#", ("invalid", "12")),
        (GatherBody(), "#", ("invalid", "")),
        (GatherBody(valid_digits="12", maximum_digits=2), "9192", ("valid", "12")),
    ],
)
async def test_digits_are_gathered(
    still: Emulator,
    line: TelnyxClient,
    receiver: Receiver,
    body: GatherBody,
    pressed: str,
    expected: tuple[str, str],
) -> None:
    leg = answered(still)
    await line.calls.gather(leg.id, body)
    assert await press(still, leg, pressed) == 200
    assert await result(still, receiver) == expected


async def test_every_digit_is_told_whether_it_is_asked_for_or_not(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = answered(still)
    await press(still, leg, "1*A")
    assert sorted(str(payload["digit"]) for payload in await told(still, receiver, "call.dtmf.received")) == [
        "*",
        "1",
        "A",
    ]
    assert await press(still, ringing(still), "1") == 409
    await line.calls.hangup(leg.id)
    assert await press(still, leg, "1") == 409


async def test_nobody_waits_longer_than_was_said_for_the_first_digit(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = answered(still)
    await line.calls.gather(leg.id, GatherBody(initial_timeout_millis=8000))
    still.clock.advance(7.9)
    assert await told(still, receiver, "call.gather.ended") == []
    still.clock.advance(0.1)
    assert await result(still, receiver) == ("timeout", "")


async def test_a_pause_between_digits_ends_the_input(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    leg = answered(still)
    await line.calls.gather(leg.id, GatherBody(inter_digit_timeout_millis=2000))
    for digit in "12":
        await press(still, leg, digit)
        still.clock.advance(1.9)
    assert await told(still, receiver, "call.gather.ended") == []
    still.clock.advance(0.1)
    assert await result(still, receiver) == ("valid", "12")


async def test_the_whole_input_has_a_limit(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    leg = answered(still)
    await line.calls.gather(leg.id, GatherBody(timeout_millis=10_000))
    for _ in range(3):
        still.clock.advance(3)
        await press(still, leg, "1")
    still.clock.advance(0.9)
    assert await told(still, receiver, "call.gather.ended") == []
    still.clock.advance(0.1)
    assert await result(still, receiver) == ("valid", "111")


async def test_a_gathers_result_bears_its_id_and_the_state_of_its_command(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = answered(still)
    await line.calls.gather(leg.id, GatherBody(gather_id="menu-1", client_state=STATE))
    await line.calls.gather_stop(leg.id, GatherStopBody(client_state=base64.b64encode(b"later").decode()))
    (ended,) = await told(still, receiver, "call.gather.ended")
    assert (ended["gather_id"], ended["client_state"], ended["status"]) == ("menu-1", STATE, "cancelled")


async def test_a_second_gather_ends_the_first(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    leg = answered(still)
    await line.calls.gather(leg.id, GatherBody(gather_id="first"))
    await press(still, leg, "1")
    await line.calls.gather(leg.id, GatherBody(gather_id="second", maximum_digits=1))
    await press(still, leg, "2")
    ended = {payload["gather_id"]: payload for payload in await told(still, receiver, "call.gather.ended")}
    assert (ended["first"]["status"], ended["first"]["digits"]) == ("cancelled", "1")
    assert (ended["second"]["status"], ended["second"]["digits"]) == ("valid", "2")


async def test_a_hangup_ends_a_gather(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    leg = answered(still)
    await line.calls.gather(leg.id)
    await press(still, leg, "12")
    await line.calls.hangup(leg.id)
    assert await result(still, receiver) == ("call_hangup", "12")
    still.clock.advance(600)
    assert len(await told(still, receiver, "call.gather.ended")) == 1


async def test_audio_asks_until_the_first_digit(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    leg = answered(still)
    await line.calls.gather_using_audio(leg.id, GatherUsingAudioBody(audio_url=AUDIO, maximum_digits=2))
    still.clock.advance(0.5)
    await press(still, leg, "1")
    (heard,) = await told(still, receiver, "call.playback.ended")
    assert (heard["status"], heard["media_url"]) == ("cancelled", AUDIO)
    await press(still, leg, "2")
    assert await result(still, receiver) == ("valid", "12")


async def test_who_says_nothing_is_asked_as_often_as_was_said(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = answered(still)
    body = GatherUsingAudioBody(audio_url=AUDIO, maximum_tries=2, timeout_millis=3000)
    await line.calls.gather_using_audio(leg.id, body)
    # Each try: a second of audio, and three of waiting.
    still.clock.advance(7.9)
    assert len(await told(still, receiver, "call.playback.started")) == 2
    assert await told(still, receiver, "call.gather.ended") == []
    still.clock.advance(0.1)
    assert await result(still, receiver) == ("timeout", "")


async def test_who_says_something_wrong_is_told_so_and_asked_again(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = answered(still)
    body = GatherUsingAudioBody(
        audio_url=AUDIO, invalid_audio_url=WRONG, valid_digits="12", maximum_digits=1, maximum_tries=2
    )
    await line.calls.gather_using_audio(leg.id, body)
    still.clock.advance(1.5)
    await press(still, leg, "9")
    still.clock.advance(1)
    started = [payload["media_url"] for payload in await told(still, receiver, "call.playback.started")]
    assert sorted(map(str, started)) == sorted([AUDIO, WRONG, AUDIO])
    await press(still, leg, "9")
    assert await result(still, receiver) == ("invalid", "")


async def test_a_voice_asks_for_digits(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    leg = answered(still)
    body = GatherUsingSpeakBody(payload="x" * 40, voice=VOICE, minimum_digits=2, maximum_tries=2, timeout_millis=3000)
    await line.calls.gather_using_speak(leg.id, body)
    still.clock.advance(3.9)
    await press(still, leg, "1#")
    # A second of speech again, and three of waiting.
    still.clock.advance(3.9)
    await press(still, leg, "12#")
    assert await result(still, receiver) == ("valid", "12")
    assert {str(kind) for kind in receiver.types()} == {
        "call.initiated",
        "call.answered",
        "call.dtmf.received",
        "call.gather.ended",
    }


async def test_stopping_a_gather_stops_its_prompt(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    leg = answered(still)
    await line.calls.gather_using_audio(leg.id, GatherUsingAudioBody(audio_url=AUDIO))
    await line.calls.gather_stop(leg.id)
    assert (await told(still, receiver, "call.playback.ended"))[0]["status"] == "cancelled"
    assert (await result(still, receiver))[0] == "cancelled"


async def test_what_nobody_could_press_is_refused(still: Emulator, line: TelnyxClient) -> None:
    leg = answered(still)
    with refused(422, "10015", "/minimum_digits"):
        await line.calls.gather(leg.id, GatherBody(minimum_digits=4, maximum_digits=3))
    with refused(422, "90034"):
        await line.calls.gather(ringing(still).id)


@pytest.mark.parametrize(("stops", "told_at_once"), [(None, 1), (True, 1), (False, 0)])
async def test_a_participant_of_a_conference_is_asked(
    still: Emulator, line: TelnyxClient, receiver: Receiver, stops: bool | None, told_at_once: int
) -> None:
    leg = answered(still)
    room = await line.conferences.create(CreateBody(call_control_id=leg.id, name="room"))
    body = ConferenceGatherBody(
        call_control_id=leg.id, audio_url=AUDIO, maximum_digits=2, stop_playback_on_dtmf=stops, gather_id="menu-1"
    )
    await line.conferences.gather_using_audio(room.id, body)
    assert len(await told(still, receiver, "conference.participant.playback.started")) == 1
    await press(still, leg, "1")
    assert len(await told(still, receiver, "conference.participant.playback.ended")) == told_at_once
    await press(still, leg, "2")
    (ended,) = await told(still, receiver, "call.gather.ended")
    assert (ended["status"], ended["digits"], ended["gather_id"]) == ("valid", "12", "menu-1")
