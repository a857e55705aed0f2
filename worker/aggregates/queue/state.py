"""Who waits, who is free, and what has been offered to whom.

The values are kept from the garbage collector (`gc=False`): being immutable they cannot make circles, and with ten
thousand agents a collection that looks at them all takes a hundred times as long as an offer.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ingress.envelope import Address
from worker.aggregates.queue.ranks import Ranks
from worker.aggregates.queue.shards import Shards
from worker.aggregates.queue.tally import Met, Parted, Tally
from worker.events.notices import GoOnReason, HandedOn, NotFree
from worker.policy.model import Digit

#: `accepted` and `doubted` are what a fold leaves for the decision to act upon; the others are waited in.
#: `dialling`: the agent is reserved, and a caller who is called back is rung.
#: `undoing` waits for the caller's leg to say that the join cannot happen any more; only then is the agent free.
OfferStep = Literal["offered", "accepted", "dialling", "assigned", "doubted", "checking", "undoing", "connected"]
#: The steps from which a caller may be in, or on the way into, the agent's conference.
COMMITTED: frozenset[OfferStep] = frozenset({"assigned", "doubted", "checking", "undoing", "connected"})

ReleaseReason = Literal[
    "caller-gone", "expired", "conference-gone", "refused", "not-connected", "unknown-offer", "taken", "moved"
]
#: What a timer of one caller is for; its key is `KIND:CALLER`.
TimerKind = Literal["max-wait", "unstaffed", "stage", "personal", "say", "left", "dial", "retry"]
#: How a caller's stay ended, once it is known. `refused`: he could not even enter.
End = Literal[
    "answered", "abandoned", "short-abandoned", "overflowed", "dismissed", "refused", "moved", "called-back"
]  # fmt: skip


class Offer(msgspec.Struct, frozen=True, gc=False):
    """A caller offered to an agent; ends exactly once."""

    id: str
    agent: str
    conference: str
    step: OfferStep = "offered"


class Callback(msgspec.Struct, frozen=True, gc=False):
    """That a caller is called back.

    `leaving`: his first leg has still to end. `kept`: his place is. `dialling`: he is rung. `up`: he has answered.
    `resting`: he could not be reached, and is rung again later.
    """

    step: Literal["leaving", "kept", "dialling", "up", "resting"] = "leaving"
    #: The leg that was dialled.
    leg: str | None = None
    tries: int = 0


class Caller(msgspec.Struct, frozen=True, gc=False):
    """A caller in the queue, from arriving until the leg has ended or gone on."""

    #: The leg with which he came; his name here, also when he is called back on another one.
    call: str
    #: When he came into this queue, and since when he waits in any.
    arrived_ms: int
    since_ms: int
    number: str = ""
    #: Brought along, set by an intent, or raised because his agent was lost.
    priority: int = 0
    #: The only one who is offered to him.
    agent: str | None = None
    #: How long he has waited as far as tiers and skills are concerned: the last threshold that he has passed.
    stage_ms: int = 0
    #: The join rules have let him in.
    admitted: bool = False
    #: Connections that failed.
    attempts: int = 0
    #: Several only while none of them is accepted.
    offers: tuple[Offer, ...] = ()
    #: The maximum wait is over.
    overdue: bool = False
    pressed: Digit | None = None
    #: He has been told to go on.
    gone: GoOnReason | None = None
    end: End | None = None
    connected_ms: int | None = None
    #: His wait until an agent answered has been held against the policy's threshold.
    judged: bool = False
    #: The conversation is over, and the leg should end by itself soon; else it is ended.
    ending: Literal["left", "timed", "due"] | None = None
    callback: Callback | None = None
    #: The announcement that he is hearing, how many there were, whether one is due, and how many it has put off.
    saying: str | None = None
    said: int = 0
    say_due: bool = False
    put_off: int = 0
    timers: frozenset[TimerKind] = frozenset()
    #: When the timer of his next stage is due.
    next_stage_ms: int = 0

    @property
    def offer(self) -> Offer | None:
        """The offer that has come furthest."""
        return next((o for o in self.offers if o.step != "offered"), self.offers[0] if self.offers else None)

    @property
    def held(self) -> bool:
        """Whether an agent has accepted him, or talks with him."""
        return any(o.step != "offered" for o in self.offers)

    @property
    def dismissed(self) -> bool:
        """Whether he has been told to go on."""
        return self.gone is not None

    @property
    def waits(self) -> bool:
        """Whether he is here, and no agent has him or is being asked for him."""
        return self.admitted and not self.offers and self.gone is None and self.ending is None

    @property
    def leg(self) -> str:
        """The leg that he is on now."""
        return self.callback.leg or self.call if self.callback else self.call


class FreeAgent(msgspec.Struct, frozen=True, gc=False):
    """An agent who has said that he is free."""

    agent: str
    idle_since_ms: int
    #: Empty for one who is rung on demand.
    conference: str
    position: int = 1
    skills: dict[str, int] = {}
    #: Since he logged in.
    answered: int = 0
    talk_ms: int = 0


class Known(msgspec.Struct, frozen=True, gc=False):
    """What an agent has told last; what is older than `turn` is stale."""

    turn: int
    tier: int
    state: Literal["free"] | NotFree = "free"
    #: None: he is not free, or has been offered a caller.
    free: FreeAgent | None = None
    #: When the conversation began from which he has not been free again.
    since_ms: int | None = None


class Group(msgspec.Struct, frozen=True, gc=False):
    """The free agents of one tier and the same skills, in each order that a strategy asks for."""

    tier: int
    skills: dict[str, int]
    idle: Ranks = Ranks()
    calls: Ranks = Ranks()
    talk: Ranks = Ranks()
    place: Ranks = Ranks()


class Line(msgspec.Struct, frozen=True, gc=False):
    """Callers to be offered who are alike in what that depends on, in the order of their turn."""

    #: As `Caller.stage_ms`.
    stage_ms: int
    #: How many agents ring for each of them.
    ringing: int
    #: The only agent who is offered to them.
    agent: str | None = None
    ranks: Ranks = Ranks()


class Release(msgspec.Struct, frozen=True, gc=False):
    """An offer's end that its agent has to be told."""

    agent: str
    offer: str
    reason: ReleaseReason


