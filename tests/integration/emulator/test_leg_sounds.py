"""What one leg hears: one sound after the other, over another, again and again, and until when."""

from __future__ import annotations

import base64

import pytest

from tests.integration.conftest import Receiver
from tests.integration.emulator.conftest import answered, refused, ringing, told
from worker.telnyx.calls.answering import ClientStateUpdateBody
from worker.telnyx.calls.media import PlaybackStartBody, PlaybackStopBody, SpeakBody
from worker.telnyx.client import TelnyxClient
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator
from worker.testing.emulator.settings import EmulatorSettings, Unconfirmed

VOICE = "AWS.Polly.Joanna"
MUSIC, JINGLE, MISSING = (f"https://example.com/{name}.mp3" for name in ("music", "jingle", "missing"))
STATE, LATER = (base64.b64encode(text).decode() for text in (b"state", b"later"))


@pytest.fixture
def still_settings(receiver: Receiver, unsaid: Unconfirmed) -> EmulatorSettings:
    return EmulatorSettings(
        webhook_url=receiver.url, api_key="KEYtest", speed=0, unconfirmed=unsaid, missing_audio=[MISSING]
    )


async def play(line: TelnyxClient, leg: Leg, url: str = MUSIC, **fields: object) -> None:
    await line.calls.playback_start(leg.id, PlaybackStartBody(audio_url=url, **fields))  # type: ignore[arg-type]


async def speak(line: TelnyxClient, leg: Leg, **fields: object) -> None:
    """Speak for a second."""
    await line.calls.speak(leg.id, SpeakBody(payload="x" * 40, voice=VOICE, **fields))  # type: ignore[arg-type]


async def ends(emulator: Emulator, receiver: Receiver) -> dict[object, object]:
    """Return what was played, and how it ended."""
    ended = await told(emulator, receiver, "call.playback.ended")
    return {payload["media_url"]: payload["status"] for payload in ended}


