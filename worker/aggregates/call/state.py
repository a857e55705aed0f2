"""What is known of one call leg, and what has been asked for it."""

from __future__ import annotations

from typing import Literal

import msgspec

from ingress.envelope import Address, AggregateKind
from worker.events.notices import GoOnReason

#: Things that are asked, or told, once in a leg's life.
Step = Literal["answer", "greeting", "apology", "hangup", "told-gone", "told-up", "told-ended", "told-waiting"]


class Ended(msgspec.Struct, frozen=True, order=True):
    """The end of the leg as `call.hangup` told it. The earliest one counts."""

    at_ms: int
    cause: str
    source: str


class Joining(msgspec.Struct, frozen=True):
    """The conference that a queue wants the caller in."""

    offer: str
    conference: str
    step: Literal["wanted", "asked", "in", "failed"] = "wanted"
    failure: Literal["conference-gone", "refused"] | None = None


class Undoing(msgspec.Struct, frozen=True):
    """A join that a queue has taken back. Until its leave has ended, it may still have its effect."""

    offer: str
    conference: str
    step: Literal["leave", "asked", "left"]


class Owner(msgspec.Struct, frozen=True):
    """The aggregate that had a leg dialled, and what for."""

    kind: AggregateKind
    id: str
    purpose: str = ""


class Call(msgspec.Struct, frozen=True, tag="call"):
    """One call leg.

    The first group of fields is what webhooks said, in a form that does not depend on their order or repetition.
    """

    address: Address
    direction: str | None = None
    #: Telnyx waits for us to answer it.
    parked: bool = False
    number: str | None = None
    dialled: str | None = None
    #: Who had this leg dialled; None: a caller's.
    owner: Owner | None = None
    initiated_ms: int | None = None
    answered_ms: int | None = None
    ended: Ended | None = None
    speeches_ended: frozenset[str] = frozenset()
    #: Event types that nothing acts upon.
    others: frozenset[str] = frozenset()

    done: frozenset[Step] = frozenset()
    #: A command or a read showed that the leg is no more, whatever webhooks say.
    gone: bool = False
    queue: str | None = None
    place: Literal["none", "asked", "waiting"] = "none"
    #: How often entering the queue has been put off by a refusal that passes.
    retries: int = 0
    joining: Joining | None = None
    #: Joins that are being taken back, before anything else is done with the leg.
    undoing: tuple[Undoing, ...] = ()
    dismissed: GoOnReason | None = None

    @property
    def id(self) -> str:
        """Telnyx's call_control_id."""
        return self.address.id

    @property
    def over(self) -> bool:
        """Whether the leg has ended, by whatever way that is known."""
        return self.gone or self.ended is not None
