"""What became of a command: an outcome, or for a read what was seen."""

from __future__ import annotations

from typing import Literal

import msgspec

from worker.commands.command import AnyCommand

#: What a refusal means to the aggregate: the leg or conference is gone; try again after the next event; there is no
#: room; it can never work; the account itself is refused.
Disposition = Literal["gone", "wait", "overflow", "fatal", "stop"]


class Succeeded(msgspec.Struct, frozen=True, tag="succeeded", omit_defaults=True):
    """Telnyx accepted it (which is acceptance, not effect), or answered that it is so already (`already`, its code)."""

    call: str | None = None
    conference: str | None = None
    already: str | None = None


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Telnyx said no, for good."""

    status: int
    code: str
    detail: str
    disposition: Disposition


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """It was sent, or may have been, and nobody can say what became of it."""

    reason: str


class Outcome(msgspec.Struct, frozen=True, tag="outcome"):
    """The end of a command."""

    command_id: str
    command: AnyCommand
    result: Succeeded | Refused | Unknown


class CallSeen(msgspec.Struct, frozen=True, tag="call-seen"):
    """A call leg as Telnyx shows it; an unknown one is not alive."""

    alive: bool


class ParticipantsSeen(msgspec.Struct, frozen=True, tag="participants-seen"):
    """The call legs in a conference; none when there is no such conference.

    Who of them is on hold, and who is mute. None: an older release did not look.
    """

    calls: tuple[str, ...]
    held: tuple[str, ...] | None = None
    muted: tuple[str, ...] | None = None


class ConferenceSeen(msgspec.Struct, frozen=True, tag="conference-seen"):
    """The id of the active conference of the name asked for, if there is one."""

    conference: str | None


class StatusSeen(msgspec.Struct, frozen=True, tag="status-seen"):
    """Whether a conference has ended; one that Telnyx does not know (any more) has."""

    ended: bool


class Queued(msgspec.Struct, frozen=True):
    """A live call leg in a Telnyx queue: who rang, and which number was dialled."""

    call: str
    number: str
    dialled: str


class QueueSeen(msgspec.Struct, frozen=True, tag="queue-seen"):
    """The live call legs in a Telnyx queue; none when there is no such queue."""

    callers: tuple[Queued, ...]


Seen = CallSeen | ParticipantsSeen | ConferenceSeen | StatusSeen | QueueSeen


class Observed(msgspec.Struct, frozen=True, tag="observed", omit_defaults=True):
    """The answer to a read."""

    command_id: str
    command: AnyCommand
    seen: Seen
    #: Of a read that the aggregate did not decide: what is so at this moment (Redis time, ms) unless something later is
    #: known. None: the aggregate had asked.
    at_ms: int | None = None
