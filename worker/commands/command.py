"""The commands: each is one request to the Telnyx API, said in the engine's own words.

How each is sent, and what a crash between sending and outcome means for it, is told by `worker.telnyx.operations`.
"""

from __future__ import annotations

from worker.commands.base import Command
from worker.commands.client_state import ClientState
from worker.commands.conferences import (
    ChangeRights,
    ChangeRole,
    ConferenceCommand,
    ConferenceDtmf,
    ConferenceGather,
    ConferencePlay,
    ConferenceSpeak,
    ConferenceStop,
    CreateConference,
    EndConference,
    Hold,
    JoinConference,
    LeaveConference,
    Mute,
    RecordPause,
    RecordResume,
    RecordStart,
    RecordStop,
    SupervisorRole,
    Unhold,
    Unmute,
)
from worker.commands.legs import (
    Gather,
    LegCommand,
    Play,
    RecordLeg,
    RecordLegStop,
    Reject,
    Speak,
    StopSounds,
    Transfer,
)
from worker.commands.queues import CreateQueue, DeleteQueue, KeepEntry, QueueCommand, RemoveEntry


class Answer(Command, frozen=True, tag="answer"):
    """Answer an incoming call leg."""

    call: str


class Enqueue(Command, frozen=True, tag="enqueue"):
    """Put a call leg at the end of a Telnyx queue; `max_wait_secs` is Telnyx's own limit, after which it is parked.

    The queue is made, or changed, to hold `max_size` calls; None: it stays as it is.
    """

    call: str
    queue: str
    max_wait_secs: int
    max_size: int | None = None


class LeaveQueue(Command, frozen=True, tag="leave-queue"):
    """Take a call leg out of its Telnyx queue; it stays parked."""

    call: str


class Hangup(Command, frozen=True, tag="hangup"):
    """End a call leg."""

    call: str


class Dial(Command, frozen=True, tag="dial"):
    """Call *to* (an E.164 number or a SIP URI).

    `shown` is the name that the phone shows. `detect_machine`: Telnyx is to find out whether a machine answers.
    """

    to: str
    from_: str
    connection_id: str
    timeout_secs: int
    client_state: ClientState
    shown: str = ""
    detect_machine: bool = False


class ReadCall(Command, frozen=True, tag="read-call"):
    """Ask whether a call leg is alive."""

    call: str


class ReadParticipants(Command, frozen=True, tag="read-participants"):
    """Ask which call legs are in a conference."""

    conference: str


class FindConference(Command, frozen=True, tag="find-conference"):
    """Ask for the active conference of a name."""

    name: str


class ReadConference(Command, frozen=True, tag="read-conference"):
    """Ask whether a conference has ended."""

    conference: str


class ReadQueue(Command, frozen=True, tag="read-queue"):
    """Ask who waits in a Telnyx queue. Queues are the account's: calls of other connections are left out."""

    queue: str
    connection_id: str


Read = ReadCall | ReadParticipants | FindConference | ReadConference | ReadQueue
AnyCommand = (
    Answer
    | LegCommand
    | Enqueue
    | LeaveQueue
    | Hangup
    | Dial
    | ConferenceCommand
    | QueueCommand
    | ReadCall
    | ReadParticipants
    | FindConference
    | ReadConference
    | ReadQueue
)


def name_of(command: AnyCommand) -> str:
    """Return the command's tag: `answer`, `join-conference`, …"""
    return str(command.__struct_config__.tag)


__all__ = [
    "Answer",
    "AnyCommand",
    "ChangeRights",
    "ChangeRole",
    "Command",
    "ConferenceCommand",
    "ConferenceDtmf",
    "ConferenceGather",
    "ConferencePlay",
    "ConferenceSpeak",
    "ConferenceStop",
    "CreateConference",
    "CreateQueue",
    "DeleteQueue",
    "Dial",
    "EndConference",
    "Enqueue",
    "FindConference",
    "Gather",
    "Hangup",
    "Hold",
    "JoinConference",
    "KeepEntry",
    "LeaveConference",
    "LeaveQueue",
    "LegCommand",
    "Mute",
    "Play",
    "QueueCommand",
    "Read",
    "ReadCall",
    "ReadConference",
    "ReadParticipants",
    "ReadQueue",
    "RecordLeg",
    "RecordLegStop",
    "RecordPause",
    "RecordResume",
    "RecordStart",
    "RecordStop",
    "Reject",
    "RemoveEntry",
    "Speak",
    "StopSounds",
    "SupervisorRole",
    "Transfer",
    "Unhold",
    "Unmute",
    "name_of",
]
