"""Who waits, who is free, and what has been offered to whom."""

from __future__ import annotations

from typing import Literal

import msgspec

from ingress.envelope import Address

#: `accepted` and `doubted` are what a fold leaves for the decision to act upon; the others are waited in.
#: `undoing` waits for the caller's leg to say that the join cannot happen any more; only then is the agent free.
OfferStep = Literal["offered", "accepted", "assigned", "doubted", "checking", "undoing", "connected"]
#: The steps from which a caller may be in, or on the way into, the agent's conference.
COMMITTED: frozenset[OfferStep] = frozenset({"assigned", "doubted", "checking", "undoing", "connected"})

ReleaseReason = Literal["caller-gone", "expired", "conference-gone", "refused", "not-connected", "unknown-offer"]


class Offer(msgspec.Struct, frozen=True):
    """A caller offered to an agent; ends exactly once."""

    id: str
    agent: str
    conference: str
    step: OfferStep = "offered"


class Caller(msgspec.Struct, frozen=True):
    """A caller in the queue, from arriving until the leg has ended."""

    call: str
    arrived_ms: int
    number: str = ""
    #: Raised for a caller whose agent was lost.
    priority: int = 0
    #: Connections that failed.
    attempts: int = 0
    offer: Offer | None = None
    #: The maximum wait is over.
    overdue: bool = False
    dismissed: bool = False
    connected_ms: int | None = None
    #: The conversation is over, and the leg should end by itself soon; else it is ended.
    ending: Literal["left", "timed", "due"] | None = None
    #: The maximum wait's timer is set.
    timed: bool = False

    @property
    def waits(self) -> bool:
        """Whether the caller can be offered."""
        return self.offer is None and not self.dismissed and self.ending is None


class FreeAgent(msgspec.Struct, frozen=True):
    """An agent who has said that he is free."""

    agent: str
    idle_since_ms: int
    conference: str


class Release(msgspec.Struct, frozen=True):
    """An offer's end that its agent has to be told."""

    agent: str
    offer: str
    reason: ReleaseReason


class Undo(msgspec.Struct, frozen=True):
    """An assignment's end that its caller's leg has to be told."""

    call: str
    offer: str


class Presence(msgspec.Struct, frozen=True):
    """That a caller is in a conference, or has ended, which the conference has to be told."""

    conference: str
    call: str
    at_ms: int
    inside: bool


class Tally(msgspec.Struct, frozen=True):
    """Counts since the log began. offered = answered + abandoned + dismissed + waiting."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    dismissed: int = 0
    wait_total_ms: int = 0
    longest_wait_ms: int = 0


class Queue(msgspec.Struct, frozen=True, tag="queue"):
    """One queue of a tenant."""

    address: Address
    callers: dict[str, Caller] = {}
    #: None: the agent is known, and not free.
    agents: dict[str, FreeAgent | None] = {}
    #: The last turn heard of each agent; an older notice is stale.
    turns: dict[str, int] = {}
    #: Callers whose leg has ended, with the time: a late webhook does not bring them back.
    departed: dict[str, int] = {}
    releases: tuple[Release, ...] = ()
    undos: tuple[Undo, ...] = ()
    presences: tuple[Presence, ...] = ()
    tally: Tally = Tally()

    @property
    def name(self) -> str:
        """The queue's name, at Telnyx too."""
        return self.address.id

    def caller_of(self, offer: str) -> Caller | None:
        """Return the caller that *offer* is about, if it is still open."""
        return next((c for c in self.callers.values() if c.offer is not None and c.offer.id == offer), None)
