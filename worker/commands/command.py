"""The commands: each is one request to the Telnyx API, said in the engine's own words.

How each is sent, and what a crash between sending and outcome means for it, is told by `worker.telnyx.operations`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from worker.commands.client_state import ClientState


class Command(msgspec.Struct, frozen=True, tag_field="command", omit_defaults=True):
    """One request to the Telnyx API."""


class Answer(Command, frozen=True, tag="answer"):
    """Answer an incoming call leg."""

    call: str


class Speak(Command, frozen=True, tag="speak"):
    """Say *text* to a call leg."""

    call: str
    text: str
    voice: str
    language: str | None
    client_state: ClientState


class Enqueue(Command, frozen=True, tag="enqueue"):
    """Put a call leg at the end of a Telnyx queue; `max_wait_secs` is Telnyx's own limit, after which it is parked."""

    call: str
    queue: str
    max_wait_secs: int


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


class CreateConference(Command, frozen=True, tag="create-conference"):
    """Make a conference of *name* with a call leg, which is in it from then on."""

    name: str
    call: str
    client_state: ClientState


class JoinConference(Command, frozen=True, tag="join-conference"):
    """Put a call leg into a conference; Telnyx takes it out of its queue by that."""

    conference: str
    call: str


class LeaveConference(Command, frozen=True, tag="leave-conference"):
    """Take a call leg out of a conference; it stays parked."""

    conference: str
    call: str


class RecordStart(Command, frozen=True, tag="record-start"):
    """Start recording a conference."""

    conference: str
    format: Literal["mp3", "wav"]
    channels: Literal["single", "dual"]


class RecordStop(Command, frozen=True, tag="record-stop"):
    """Stop recording a conference."""

    conference: str


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
    | Speak
    | Enqueue
    | LeaveQueue
    | Hangup
    | Dial
    | CreateConference
    | JoinConference
    | LeaveConference
    | RecordStart
    | RecordStop
    | ReadCall
    | ReadParticipants
    | FindConference
    | ReadConference
    | ReadQueue
)


def name_of(command: AnyCommand) -> str:
    """Return the command's tag: `answer`, `join-conference`, …"""
    return str(command.__struct_config__.tag)