async def test_sounds_are_heard_one_after_the_other(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    leg = answered(still)
    await speak(line, leg)
    await play(line, leg)
    assert len(await told(still, receiver, "call.speak.started")) == 1
    assert await told(still, receiver, "call.playback.started") == []
    still.clock.advance(1)
    assert (await told(still, receiver, "call.speak.ended"))[0]["status"] == "completed"
    (started,) = await told(still, receiver, "call.playback.started")
    assert (started["media_url"], started["overlay"]) == (MUSIC, False)
    still.clock.advance(1)
    assert await ends(still, receiver) == {MUSIC: "completed"}


async def test_stopping_the_current_sound_lets_the_next_be_heard(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = answered(still)
    await play(line, leg)
    await play(line, leg, JINGLE)
    await line.calls.playback_stop(leg.id, PlaybackStopBody(stop="current"))
    assert await ends(still, receiver) == {MUSIC: "cancelled"}
    assert len(await told(still, receiver, "call.playback.started")) == 2


@pytest.mark.parametrize("body", [None, PlaybackStopBody(stop="all")])
async def test_stopping_all_sounds_leaves_silence(
    still: Emulator, line: TelnyxClient, receiver: Receiver, body: PlaybackStopBody | None
) -> None:
    leg = answered(still)
    await play(line, leg)
    await play(line, leg, JINGLE)
    await line.calls.playback_stop(leg.id, body)
    still.clock.advance(10)
    assert await ends(still, receiver) == {MUSIC: "cancelled"}
    assert len(await told(still, receiver, "call.playback.started")) == 1


@pytest.mark.parametrize(("stop", "left"), [("current", [JINGLE]), ("all", [])])
async def test_a_sound_may_stop_what_is_heard_before_it(
    still: Emulator, line: TelnyxClient, receiver: Receiver, stop: str, left: list[str]
) -> None:
    leg = answered(still)
    await play(line, leg)
    await play(line, leg, JINGLE)
    await speak(line, leg, stop=stop)
    still.clock.advance(5)
    assert await ends(still, receiver) == {MUSIC: "cancelled", **dict.fromkeys(left, "completed")}
    assert (await told(still, receiver, "call.speak.ended"))[0]["status"] == "completed"


@pytest.mark.parametrize("unsaid", [Unconfirmed(), Unconfirmed(stopped_speech="cancelled")])
async def test_speech_that_is_stopped_ends_as_was_set(
    still: Emulator, line: TelnyxClient, receiver: Receiver, unsaid: Unconfirmed
) -> None:
    leg = answered(still)
    await speak(line, leg)
    await line.calls.playback_stop(leg.id)
    assert (await told(still, receiver, "call.speak.ended"))[0]["status"] == unsaid.stopped_speech


async def test_an_overlay_is_heard_over_what_plays_and_ends_by_itself(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = answered(still)
    with refused(422, "10015", "/overlay"):
        await play(line, leg, JINGLE, overlay=True)
    await play(line, leg, loop="infinity")
    await play(line, leg, JINGLE, overlay=True)
    started = {
        payload["media_url"]: payload["overlay"] for payload in await told(still, receiver, "call.playback.started")
    }
    assert started == {MUSIC: False, JINGLE: True}
    still.clock.advance(1)
    assert await ends(still, receiver) == {JINGLE: "completed"}


async def test_an_overlay_is_stopped_alone(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    leg = answered(still)
    await play(line, leg)
    await play(line, leg, JINGLE, overlay=True)
    await line.calls.playback_stop(leg.id, PlaybackStopBody(overlay=True))
    assert await ends(still, receiver) == {JINGLE: "cancelled"}
    still.clock.advance(1)
    assert await ends(still, receiver) == {JINGLE: "cancelled", MUSIC: "completed"}


@pytest.mark.parametrize("loop", [3, "3"])
async def test_a_sound_is_repeated(still: Emulator, line: TelnyxClient, receiver: Receiver, loop: int | str) -> None:
    await play(line, answered(still), loop=loop)
    still.clock.advance(2.9)
    assert await ends(still, receiver) == {}
    still.clock.advance(0.1)
    assert await ends(still, receiver) == {MUSIC: "completed"}


async def test_a_sound_without_end_ends_when_it_is_stopped(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = answered(still)
    await play(line, leg, loop="infinity")
    still.clock.advance(3600)
    assert await ends(still, receiver) == {}
    await line.calls.playback_stop(leg.id)
    assert await ends(still, receiver) == {MUSIC: "cancelled"}


@pytest.mark.parametrize("loop", [0, 101, "for ever", "-1"])
async def test_a_sound_is_not_repeated_otherwise(still: Emulator, line: TelnyxClient, loop: int | str) -> None:
    leg = answered(still)
    with pytest.raises(Exception, match="/loop"):
        await play(line, leg, loop=loop)
    with pytest.raises(Exception, match="/loop"):
        await speak(line, leg, loop=loop)


async def test_audio_that_is_not_there_ends_at_once_and_the_next_is_heard(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = answered(still)
    await play(line, leg, MISSING)
    await play(line, leg)
    still.clock.advance(1)
    assert await ends(still, receiver) == {MISSING: "file_not_found", MUSIC: "completed"}


async def test_audio_that_is_sent_along_has_no_name(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    await line.calls.playback_start(answered(still).id, PlaybackStartBody(playback_content="AAAA"))
    (started,) = await told(still, receiver, "call.playback.started")
    assert "media_url" not in started
    assert "media_name" not in started


async def test_the_end_of_a_sound_bears_the_state_of_its_command(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = answered(still)
    await speak(line, leg, client_state=STATE)
    await line.calls.client_state_update(leg.id, ClientStateUpdateBody(client_state=LATER))
    still.clock.advance(1)
    assert (await told(still, receiver, "call.speak.ended"))[0]["client_state"] == STATE
    await line.calls.hangup(leg.id)
    assert (await told(still, receiver, "call.hangup"))[0]["client_state"] == LATER


async def test_a_hangup_ends_every_sound(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    leg = answered(still)
    await play(line, leg)
    await play(line, leg, JINGLE, overlay=True)
    await speak(line, leg)
    await line.calls.hangup(leg.id)
    assert await ends(still, receiver) == {MUSIC: "call_hangup", JINGLE: "call_hangup"}
    # It never began.
    assert await told(still, receiver, "call.speak.ended") == []
    with refused(422, "90018"):
        await play(line, leg)


async def test_who_is_not_answered_hears_nothing(still: Emulator, line: TelnyxClient) -> None:
    with refused(422, "90034"):
        await speak(line, ringing(still))
