"""What becomes of offers: what agents, conferences, legs and reads tell about them."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from worker.aggregates.queue import parting, places
from worker.aggregates.queue.coming import released
from worker.aggregates.queue.state import (
    COMMITTED,
    Caller,
    FreeAgent,
    Known,
    Offer,
    OfferStep,
    Presence,
    Queue,
    Release,
    Undo,
)
from worker.events import notices as n

#: A caller whose agent was lost goes before all others.
LOST_AGENT_PRIORITY = 1_000
#: The mean handling time follows the last conversations: each counts for so much of the difference.
HANDLING_WEIGHT = 16

FailReason = Literal["conference-gone", "refused", "not-connected"]


def agent_free(queue: Queue, notice: n.AgentFree) -> Queue:
    """An agent can be offered callers."""
    known = queue.agents.get(notice.agent)
    if known is not None and notice.turn <= known.turn:
        return queue
    queue = _handled(queue, known, notice.idle_since_ms)
    free = FreeAgent(
        notice.agent, notice.idle_since_ms, notice.conference, notice.position, notice.skills, notice.answered,
        notice.talk_ms,
    )  # fmt: skip
    return _staffed(queue, notice.agent, Known(notice.turn, notice.tier, "free", free))


def agent_gone(queue: Queue, notice: n.AgentGone, now_ms: int) -> Queue:
    """An agent is to be offered nothing, and what he had is broken: its caller goes before all others, if he was it."""
    known = queue.agents.get(notice.agent)
    if known is None or notice.turn > known.turn:
        since_ms = known.since_ms if known and notice.state not in ("offline", "unreached", "paused") else None
        was_staffed = queue.staffed
        queue = _staffed(queue, notice.agent, Known(notice.turn, notice.tier, notice.state, None, since_ms))
        if notice.state == "offline":
            queue = _nobodys(queue, notice.agent)
        if was_staffed and not queue.staffed:
            queue = replace(queue, emptied=True, unstaffed_ms=now_ms)
    caller = queue.caller_of(notice.offer) if notice.offer else None
    offer = places.offer_named(caller, notice.offer) if caller and notice.offer else None
    if caller is None or offer is None:
        return queue
    if offer.step in COMMITTED:
        queue = replace(queue, undos=(*queue.undos, Undo(caller.leg, offer.id)))
        caller = replace(caller, priority=max(caller.priority, LOST_AGENT_PRIORITY))
    return places.change(queue, places.without_offer(caller, offer.id))


def accepted(queue: Queue, notice: n.OfferAccepted) -> Queue:
    """The first who accepts has the caller; the others are let go."""
    caller = queue.caller_of(notice.offer)
    offer = places.offer_named(caller, notice.offer) if caller else None
    if caller is None or offer is None:
        return replace(queue, releases=(*queue.releases, Release(notice.agent, notice.offer, "unknown-offer")))
    if offer.step != "offered":
        return queue
    for other in caller.offers:
        if other.id != offer.id:
            queue = released(queue, caller, other.id, "taken")
    won = replace(offer, step="accepted", conference=notice.conference)
    return places.change(queue, replace(caller, offers=(won,)))


def declined(queue: Queue, notice: n.OfferDeclined) -> Queue:
    """An agent does not take the caller; he says himself when he is free again."""
    caller = queue.caller_of(notice.offer)
    offer = places.offer_named(caller, notice.offer) if caller else None
    if caller is None or offer is None or offer.step != "offered":
        return queue
    return places.change(queue, places.without_offer(caller, offer.id))


def expired(queue: Queue, ident: str) -> Queue:
    """Nobody has answered the offer."""
    caller = queue.caller_of(ident)
    offer = places.offer_named(caller, ident) if caller else None
    if caller is None or offer is None or offer.step != "offered":
        return queue
    return places.change(released(queue, caller, ident, "expired"), places.without_offer(caller, ident))


def doubted(queue: Queue, ident: str) -> Queue:
    """Nothing was heard of the join: the decision reads who is inside."""
    caller = queue.caller_of(ident)
    offer = places.offer_named(caller, ident) if caller else None
    return step(queue, caller, offer, "doubted") if caller and offer and offer.step == "assigned" else queue


def failed(queue: Queue, ident: str, reason: FailReason) -> Queue:
    """The caller could not be connected to the agent; neither is in the other's way any more."""
    caller = queue.caller_of(ident)
    offer = places.offer_named(caller, ident) if caller else None
    if caller is None or offer is None or offer.step == "connected":
        return queue
    queue = released(queue, caller, ident, reason)
    return places.change(queue, replace(places.without_offer(caller, ident), attempts=caller.attempts + 1))


