"""How callers come into the queue and leave it: what the legs tell."""

from __future__ import annotations

from msgspec.structs import replace

from worker.aggregates.queue import parting, places
from worker.aggregates.queue.state import (
    COMMITTED,
    Callback,
    Caller,
    Departure,
    Presence,
    Queue,
    Release,
    ReleaseReason,
)
from worker.events import notices as n


def arrive(queue: Queue, notice: n.CallerWaiting) -> Queue:
    """A caller is in the queue; the earliest of the times that tell it is when he came.

    Who has left it for good does not come back; who had gone on alive may, later than that.
    """
    call, at_ms = notice.call, notice.arrived_ms
    gone = queue.departed.get(call)
    if gone is not None and not (gone.moved and at_ms > gone.at_ms):
        # His end was heard of first: he is counted, and has left.
        return queue if gone.counted or gone.moved else depart(_come(queue, notice), call, gone.at_ms)
    return _come(queue, notice)


def _come(queue: Queue, notice: n.CallerWaiting) -> Queue:
    call, at_ms = notice.call, notice.arrived_ms
    since_ms = at_ms if notice.since_ms is None else notice.since_ms
    known = queue.callers.get(call)
    if known is not None:
        earliest = {"arrived_ms": min(known.arrived_ms, at_ms), "since_ms": min(known.since_ms, since_ms)}
        return places.change(queue, replace(known, number=known.number or notice.number, **earliest))
    lapsed = dict(queue.lapsed)
    again_ms = lapsed.pop(notice.number, None) if notice.number else None
    tally = replace(queue.tally, offered=queue.tally.offered + 1)
    if again_ms is not None:
        since_ms, tally = min(since_ms, again_ms), replace(tally, resumed=tally.resumed + 1)
    agent = notice.agent if notice.agent and _is_staff(queue, notice.agent) else None
    caller = Caller(call, at_ms, since_ms, notice.number, notice.priority, agent)
    return places.change(replace(queue, tally=tally, lapsed=lapsed), caller)


def depart(queue: Queue, leg: str, at_ms: int, *, moved: bool = False) -> Queue:
    """A caller's leg has ended, or (*moved*) has gone on alive. One who is to be called back keeps his place."""
    caller = queue.caller_on(leg)
    if caller is None:
        return places.forget(queue, leg, at_ms, moved=moved, counted=False)
    if moved and at_ms < caller.arrived_ms:
        # He has come back since.
        return queue
    if leg not in (caller.call, caller.leg):
        return places.forget(queue, leg, at_ms, moved=False)
    if caller.callback is not None and leg == caller.call:
        if caller.callback.step == "leaving":
            # Who has gone on alive still hears that he is called back: his line is not free yet.
            caller = replace(caller, callback=replace(caller.callback, step="resting" if moved else "kept"))
        return places.forget(places.change(queue, caller), leg, at_ms, moved=False)
    for offer in caller.offers:
        queue = released(queue, caller, offer.id, "moved" if moved else "caller-gone")
        if offer.step in COMMITTED and not moved:
            presence = Presence(offer.conference, leg, at_ms, inside=False)
            queue = replace(queue, presences=(*queue.presences, presence))
    if not moved:
        queue = parting.part(queue, caller, at_ms)
    queue = places.drop(queue, caller, at_ms, moved=moved)
    return replace(queue, left=(*queue.left, Departure(caller, at_ms, moved)))


def released(queue: Queue, caller: Caller, offer: str, reason: ReleaseReason) -> Queue:
    """Have the agent told that the offer is over."""
    known = places.offer_named(caller, offer)
    if known is None:
        return queue
    return replace(queue, releases=(*queue.releases, Release(known.agent, offer, reason)))


def leg_answered(queue: Queue, notice: n.LegAnswered) -> Queue:
    """Somebody whom we call back has answered."""
    if notice.call in queue.departed:
        return queue
    caller = called_back(queue, notice.purpose)
    known = caller.callback if caller else None
    if caller is None or known is None or caller.gone is not None:
        return stray(queue, notice.call, notice.at_ms)
    if known.step == "up":
        return queue if known.leg == notice.call else stray(queue, notice.call, notice.at_ms)
    offers = tuple(replace(o, step="accepted") if o.step == "dialling" else o for o in caller.offers)
    # He has been called in time; from now on he waits as others do.
    timers = caller.timers - {"max-wait"}
    up = replace(
        caller, callback=replace(known, step="up", leg=notice.call), offers=offers, overdue=False, timers=timers
    )
    return places.change(replace(queue, legs={**queue.legs, notice.call: caller.call}), up)


def leg_ended(queue: Queue, notice: n.LegEnded) -> Queue:
    """A leg that we dialled to call somebody back has ended."""
    caller = called_back(queue, notice.purpose)
    if caller is None or caller.callback is None:
        return places.forget(queue, notice.call, notice.at_ms, moved=False)
    if caller.callback.step == "up" and caller.callback.leg == notice.call:
        return depart(queue, notice.call, notice.at_ms)
    queue = places.forget(queue, notice.call, notice.at_ms, moved=False)
    return unreached(queue, caller) if notice.purpose == purpose_of(caller) else queue


def unreached(queue: Queue, caller: Caller) -> Queue:
    """Who was rung did not answer: the agent who was reserved for him is free again, and he rests."""
    if caller.callback is None or caller.callback.step != "dialling":
        return queue
    for offer in caller.offers:
        queue = released(queue, caller, offer.id, "caller-gone")
    resting = replace(caller.callback, step="resting", leg=None)
    return places.change(queue, replace(caller, callback=resting, offers=()))


def dialled(queue: Queue, purpose: str, leg: str | None, now_ms: int) -> Queue:
    """Telnyx has said which leg it dials for a caller who is called back. None: it may dial one, or not."""
    caller = called_back(queue, purpose)
    if leg is None:
        return queue
    if caller is None or caller.callback is None or purpose_of(caller) != purpose or caller.callback.step != "dialling":
        return queue if queue.caller_on(leg) or leg in queue.departed else stray(queue, leg, now_ms)
    if leg in queue.departed:
        return unreached(queue, caller)
    known = replace(caller, callback=replace(caller.callback, leg=leg))
    return places.change(replace(queue, legs={**queue.legs, leg: caller.call}), known)


def kept(caller: Caller) -> Caller:
    """Return a caller who is to be called back, from now on."""
    return replace(caller, callback=Callback(), pressed=None, saying=None)


def purpose_of(caller: Caller, tried: int | None = None) -> str:
    """Name what a leg is dialled for: for whom, and which try it is; None: the last one."""
    tries = caller.callback.tries if caller.callback else 0
    return f"callback:{tries if tried is None else tried}:{caller.call}"


def called_back(queue: Queue, purpose: str) -> Caller | None:
    """Return the caller for whom a leg of this purpose was dialled."""
    return queue.callers.get(purpose.partition(":")[2].partition(":")[2])


def stray(queue: Queue, leg: str, at_ms: int) -> Queue:
    """Have a leg hung up that nobody needs; whatever else is heard of it changes nothing."""
    return places.forget(replace(queue, strays=(*queue.strays, leg)), leg, at_ms, moved=False)


def _is_staff(queue: Queue, agent: str) -> bool:
    known = queue.agents.get(agent)
    return known is not None and known.state != "offline"
