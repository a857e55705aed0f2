"""What there is to see of a queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import cast

from worker.aggregates.queue.state import Caller, Known, Queue
from worker.aggregates.queue.tally import Tally
from worker.views.model import MOST_CALLERS, AgentState, Closed, Counts, QueueView, WaitingCaller

#: Agents or callers that are looked at in one step: about half a millisecond.
STEP = 400


def view_of_queue(queue: Queue) -> QueueView:
    """Return the view of *queue*."""
    steps = steps_of_queue(queue)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return cast("QueueView", done.value)


def steps_of_queue(queue: Queue) -> Generator[None, None, QueueView]:
    """Make the view of *queue* in small steps, for a queue may have thousands of agents and callers; return it."""
    talking: set[str] = set()
    for number, caller in enumerate(queue.callers.values()):
        talking.update(offer.agent for offer in caller.offers if offer.step == "connected")
        if number % STEP == STEP - 1:
            yield
    agents: Counter[AgentState] = Counter()
    for number, (name, known) in enumerate(queue.agents.items()):
        agents[_state(known, talks=name in talking)] += 1
        if number % STEP == STEP - 1:
            yield
    listed: list[WaitingCaller] = []
    longest_ms, away, number = None, 0, 0
    for number, (_, _, call) in enumerate(queue.present, 1):
        caller = queue.callers[call]
        if _is_away(caller):
            away += 1
        else:
            longest_ms = caller.since_ms if longest_ms is None else min(longest_ms, caller.since_ms)
        if number <= MOST_CALLERS:
            listed.append(_waiting(caller, number))
        if number % STEP == 0:
            yield
    return QueueView(
        tenant=queue.address.tenant,
        queue=queue.name,
        closed=Closed(queue.closed.reason, queue.closed.by) if queue.closed else None,
        waiting=number,
        callbacks=away,
        talking=len(talking),
        longest_since_ms=longest_ms,
        callers=tuple(listed),
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
    if known.state == "unreached":
        return "offline"
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
