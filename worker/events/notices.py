"""What one aggregate tells another. Each is a fact or a request that is harmless when it comes twice."""

from __future__ import annotations

from typing import Literal

import msgspec

from ingress.envelope import Address


class Notice(msgspec.Struct, frozen=True, tag_field="notice", omit_defaults=True):
    """A message from the aggregate at the envelope's `sender`."""


class CallerWaiting(Notice, frozen=True, tag="caller-waiting"):
    """Call to queue: this caller was put into your Telnyx queue."""

    call: str
    number: str
    arrived_ms: int


class CallerGone(Notice, frozen=True, tag="caller-gone"):
    """Call to queue: this caller's leg has ended."""

    call: str
    at_ms: int


class JoinFailed(Notice, frozen=True, tag="join-failed"):
    """Call to queue: the join for this offer was refused, and the caller is still there."""

    offer: str
    call: str
    reason: Literal["conference-gone", "refused"]


class AgentFree(Notice, frozen=True, tag="agent-free"):
    """Agent to queue: offer me a caller. `turn` grows with each change; an older one is stale."""

    agent: str
    turn: int
    idle_since_ms: int
    conference: str


class AgentGone(Notice, frozen=True, tag="agent-gone"):
    """Agent to queue: offer me nothing until I say that I am free. `offer` is the one that this breaks, if any."""

    agent: str
    turn: int
    offer: str | None = None


class OfferMade(Notice, frozen=True, tag="offer-made"):
    """Queue to agent: will you take this caller?"""

    offer: str
    call: str
    queue: str


class OfferAccepted(Notice, frozen=True, tag="offer-accepted"):
    """Agent to queue: reserved for this offer."""

    offer: str
    agent: str
    conference: str


class OfferDeclined(Notice, frozen=True, tag="offer-declined"):
    """Agent to queue: not this time."""

    offer: str
    agent: str
    reason: str


class OfferAssigned(Notice, frozen=True, tag="offer-assigned"):
    """Queue to agent: the caller is yours, and is on the way."""

    offer: str
    call: str


class OfferWithdrawn(Notice, frozen=True, tag="offer-withdrawn"):
    """Queue to agent: the offer is over; you are free."""

    offer: str
    reason: Literal["caller-gone", "expired", "conference-gone", "refused", "not-connected", "unknown-offer"]


class Connect(Notice, frozen=True, tag="connect"):
    """Queue to call: join this conference, for this offer."""

    offer: str
    conference: str


class Disconnect(Notice, frozen=True, tag="disconnect"):
    """Queue to call: this offer is over; see that you are not in its conference, wait in the queue again, say when."""

    offer: str


class Disconnected(Notice, frozen=True, tag="disconnected"):
    """Call to queue: no join for this offer is under way any more, and the leg is not in its conference."""

    offer: str
    call: str


class Dismiss(Notice, frozen=True, tag="dismiss"):
    """Queue to call: end this call; with an apology, unless the conversation has taken place (`finished`)."""

    reason: Literal["max-wait", "failed", "finished"]


class CallerExpected(Notice, frozen=True, tag="caller-expected"):
    """Queue to conference: this caller joins for this offer."""

    offer: str
    call: str
    queue: str
    agent: str


class CallerSeen(Notice, frozen=True, tag="caller-seen"):
    """Queue to conference: a read showed this caller inside."""

    call: str
    at_ms: int


class Unexpected(Notice, frozen=True, tag="unexpected"):
    """Conference to call: you are inside me, and nobody has sent you; leave, unless you know better."""

    conference: str


class InQueue(Notice, frozen=True, tag="in-queue"):
    """Queue to call: Telnyx has you in my queue, and I do not know you."""

    number: str
    dialled: str
    at_ms: int


class OutOfQueue(Notice, frozen=True, tag="out-of-queue"):
    """Queue to call: you wait, and Telnyx has you in my queue no more; enter it again."""


class LegGone(Notice, frozen=True, tag="leg-gone"):
    """To conference: this leg has ended, whatever webhooks say."""

    call: str
    at_ms: int


class Connected(Notice, frozen=True, tag="connected"):
    """Conference to queue and agent: caller and agent are both in."""

    offer: str
    call: str
    at_ms: int


class CallerLeft(Notice, frozen=True, tag="caller-left"):
    """Conference to queue and agent: the caller of this offer has left."""

    offer: str
    call: str
    at_ms: int


class ConferenceReady(Notice, frozen=True, tag="conference-ready"):
    """Agent to conference: you are mine, and my leg is in you."""

    agent: str
    call: str
    at_ms: int


class ConferenceOver(Notice, frozen=True, tag="conference-over"):
    """Conference to agent: this conference has ended."""

    conference: str


class LegAnswered(Notice, frozen=True, tag="leg-answered"):
    """Call to agent: your leg is up."""

    call: str
    at_ms: int


class LegEnded(Notice, frozen=True, tag="leg-ended"):
    """Call to agent: your leg has ended."""

    call: str
    at_ms: int
    cause: str


AnyNotice = (
    CallerWaiting
    | CallerGone
    | JoinFailed
    | AgentFree
    | AgentGone
    | OfferMade
    | OfferAccepted
    | OfferDeclined
    | OfferAssigned
    | OfferWithdrawn
    | Connect
    | Disconnect
    | Disconnected
    | Dismiss
    | CallerExpected
    | CallerSeen
    | Unexpected
    | InQueue
    | OutOfQueue
    | LegGone
    | Connected
    | CallerLeft
    | ConferenceReady
    | ConferenceOver
    | LegAnswered
    | LegEnded
)


class Told(msgspec.Struct, frozen=True, tag="notice"):
    """A notice as its receiver's log holds it."""

    sender: Address
    notice: AnyNotice
