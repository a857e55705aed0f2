"""A decision: what an aggregate answers to one event, as the journal keeps it."""

from __future__ import annotations

import msgspec

from ingress.envelope import Address
from worker.commands.command import AnyCommand
from worker.events.notices import AnyNotice
from worker.policy.model import Goal


class Send(msgspec.Struct, frozen=True, tag="send"):
    """Carry out a command."""

    command: AnyCommand


class Tell(msgspec.Struct, frozen=True, tag="tell"):
    """Tell another aggregate something."""

    to: Address
    notice: AnyNotice


class SetTimer(msgspec.Struct, frozen=True, tag="set-timer"):
    """Have a `TimerFired` appended at *due_ms* (Redis time, Unix ms); a timer of the same key is replaced."""

    key: str
    due_ms: int


class CancelTimer(msgspec.Struct, frozen=True, tag="cancel-timer"):
    """Forget the timer of this key, if it has not fired."""

    key: str


class Quarantine(msgspec.Struct, frozen=True, tag="quarantine"):
    """Set the aggregate aside, with this event and what comes for it later: its code cannot bear the event.

    `trace` is where in Switchhook's code it was raised, the innermost last; empty where nothing was. `at` is the entry
    that was being taken in: after a release it may be one that waited.
    """

    error: str
    trace: str = ""
    at: str = ""


class Refuse(msgspec.Struct, frozen=True, tag="refuse"):
    """Say no to the intent that this decision is upon; nothing else is done. `reason` is a sentence for who asked.

    `ask` is the id of the event that asked, where another aggregate has passed it on; empty: this very event.
    """

    reason: str
    ask: str = ""


class Accept(msgspec.Struct, frozen=True, tag="accept"):
    """Say yes to the intent that this decision is upon; what else was decided is done for it. `ask` as in `Refuse`."""

    ask: str = ""


class Note(msgspec.Struct, frozen=True, tag="note", omit_defaults=True):
    """Keep in mind what the policy of this moment made of a fact; nothing is done.

    Folds know no policy, and the policy changes: what it made of a fact is recorded, and adopted like any other act.
    `what` is a word of the aggregate that decides, `of` whom it is about.
    """

    what: str
    of: str = ""
    value: str = ""


class GoTo(msgspec.Struct, frozen=True, tag="go-to", omit_defaults=True):
    """Lead the caller to *goal*, which the policy of this moment has made of what is known of him.

    `key` is the one that he has pressed for it; "" where nobody has chosen.
    """

    goal: Goal
    key: str = ""


Act = Send | Tell | SetTimer | CancelTimer | Quarantine | Refuse | Accept | Note | GoTo


class Decision(msgspec.Struct, frozen=True):
    """All that one event led to, in order. `address` is the aggregate that decided."""

    address: Address
    acts: tuple[Act, ...]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Decision)


def encode_decision(decision: Decision) -> bytes:
    """Return the journal's form of *decision*."""
    return _encoder.encode(decision)


def decode_decision(raw: bytes) -> Decision:
    """Read what `encode_decision` wrote."""
    return _decoder.decode(raw)
