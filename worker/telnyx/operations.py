"""The class of each operation: what may be done when nobody knows whether it was carried out. Stated once, here."""

from __future__ import annotations

from enum import Enum
from typing import assert_never

from worker.commands import command as c

#: Telnyx forgets a command_id after 60 s; a repetition must have arrived by then.
RESEND_WITHIN_SECS = 55.0


class OperationClass(Enum):
    """How an operation bears repetition."""

    #: Takes a command_id: the same id within 60 s is ignored by Telnyx. Later: read first.
    KEYED = "keyed"
    #: Says how something should be: as often as one likes.
    SET_LIKE = "set-like"
    #: Ends something: "already gone" is success.
    DELETE_LIKE = "delete-like"
    #: Has its effect each time: never repeated unless it was certainly not carried out.
    ONCE = "once"
    #: Changes nothing.
    READ = "read"


def class_of(command: c.AnyCommand) -> OperationClass:
    """Return the class of the operation that *command* is."""
    match command:
        case (
            c.Answer()
            | c.Speak()
            | c.Enqueue()
            | c.Dial()
            | c.CreateConference()
            | c.JoinConference()
            | c.RecordStart()
        ):
            return OperationClass.KEYED
        case c.RecordStop() | c.Hangup() | c.LeaveConference() | c.LeaveQueue():
            return OperationClass.DELETE_LIKE
        case c.ReadCall() | c.ReadParticipants() | c.FindConference():
            return OperationClass.READ
        case _:
            assert_never(command)


def already_so(command: c.AnyCommand, code: str) -> bool:
    """Return whether an error of *code* says that what *command* asks for is so already."""
    match command:
        case c.Hangup():
            return code == "90018"
        case c.LeaveConference() | c.RecordStop():
            return code in ("90018", "90019", "90058")
        case c.LeaveQueue():
            return code in ("90018", "90035")
        case c.Enqueue():
            return code == "90038"
        case c.JoinConference():
            return code == "90044"
        case _:
            return False
