"""What there is to see of a queue."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from worker.aggregates.queue.state import Caller, Known, Queue
from worker.aggregates.queue.tally import Tally
from worker.views.model import MOST_CALLERS, AgentState, Closed, Counts, QueueView, WaitingCaller


def view_of_queue(queue: Queue) -> QueueView:
    """Return the view of *queue*."""
    waiting = [queue.callers[call] for _, _, call in queue.present]
    on_the_line = [caller.since_ms for caller in waiting if not _is_away(caller)]
    talking = {o.agent for caller in queue.callers.values() for o in caller.offers if o.step == "connected"}
    agents = Counter(_state(known, talks=name in talking) for name, known in queue.agents.items())
    return QueueView(
        tenant=queue.address.tenant,
        queue=queue.name,
        closed=Closed(queue.closed.reason, queue.closed.by) if queue.closed else None,
        waiting=len(waiting),
        callbacks=len(waiting) - len(on_the_line),
        talking=len(talking),
        longest_since_ms=min(on_the_line, default=None),
        callers=tuple(_waiting(caller, place) for place, caller in enumerate(islice(waiting, MOST_CALLERS), 1)),
        agents=dict(sorted(agents.items())),
        counts=counts_of(queue.tally),
    )


def counts_of(tally: Tally) -> Counts:
    """Return what a queue has counted, with what follows from it."""
    met = tally.answered + tally.called_back
    counted = tally.answered + tally.abandoned_late
    return Counts(
        offered=tally.offered,
        answered=tally.answered,
        answered_in_time=tally.answered_in_time,
        called_back=tally.called_back,
        abandoned=tally.abandoned,
        abandoned_late=tally.abandoned_late,
        short_abandoned=tally.short_abandoned,
        overflowed=tally.overflowed,
        dismissed=tally.dismissed,
        refused=tally.refused,
        moved=tally.moved,
        resumed=tally.resumed,
        offers=tally.offers,
        longest_wait_ms=tally.longest_wait_ms,
        mean_wait_ms=tally.wait_total_ms // met if met else None,
        service_level=tally.answered_in_time / counted if counted else None,
    )


def _state(known: Known, *, talks: bool) -> AgentState:
    """Return what an agent is doing: of conversations with its own callers he tells the queue nothing more."""
    if known.state == "free":
        return "available"
    if known.state != "reserved":
        return known.state
    return "busy" if talks else "reserved" if known.since_ms is None else "wrapping-up"


def _is_away(caller: Caller) -> bool:
    return caller.callback is not None and caller.callback.step != "up"


def _waiting(caller: Caller, position: int) -> WaitingCaller:
    return WaitingCaller(
        call=caller.leg,
        number=caller.number,
        position=position,
        priority=caller.priority,
        since_ms=caller.since_ms,
        arrived_ms=caller.arrived_ms,
        offered_to=tuple(offer.agent for offer in caller.offers),
        callback=caller.callback is not None,
    )
