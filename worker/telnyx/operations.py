"""Which operation each of the engine's commands is."""

from __future__ import annotations

from typing import assert_never

from worker.commands import command as c
from worker.telnyx.calls import operations as calls
from worker.telnyx.conferences import operations as conferences
from worker.telnyx.operation import Operation, OperationClass
from worker.telnyx.queues import operations as queues


def operation_of(command: c.AnyCommand) -> Operation[object]:
    """Return the operation that *command* is."""
    match command:
        case c.Answer():
            return calls.ANSWER
        case c.Reject():
            return calls.REJECT
        case c.Speak():
            return calls.SPEAK
        case c.Play():
            return calls.PLAYBACK_START
        case c.StopSounds():
            return calls.PLAYBACK_STOP
        case c.Gather(text=None):
            return calls.GATHER_USING_AUDIO
        case c.Gather():
            return calls.GATHER_USING_SPEAK
        case c.Transfer():
            return calls.TRANSFER
        case c.RecordLeg():
            return calls.RECORD_START
        case c.RecordLegStop():
            return calls.RECORD_STOP
        case c.Enqueue():
            return calls.ENQUEUE
        case c.LeaveQueue():
            return calls.LEAVE_QUEUE
        case c.Hangup():
            return calls.HANGUP
        case c.Dial():
            return calls.DIAL
        case c.CreateConference():
            return conferences.CREATE
        case c.JoinConference():
            return conferences.JOIN
        case c.LeaveConference():
            return conferences.LEAVE
        case c.RecordStart():
            return conferences.RECORD_START
        case c.RecordStop():
            return conferences.RECORD_STOP
        case c.RecordPause():
            return conferences.RECORD_PAUSE
        case c.RecordResume():
            return conferences.RECORD_RESUME
        case c.Hold():
            return conferences.HOLD
        case c.Unhold():
            return conferences.UNHOLD
        case c.Mute():
            return conferences.MUTE
        case c.Unmute():
            return conferences.UNMUTE
        case c.ChangeRole():
            return conferences.UPDATE
        case c.ChangeRights():
            return conferences.UPDATE_PARTICIPANT
        case c.ConferenceSpeak():
            return conferences.SPEAK
        case c.ConferencePlay():
            return conferences.PLAY
        case c.ConferenceStop():
            return conferences.STOP
        case c.ConferenceDtmf():
            return conferences.SEND_DTMF
        case c.ConferenceGather():
            return conferences.GATHER_USING_AUDIO
        case c.EndConference():
            return conferences.END
        case c.CreateQueue():
            return queues.CREATE
        case c.DeleteQueue():
            return queues.DELETE
        case c.KeepEntry():
            return queues.UPDATE_CALL
        case c.RemoveEntry():
            return queues.REMOVE_CALL
        case c.ReadCall():
            return calls.RETRIEVE
        case c.ReadParticipants():
            return conferences.PARTICIPANTS
        case c.FindConference():
            return conferences.LIST
        case c.ReadConference():
            return conferences.RETRIEVE
        case c.ReadQueue():
            return queues.CALLS
        case _:
            assert_never(command)


def class_of(command: c.AnyCommand) -> OperationClass:
    """Return the class of the operation that *command* is."""
    return operation_of(command).kind


def already_so(command: c.AnyCommand, code: str) -> bool:
    """Return whether an error of *code* says that what *command* asks for is so already."""
    match command:
        case c.Hangup() | c.Reject() | c.RecordLegStop():
            return code == "90018"
        case c.LeaveConference() | c.RecordStop() | c.EndConference():
            return code in ("90018", "90019", "90058")
        case c.LeaveQueue():
            return code in ("90018", "90035")
        case c.Enqueue():
            return code == "90038"
        case c.JoinConference():
            return code == "90044"
        case _:
            return False
