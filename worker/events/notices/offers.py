"""Between queue, agent, call and conference, on offers. Times are Unix ms."""

from __future__ import annotations

from typing import Literal

import msgspec

from worker.events.notices.base import Notice

#: What an agent who is not free is doing. `unreached`: logged in, and his phone is being dialled again.
NotFree = Literal["offline", "unreached", "paused", "reserved", "busy", "wrapping-up", "delayed"]
#: Why an agent did not take an offer: what he was doing, or what became of ringing him.
DeclineReason = Literal[
    "offline", "paused", "reserved", "busy", "wrapping-up", "delayed", "rejected", "line-busy", "no-answer", "machine",
    "unreachable",
]  # fmt: skip


class JoinFailed(Notice, frozen=True, tag="join-failed"):
    """Call to queue: the join for this offer was refused, and the caller is still there."""

    offer: str
    call: str
    reason: Literal["conference-gone", "refused"]


class AgentFree(Notice, frozen=True, tag="agent-free"):
    """Agent to queue: offer me a caller. `turn` grows with each change; an older one is stale.

    `conference` is empty for one who is rung on demand. `answered` and `talk_ms` are since he logged in. `tier`,
    `position` and `skills` are the policy's for that queue; of the skills those that the queue asks for.
    """

    agent: str
    turn: int
    idle_since_ms: int
    conference: str
    answered: int = 0
    talk_ms: int = 0
    tier: int = 1
    position: int = 1
    skills: dict[str, int] = msgspec.field(default_factory=dict)


class AgentGone(Notice, frozen=True, tag="agent-gone"):
    """Agent to queue: offer me nothing until I say that I am free. `offer` is the one that this breaks, if any.

    Told to every queue that he serves when he logs in, logs out, pauses, is lost, or is busy with a caller of another
    queue: who is not offline counts as staff, of his `tier`; who is neither offline, unreached nor paused, in the
    expected wait.
    """

    agent: str
    turn: int
    offer: str | None = None
    state: NotFree = "offline"
    tier: int = 1


class OfferMade(Notice, frozen=True, tag="offer-made"):
    """Queue to agent: will you take this caller? `number` is the caller's, `within_ms` how long the offer stands."""

    offer: str
    call: str
    queue: str
    number: str = ""
    within_ms: int = 10_000


class OfferAccepted(Notice, frozen=True, tag="offer-accepted"):
    """Agent to queue: reserved for this offer."""

    offer: str
    agent: str
    conference: str


class OfferDeclined(Notice, frozen=True, tag="offer-declined"):
    """Agent to queue: not this time."""

    offer: str
    agent: str
    reason: DeclineReason


class OfferAssigned(Notice, frozen=True, tag="offer-assigned"):
    """Queue to agent: the caller is yours, and is on the way."""

    offer: str
    call: str


class OfferWithdrawn(Notice, frozen=True, tag="offer-withdrawn"):
    """Queue to agent: the offer is over; you are free. `taken`: another agent was first."""

    offer: str
    reason: Literal[
        "caller-gone", "expired", "conference-gone", "refused", "not-connected", "unknown-offer", "taken", "moved"
    ]


class Connect(Notice, frozen=True, tag="connect"):
    """Queue to call: join this conference, for this offer.

    The call may be a leg that the queue had dialled (a callback; its owner is the queue). It is joined, taken back by
    `Disconnect` and answers like a caller's; while nobody has it, it stays parked, for it is in no queue of Telnyx's.
    `stay_ms` is when the stay began that this is about, as `CallerWaiting` told it: who has left since and come back is
    another caller to the queue, whom this offer is not about. 0: an older release did not say.
    """

    offer: str
    conference: str
    stay_ms: int = 0


class Disconnect(Notice, frozen=True, tag="disconnect"):
    """Queue to call: this offer is over; see that you are not in its conference, wait in the queue again, say when."""

    offer: str


class Disconnected(Notice, frozen=True, tag="disconnected"):
    """Call to queue: no join for this offer is under way any more, and the leg is not in its conference."""

    offer: str
    call: str
