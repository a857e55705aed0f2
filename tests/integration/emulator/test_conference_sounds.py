"""What a conference, or some in it, hear begins, follows, repeats and ends, and is told with the documented fields."""

from __future__ import annotations

import msgspec
import pytest

from tests.integration.conftest import Receiver
from tests.integration.emulator.conftest import answered, refused, told
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences.bodies import CreateBody, JoinBody, LeaveBody
from worker.telnyx.conferences.media import PlayBody, SendDtmfBody, SpeakBody, StopBody
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator
from worker.testing.emulator.settings import EmulatorSettings

ROOM_FIELDS = {"conference_id", "connection_id", "creator_call_session_id", "occurred_at"}
EAR_FIELDS = ROOM_FIELDS | {"call_control_id", "call_leg_id", "call_session_id", "client_state"}
AUDIO, GONE = "https://example.com/a.mp3", "https://example.com/gone.mp3"
TWO_SECS = "x" * 80


@pytest.fixture
def still_settings(still_settings: EmulatorSettings) -> EmulatorSettings:
    return msgspec.structs.replace(still_settings, missing_audio=[GONE])


class Room:
    """A conference of two, and what was told of it."""

    def __init__(self, still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
        self.still = still
        self.line = line
        self._receiver = receiver
        self.creator, self.guest = answered(still), answered(still)
        self.id = ""

    async def told(self, what: str) -> list[dict[str, object]]:
        return await told(self.still, self._receiver, what)

    async def count(self, what: str) -> tuple[int, int]:
        """Return how often something has begun, and ended."""
        return len(await self.told(f"{what}.started")), len(await self.told(f"{what}.ended"))

    async def plays(self, *legs: Leg, **fields: object) -> None:
        body = PlayBody(call_control_ids=[leg.id for leg in legs] or None, **fields)  # type: ignore[arg-type]
        await self.line.conferences.play(self.id, body)

    async def says(self, text: str, *legs: Leg) -> None:
        ids = [leg.id for leg in legs] or None
        await self.line.conferences.speak(
            self.id, SpeakBody(payload=text, voice="AWS.Polly.Joanna", call_control_ids=ids)
        )

    async def stops(self, *legs: Leg) -> None:
        await self.line.conferences.stop(self.id, StopBody(call_control_ids=[leg.id for leg in legs] or None))


@pytest.fixture
async def room(still: Emulator, line: TelnyxClient, receiver: Receiver) -> Room:
    room = Room(still, line, receiver)
    body = CreateBody(call_control_id=room.creator.id, name="room", client_state="cm9vbQ==")
    room.id = (await line.conferences.create(body)).id
    await line.conferences.join(room.id, JoinBody(call_control_id=room.guest.id, client_state="Z3Vlc3Q="))
    return room


async def test_all_hear_a_text(room: Room) -> None:
    await room.says(TWO_SECS)
    room.still.clock.advance(1.9)
    assert await room.count("conference.speak") == (1, 0)
    room.still.clock.advance(0.1)
    assert await room.count("conference.speak") == (1, 1)
    for (payload,) in (await room.told("conference.speak.started"), await room.told("conference.speak.ended")):
        assert set(payload) == ROOM_FIELDS
        assert payload["conference_id"] == room.id
        assert payload["creator_call_session_id"] == room.creator.session_id
    assert await room.count("conference.participant.speak") == (0, 0)


async def test_some_hear_a_text(room: Room) -> None:
    await room.says(TWO_SECS, room.guest)
    room.still.clock.advance(2)
    assert await room.count("conference.speak") == (0, 0)
    for what in ("started", "ended"):
        (payload,) = await room.told(f"conference.participant.speak.{what}")
        assert set(payload) == EAR_FIELDS
        assert payload["call_control_id"] == room.guest.id
        assert (payload["call_leg_id"], payload["call_session_id"]) == (room.guest.leg_id, room.guest.session_id)
        assert payload["creator_call_session_id"] == room.creator.session_id
        assert payload["client_state"] == "cm9vbQ=="


async def test_all_hear_audio_as_often_as_is_asked(room: Room) -> None:
    await room.plays(audio_url=AUDIO, loop=3)
    room.still.clock.advance(2.9)
    assert await room.count("conference.playback") == (1, 0)
    room.still.clock.advance(0.1)
    (ended,) = await room.told("conference.playback.ended")
    assert (set(ended), ended["media_url"]) == (ROOM_FIELDS | {"media_url"}, AUDIO)


async def test_each_of_those_who_are_named_hears_audio(room: Room) -> None:
    await room.plays(room.creator, room.guest, media_name="hold")
    started = await room.told("conference.participant.playback.started")
    assert {each["call_control_id"] for each in started} == {room.creator.id, room.guest.id}
    assert all(set(each) == EAR_FIELDS | {"media_name"} for each in started)
    room.still.clock.advance(1)
    assert await room.count("conference.participant.playback") == (2, 2)


async def test_endless_audio_ends_when_it_is_stopped(room: Room) -> None:
    await room.plays(audio_url=AUDIO, loop="infinity")
    room.still.clock.advance(10_000)
    assert await room.count("conference.playback") == (1, 0)
    await room.stops()
    assert await room.count("conference.playback") == (1, 1)


async def test_a_stop_for_some_leaves_the_others(room: Room) -> None:
    await room.plays(audio_url=AUDIO, loop="infinity")
    await room.plays(room.creator, room.guest, audio_url=AUDIO, loop="infinity")
    await room.stops(room.guest)
    (ended,) = await room.told("conference.participant.playback.ended")
    assert ended["call_control_id"] == room.guest.id
    assert await room.count("conference.playback") == (1, 0)
    await room.stops()
    assert await room.count("conference.playback") == (1, 1)
    assert await room.count("conference.participant.playback") == (2, 2)


async def test_one_sound_follows_the_other_and_a_stop_ends_both(room: Room) -> None:
    await room.says(TWO_SECS)
    await room.plays(audio_url=AUDIO)
    assert (await room.count("conference.speak"), await room.count("conference.playback")) == ((1, 0), (0, 0))
    room.still.clock.advance(2)
    assert (await room.count("conference.speak"), await room.count("conference.playback")) == ((1, 1), (1, 0))
    await room.says(TWO_SECS)
    await room.stops()
    room.still.clock.advance(100)
    assert (await room.count("conference.speak"), await room.count("conference.playback")) == ((1, 1), (1, 1))


async def test_audio_that_is_not_there_ends_at_once(room: Room) -> None:
    await room.plays(audio_url=GONE, loop="infinity")
    room.still.clock.advance(0)
    assert await room.count("conference.playback") == (1, 1)


async def test_who_leaves_hears_no_more(room: Room) -> None:
    await room.plays(room.creator, room.guest, audio_url=AUDIO, loop="infinity")
    await room.line.conferences.leave(room.id, LeaveBody(call_control_id=room.guest.id))
    (ended,) = await room.told("conference.participant.playback.ended")
    assert ended["call_control_id"] == room.guest.id
    await room.line.conferences.join(room.id, JoinBody(call_control_id=room.guest.id))
    await room.says(TWO_SECS, room.guest)
    assert await room.count("conference.participant.speak") == (1, 0)


async def test_the_conferences_end_ends_what_it_hears(room: Room) -> None:
    await room.plays(audio_url=AUDIO, loop="infinity")
    await room.plays(room.guest, audio_url=AUDIO, loop="infinity")
    await room.line.conferences.end(room.id)
    assert await room.count("conference.playback") == (1, 1)
    assert await room.count("conference.participant.playback") == (1, 1)


async def test_sounds_that_cannot_be_are_refused(room: Room) -> None:
    with refused(422, "10004", "/audio_url"):
        await room.plays()
    with refused(422, "10015", "/media_name"):
        await room.plays(audio_url=AUDIO, media_name="hold")
    with refused(422, "10033", "/loop"):
        await room.plays(audio_url=AUDIO, loop=101)
    with refused(422, "10015", "/loop"):
        await room.plays(audio_url=AUDIO, loop="often")
    with refused(422, "10015", "/payload"):
        await room.says("x" * 3001)
    with refused(422, "10004", "/payload"):
        await room.says("")
    with refused(422, "10015", "/call_control_ids/0"):
        await room.says("Hello", answered(room.still))
    assert await room.count("conference.speak") == await room.count("conference.playback") == (0, 0)


async def test_tones_go_to_all_or_to_some(room: Room) -> None:
    await room.line.conferences.send_dtmf(room.id, SendDtmfBody(digits="1w#"))
    await room.line.conferences.send_dtmf(room.id, SendDtmfBody(digits="2", call_control_ids=[room.guest.id]))
    assert (room.creator.tones, room.guest.tones) == ("1w#", "1w#2")
    with refused(422, "10015", "/digits"):
        await room.line.conferences.send_dtmf(room.id, SendDtmfBody(digits="12x"))