class Undo(msgspec.Struct, frozen=True, gc=False):
    """An assignment's end that its caller's leg has to be told."""

    call: str
    offer: str


class Renamed(msgspec.Struct, frozen=True, gc=False):
    """That a caller is with another agent, by the offer `to`, which his leg has to be told."""

    call: str
    handed: HandedOn


class Presence(msgspec.Struct, frozen=True, gc=False):
    """That a caller is in a conference, or has ended, which the conference has to be told."""

    conference: str
    call: str
    at_ms: int
    inside: bool


class Departure(msgspec.Struct, frozen=True, gc=False):
    """A caller who is no more here; what was open about him has to be closed."""

    caller: Caller
    at_ms: int
    moved: bool


class Gone(msgspec.Struct, frozen=True, gc=False):
    """When a leg left the queue: it may come back only if it had gone on alive, and later."""

    at_ms: int
    moved: bool
    #: He was known here. Else he is counted as soon as it is heard that he was.
    counted: bool = True


class Closed(msgspec.Struct, frozen=True, gc=False):
    """That the queue has been closed by an intent."""

    reason: str
    by: str


class Queue(msgspec.Struct, frozen=True, gc=False, tag="queue"):
    """One queue of a tenant. Changed by `worker.aggregates.queue.places` only where callers or agents are concerned."""

    address: Address
    callers: Shards[Caller] = Shards()
    #: Those who are not connected yet, in the order of their turn: their positions.
    present: Ranks = Ranks()
    #: Those who can be offered.
    lines: dict[str, Line] = {}
    #: Which caller an open offer is about, and whom a leg is that was dialled to call back.
    offered: Shards[str] = Shards()
    legs: dict[str, str] = {}
    #: Who is rung, or has answered and waits, with no agent reserved for him.
    ringing: frozenset[str] = frozenset()
    #: The offers of whose join nothing was heard in time, with the conference that is read.
    doubts: dict[str, str] = {}
    agents: Shards[Known] = Shards()
    groups: dict[str, Group] = {}
    #: How many agents are logged in of each tier that has any, the lowest first; how many of all are reached, and not
    #: paused.
    staff: tuple[tuple[int, int], ...] = ()
    working: int = 0
    #: Since when nobody is logged in.
    unstaffed_ms: int = 0
    #: Where round-robin stopped, by tier: position and agent.
    turns: dict[str, tuple[int, str]] = {}
    #: Callers whose leg has left: a late notice does not bring them back.
    departed: Shards[Gone] = Shards()
    departures: Ranks = Ranks()
    #: Since when those waited who hung up and may ring again, by number.
    lapsed: dict[str, int] = {}
    #: Those who hung up and may have met their agents before, by offer.
    parted: dict[str, Parted] = {}
    closed: Closed | None = None

    #: What the fold leaves for the decision: callers that something has changed for, all callers (`sweep`), …
    agenda: tuple[str, ...] = ()
    sweep: bool = False
    #: The last agent has logged out.
    emptied: bool = False
    left: tuple[Departure, ...] = ()
    met: tuple[Met, ...] = ()
    releases: tuple[Release, ...] = ()
    undos: tuple[Undo, ...] = ()
    renamed: tuple[Renamed, ...] = ()
    presences: tuple[Presence, ...] = ()
    #: Legs that we dialled and nobody needs.
    strays: tuple[str, ...] = ()
    tally: Tally = Tally()

    @property
    def name(self) -> str:
        """The queue's name, at Telnyx too."""
        return self.address.id

    @property
    def staffed(self) -> bool:
        """Whether an agent is logged in."""
        return bool(self.staff)

    @property
    def highest_tier(self) -> int:
        """The highest tier of which somebody is logged in; 0: nobody is."""
        return self.staff[-1][0] if self.staff else 0

    def caller_of(self, offer: str) -> Caller | None:
        """Return the caller that *offer* is about, if it is still open."""
        call = self.offered.get(offer)
        return None if call is None else self.callers.get(call)

    def caller_on(self, leg: str) -> Caller | None:
        """Return the caller who is on *leg*, with which he came or which was dialled for him."""
        return self.callers.get(self.legs.get(leg, leg))
