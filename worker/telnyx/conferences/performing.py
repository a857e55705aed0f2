"""The engine's commands to a conference as requests of its resource."""

from __future__ import annotations

from typing import assert_never

from worker.commands import command as c
from worker.telnyx.conferences.bodies import (
    EndBody,
    HoldBody,
    JoinBody,
    LeaveBody,
    MuteBody,
    UnholdBody,
    UnmuteBody,
    UpdateBody,
    UpdateParticipantBody,
)
from worker.telnyx.conferences.media import GatherUsingAudioBody, PlayBody, SendDtmfBody, SpeakBody, StopBody
from worker.telnyx.conferences.recording import RecordPauseBody, RecordResumeBody, RecordStartBody, RecordStopBody
from worker.telnyx.conferences.resource import Conferences

Change = (
    c.JoinConference | c.LeaveConference | c.EndConference | c.Hold | c.Unhold | c.Mute | c.Unmute | c.ChangeRole
    | c.ChangeRights | c.ConferenceSpeak | c.ConferencePlay | c.ConferenceStop | c.ConferenceDtmf | c.ConferenceGather
    | c.RecordStart | c.RecordStop | c.RecordPause | c.RecordResume
)  # fmt: skip


async def change(conferences: Conferences, command: Change, key: str) -> None:
    """Ask for *command*, with the command_id *key* where the operation takes one.

    Raises:
        TelnyxError: It was not accepted, or nobody knows.
    """
    match command:
        case c.JoinConference(conference=conference, call=call, role=role, whisper_to=whisper_to):
            whisper = list(whisper_to) or None
            body = JoinBody(
                call_control_id=call, command_id=key, supervisor_role=role, whisper_call_control_ids=whisper
            )
            await conferences.join(conference, body)
        case c.LeaveConference(conference=conference, call=call):
            await conferences.leave(conference, LeaveBody(call_control_id=call, command_id=key))
        case c.EndConference(conference=conference):
            await conferences.end(conference, EndBody(command_id=key))
        case c.Hold(conference=conference, call=call, audio=audio, media=media):
            await conferences.hold(conference, HoldBody(call_control_ids=[call], audio_url=audio, media_name=media))
        case c.Unhold(conference=conference, call=call):
            await conferences.unhold(conference, UnholdBody(call_control_ids=[call]))
        case c.Mute(conference=conference, call=call):
            await conferences.mute(conference, MuteBody(call_control_ids=[call]))
        case c.Unmute(conference=conference, call=call):
            await conferences.unmute(conference, UnmuteBody(call_control_ids=[call]))
        case c.ChangeRole(conference=conference, call=call, role=role, whisper_to=whisper_to):
            whisper = list(whisper_to) or None
            supervision = UpdateBody(
                call_control_id=call, supervisor_role=role, whisper_call_control_ids=whisper, command_id=key
            )
            await conferences.update(conference, supervision)
        case c.ChangeRights(conference=conference, participant=participant):
            rights = UpdateParticipantBody(
                end_conference_on_exit=command.end_conference_on_exit,
                soft_end_conference_on_exit=command.soft_end_conference_on_exit,
                beep_enabled=command.beep_enabled,
            )
            await conferences.update_participant(conference, await _id_of(conferences, conference, participant), rights)
        case c.RecordStart(conference=conference, format=form, channels=channels):
            start = RecordStartBody(format=form, channels=channels, command_id=key)
            await conferences.record_start(conference, start)
        case c.RecordStop(conference=conference):
            await conferences.record_stop(conference, RecordStopBody(command_id=key))
        case c.RecordPause(conference=conference):
            await conferences.record_pause(conference, RecordPauseBody(command_id=key))
        case c.RecordResume(conference=conference):
            await conferences.record_resume(conference, RecordResumeBody(command_id=key))
        case _:
            await _sound(conferences, command, key)


async def _id_of(conferences: Conferences, conference: str, participant: str) -> str:
    """Return Telnyx's id of a participant, of whom his leg or that id is given: legs are what all else goes by."""
    async for each in conferences.participants(conference):
        if each.call_control_id == participant and each.id:
            return each.id
    return participant


async def _sound(
    conferences: Conferences,
    command: c.ConferenceSpeak | c.ConferencePlay | c.ConferenceStop | c.ConferenceDtmf | c.ConferenceGather,
    key: str,
) -> None:
    match command:
        case c.ConferenceSpeak(conference=conference, calls=calls, text=text, voice=voice, language=language):
            speech = SpeakBody(
                payload=text, voice=voice, language=language, call_control_ids=list(calls), command_id=key
            )
            await conferences.speak(conference, speech)
        case c.ConferencePlay(conference=conference, calls=calls, audio=audio):
            await conferences.play(conference, PlayBody(audio_url=audio, call_control_ids=list(calls)))
        case c.ConferenceStop(conference=conference, calls=calls):
            await conferences.stop(conference, StopBody(call_control_ids=list(calls)))
        case c.ConferenceDtmf(conference=conference, calls=calls, digits=digits):
            await conferences.send_dtmf(conference, SendDtmfBody(digits=digits, call_control_ids=list(calls)))
        case c.ConferenceGather(conference=conference, call=call, audio=audio, max_digits=most, gather=gather):
            asked = GatherUsingAudioBody(call_control_id=call, audio_url=audio, maximum_digits=most, gather_id=gather)
            await conferences.gather_using_audio(conference, asked)
        case _:
            assert_never(command)
