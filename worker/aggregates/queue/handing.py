"""A caller whom one agent hands to another: he goes on as if the queue had sent him to that one."""

from __future__ import annotations

from msgspec.structs import replace

from worker.aggregates.queue import offering, places
from worker.aggregates.queue.state import COMMITTED, Caller, Offer, Queue, Release, Renamed
from worker.events import notices as n


def handed_on(queue: Queue, notice: n.HandedOn, now_ms: int) -> Queue:
    """The caller is with another agent; one who is not with the first any more is not with the second either."""
    if queue.caller_of(notice.to) is not None:
        return queue
    caller = queue.caller_of(notice.offer)
    known = places.offer_named(caller, notice.offer) if caller else None
    if caller is not None and known is not None and known.step in COMMITTED and known.step != "undoing":
        # Where it was not told yet that they met: they have.
        queue = offering.connected(queue, known.id, now_ms)
        return _with(queue, queue.caller_of(known.id) or caller, notice, now_ms)
    caller = queue.caller_on(notice.call)
    if caller is not None and caller.leg == notice.call and _may_stay(caller):
        return _with(queue, replace(caller, ending=None), notice, now_ms)
    release = Release(notice.agent, notice.to, "caller-gone")
    return replace(queue, releases=(*queue.releases, release))


def _may_stay(caller: Caller) -> bool:
    """Whether he was taken for one whose conversation is over, for the first agent has hung up after handing him on."""
    return caller.ending in ("left", "timed") and not caller.offers and caller.gone is None


def _with(queue: Queue, caller: Caller, notice: n.HandedOn, now_ms: int) -> Queue:
    agent = queue.agents.get(notice.agent)
    if agent is not None:
        queue = places.put_agent(queue, notice.agent, replace(agent, since_ms=now_ms))
    offer = Offer(notice.to, notice.agent, notice.conference, "connected")
    queue = places.change(queue, replace(caller, offers=(offer,)))
    return replace(queue, renamed=(*queue.renamed, Renamed(caller.leg, notice)))