def connected(queue: Queue, ident: str, at_ms: int) -> Queue:
    """Caller and agent are together."""
    caller = queue.caller_of(ident)
    offer = places.offer_named(caller, ident) if caller else None
    if caller is None:
        return parting.met(queue, ident, at_ms)
    if offer is None or offer.step == "connected":
        return queue
    queue, caller = places.count(
        queue, caller, "called-back" if caller.callback else "answered", max(0, at_ms - caller.arrived_ms)
    )
    if caller.connected_ms is None:
        caller = replace(caller, connected_ms=at_ms)
    if offer.step == "undoing":
        # He came in while his join was taken back: they have met, and he is taken out all the same.
        return places.change(queue, caller)
    known = queue.agents.get(offer.agent)
    if known is not None:
        queue = places.put_agent(queue, offer.agent, replace(known, since_ms=at_ms))
    return step(queue, caller, offer, "connected")


def left(queue: Queue, ident: str) -> Queue:
    """The caller has left the agent: the conversation is over, or the join is to be undone."""
    caller = queue.caller_of(ident)
    offer = places.offer_named(caller, ident) if caller else None
    if caller is None or offer is None:
        return queue
    if offer.step != "connected":
        return _undo(queue, caller, offer)
    return places.change(queue, replace(places.without_offer(caller, ident), ending="left"))


def read(queue: Queue, conference: str, calls: tuple[str, ...], now_ms: int) -> Queue:
    """A read told who is in *conference*: who is being looked for is connected, or his connection has failed."""
    for caller, offer in doubts(queue, conference, "checking"):
        if caller.leg in calls:
            presence = Presence(conference, caller.leg, now_ms, inside=True)
            queue = replace(connected(queue, offer.id, now_ms), presences=(*queue.presences, presence))
        else:
            queue = _undo(queue, caller, offer)
    return queue


def unread(queue: Queue, conference: str) -> Queue:
    """The read failed: the deadline starts again."""
    for caller, offer in doubts(queue, conference, "checking"):
        queue = step(queue, caller, offer, "accepted")
    return queue


def step(queue: Queue, caller: Caller, offer: Offer, now: OfferStep) -> Queue:
    """Return the queue with the offer at another step."""
    return places.change(queue, places.with_offer(caller, replace(offer, step=now)))


def doubts(queue: Queue, conference: str, now: OfferStep) -> list[tuple[Caller, Offer]]:
    """Return the doubted offers of a conference that are at the step *now*, with their callers."""
    found = []
    for ident, where in queue.doubts.items():
        caller = queue.caller_of(ident) if where == conference else None
        offer = places.offer_named(caller, ident) if caller else None
        if caller and offer and offer.step == now:
            found.append((caller, offer))
    return found


def _undo(queue: Queue, caller: Caller, offer: Offer) -> Queue:
    """Take the join back. The agent stays reserved until the leg says that it cannot happen any more."""
    if offer.step == "undoing":
        return queue
    queue = replace(queue, undos=(*queue.undos, Undo(caller.leg, offer.id)))
    return step(queue, caller, offer, "undoing")


def _staffed(queue: Queue, agent: str, known: Known) -> Queue:
    highest = queue.highest_tier
    queue = places.put_agent(queue, agent, known)
    # A tier that was not there before gives those who wait another time to look forward to.
    return replace(queue, sweep=True) if queue.highest_tier > max(1, highest) else queue


def _nobodys(queue: Queue, agent: str) -> Queue:
    """Let nobody wait for one agent who has logged out."""
    line = queue.lines.get(f"@{agent}")
    for _, _, call in line.ranks if line else ():
        queue = places.change(queue, replace(queue.callers[call], agent=None))
    return queue


def _handled(queue: Queue, known: Known | None, idle_since_ms: int) -> Queue:
    """Take the time from the last connection to the end of its wrap-up into the mean."""
    if known is None or known.since_ms is None or idle_since_ms <= known.since_ms:
        return queue
    took_ms, mean_ms = idle_since_ms - known.since_ms, queue.tally.handling_ms
    mean_ms = mean_ms + (took_ms - mean_ms) // HANDLING_WEIGHT if mean_ms else took_ms
    return replace(queue, tally=replace(queue.tally, handling_ms=mean_ms))
