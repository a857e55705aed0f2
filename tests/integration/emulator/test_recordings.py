"""Recordings of legs and conferences begin, pause, end and are saved, each told with the documented fields."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Receiver
from tests.integration.emulator.conftest import answered, refused, ringing, told
from worker.telnyx.calls import recording as call
from worker.telnyx.calls.answering import AnswerBody
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences import recording as conference
from worker.telnyx.conferences.bodies import CreateBody
from worker.testing.emulator.recordings import Recording
from worker.testing.emulator.server import Emulator
from worker.testing.emulator.settings import Unconfirmed

SAVED_FIELDS = {
    "call_session_id", "channels", "client_state", "connection_id", "recording_ended_at", "recording_started_at",
    "recording_urls",
}  # fmt: skip
LEG_SAVED_FIELDS = SAVED_FIELDS | {"call_leg_id"}
ROOM_SAVED_FIELDS = SAVED_FIELDS | {"call_control_id", "conference_id", "format", "recording_id"}
TRANSCRIPTION_FIELDS = {
    "call_control_id", "call_leg_id", "call_session_id", "calling_party_type", "client_state", "connection_id",
    "recording_id", "recording_transcription_id", "status", "transcription_text",
}  # fmt: skip
MP3 = call.RecordStartBody(channels="single", format="mp3")


async def create(still: Emulator, line: TelnyxClient) -> str:
    leg = answered(still)
    return (await line.conferences.create(CreateBody(call_control_id=leg.id, name="room", client_state="cm9vbQ=="))).id


def taken(still: Emulator) -> list[Recording]:
    return still.telephony.recordings.all


@pytest.mark.parametrize("unsaid", [Unconfirmed(recording_ids=True), Unconfirmed(recording_ids=False)])
async def test_a_leg_is_recorded_until_it_is_stopped(
    still: Emulator, line: TelnyxClient, receiver: Receiver, unsaid: Unconfirmed
) -> None:
    leg = answered(still)
    start = call.RecordStartBody(channels="dual", format="wav", client_state="cmVj")
    assert (await line.calls.record_start(leg.id, start)).result == "ok"
    still.clock.advance(5)
    await line.calls.record_stop(leg.id)
    assert await told(still, receiver, "call.recording.saved") == []
    still.clock.advance(1)
    (saved,) = await told(still, receiver, "call.recording.saved")
    assert set(saved) == LEG_SAVED_FIELDS | ({"call_control_id", "recording_id"} if unsaid.recording_ids else set())
    assert (saved["channels"], saved["client_state"], saved["call_leg_id"]) == ("dual", "cmVj", leg.leg_id)
    assert list(saved["recording_urls"]) == ["wav"]  # type: ignore[call-overload]
    assert str(saved["recording_started_at"]) < str(saved["recording_ended_at"])


async def test_a_hangup_ends_a_recording(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    leg = answered(still)
    await line.calls.record_start(leg.id, MP3)
    still.world.hangup(leg, cause="normal_clearing", source="caller")
    still.clock.advance(1)
    assert len(await told(still, receiver, "call.recording.saved")) == 1
    with refused(422, "90018"):
        await line.calls.record_start(leg.id, MP3)


async def test_the_longest_time_ends_a_recording(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    leg = answered(still)
    await line.calls.record_start(leg.id, call.RecordStartBody(channels="single", format="mp3", max_length=30))
    still.clock.advance(29.9)
    assert taken(still)[0].ended_at is None
    still.clock.advance(1)
    (saved,) = await told(still, receiver, "call.recording.saved")
    assert saved["recording_ended_at"] == taken(still)[0].ended_at
    assert leg.alive


async def test_a_recording_is_transcribed_if_that_is_asked_for(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = answered(still)
    await line.calls.record_start(leg.id, MP3)
    await line.calls.record_start(leg.id, call.RecordStartBody(channels="single", format="mp3", transcription=True))
    await line.calls.record_stop(leg.id)
    still.clock.advance(1)
    (transcribed,) = await told(still, receiver, "call.recording.transcription.saved")
    assert set(transcribed) == TRANSCRIPTION_FIELDS
    assert (transcribed["status"], transcribed["recording_id"]) == ("completed", taken(still)[1].id)


async def test_one_track_has_one_channel(still: Emulator, line: TelnyxClient) -> None:
    body = call.RecordStartBody(channels="dual", format="mp3", recording_track="inbound")
    await line.calls.record_start(answered(still).id, body)
    assert taken(still)[0].channels == "single"


async def test_a_leg_has_several_recordings_and_each_has_a_name(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = answered(still)
    await line.calls.record_start(leg.id, MP3)
    await line.calls.record_start(leg.id, MP3)
    first, second = taken(still)
    await line.calls.record_pause(leg.id, call.RecordPauseBody(recording_id=first.id))
    assert (first.paused, second.paused) == (True, False)
    await line.calls.record_pause(leg.id)
    await line.calls.record_resume(leg.id, call.RecordResumeBody(recording_id=first.id))
    assert (first.paused, second.paused) == (False, True)
    await line.calls.record_stop(leg.id, call.RecordStopBody(recording_id=second.id))
    with refused(404, "10005", "/recording_id"):
        await line.calls.record_resume(leg.id, call.RecordResumeBody(recording_id=second.id))
    still.clock.advance(1)
    assert [each["recording_id"] for each in await told(still, receiver, "call.recording.saved")] == [second.id]
    assert first.ended_at is None


async def test_an_answer_that_records_tells_the_recordings_name(still: Emulator, line: TelnyxClient) -> None:
    leg = ringing(still)
    given = await line.calls.answer(leg.id, AnswerBody(record="record-from-answer", record_format="wav"))
    (recording,) = taken(still)
    assert (given.recording_id, recording.format, recording.channels) == (recording.id, "wav", "dual")


async def test_who_was_not_answered_is_not_recorded(still: Emulator, line: TelnyxClient) -> None:
    with refused(422, "90034"):
        await line.calls.record_start(ringing(still).id, MP3)


async def test_a_conference_is_recorded_until_it_is_stopped(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    room = await create(still, line)
    assert (await line.conferences.record_start("room", conference.RecordStartBody(format="mp3"))).result == "ok"
    still.clock.advance(5)
    await line.conferences.record_stop("room")
    still.clock.advance(1)
    (saved,) = await told(still, receiver, "conference.recording.saved")
    assert set(saved) == ROOM_SAVED_FIELDS
    assert (saved["conference_id"], saved["channels"], saved["format"]) == (room, "single", "mp3")
    assert (saved["client_state"], saved["recording_id"]) == ("cm9vbQ==", taken(still)[0].id)
    (body,) = [each for each in receiver.bodies if each["data"]["event_type"] == "conference.recording.saved"]
    assert set(body["data"]) == {"record_type", "event_type", "id", "payload"}


async def test_a_conference_has_several_recordings_and_each_is_paused_and_stopped_by_its_name(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    room = await create(still, line)
    await line.conferences.record_start(room, conference.RecordStartBody(format="mp3"))
    await line.conferences.record_start(room, conference.RecordStartBody(format="wav", channels="dual"))
    first, second = taken(still)
    await line.conferences.record_pause(room)
    await line.conferences.record_resume(room, conference.RecordResumeBody(recording_id=second.id))
    assert (first.paused, second.paused) == (True, False)
    await line.conferences.record_stop(room, conference.RecordStopBody(recording_id=first.id))
    with refused(404, "10005", "/recording_id"):
        await line.conferences.record_pause(room, conference.RecordPauseBody(recording_id=first.id))
    await line.conferences.record_stop(room)
    still.clock.advance(1)
    saved = await told(still, receiver, "conference.recording.saved")
    assert {(each["recording_id"], each["format"], each["channels"]) for each in saved} == {
        (first.id, "mp3", "single"), (second.id, "wav", "dual"),
    }  # fmt: skip


async def test_a_recording_ends_with_its_conference(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    room = await create(still, line)
    await line.conferences.record_start(room, conference.RecordStartBody(format="mp3"))
    await line.conferences.end(room)
    still.clock.advance(1)
    (saved,) = await told(still, receiver, "conference.recording.saved")
    assert saved["recording_ended_at"] == (await line.conferences.retrieve(room)).updated_at
    with refused(422, "90019"):
        await line.conferences.record_stop(room)
    with refused(404, "90058"):
        await line.conferences.record_start("room", conference.RecordStartBody(format="mp3"))
