"""Makes a history that fails shorter, as long as it still fails in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from worker.policy.model import Queue
from worker.testing.emulator.settings import Conditions, Unconfirmed
from worker.testing.simulation.history import History, TelnyxConditions
from worker.testing.simulation.invariants import kind_of

#: Runs that shrinking may take.
MOST_RUNS = 200


def failures(wrong: tuple[str, ...]) -> frozenset[str]:
    """Return what kinds of failure a run had."""
    return frozenset(map(kind_of, wrong))


def shrink(history: History, fails: Callable[[History], bool], *, most_runs: int = MOST_RUNS) -> History:
    """Return the shortest history found, within so many runs, of which *fails* says that it fails as *history* did."""
    runs = 0
    shrunk = True
    while shrunk:
        shrunk = False
        for shorter in _shorter(history):
            if runs >= most_runs:
                return history
            runs += 1
            if fails(shorter):
                history, shrunk = shorter, True
                break
    return history


def _shorter(history: History) -> Iterator[History]:
    """Yield histories that are a little shorter, the boldest first."""
    for size in _sizes(len(history.faults)):
        for start in range(0, len(history.faults), size):
            yield replace(history, faults=history.faults[:start] + history.faults[start + size :])
    for size in _sizes(len(history.rings)):
        for start in range(0, len(history.rings), size):
            yield replace(history, rings=history.rings[:start] + history.rings[start + size :])
    for size in _sizes(len(history.deeds)):
        for start in range(0, len(history.deeds), size):
            yield replace(history, deeds=history.deeds[:start] + history.deeds[start + size :])
    for address in history.phones:
        yield replace(history, phones={other: does for other, does in history.phones.items() if other != address})
    yield from _plainer(history)
    for field in ("agents", "workers", "partitions"):
        if getattr(history, field) > 1:
            yield replace(history, **{field: getattr(history, field) - 1})
    usual = Unconfirmed()
    for field in Unconfirmed.__struct_fields__:
        if getattr(history.unconfirmed, field) != getattr(usual, field):
            unconfirmed = replace(history.unconfirmed, **{field: getattr(usual, field)})
            yield replace(history, unconfirmed=unconfirmed)
    for place, fault in enumerate(history.faults):
        if not isinstance(fault, TelnyxConditions):
            continue
        for field in Conditions.__struct_fields__:
            if getattr(fault.conditions, field) != getattr(Conditions(), field):
                calmer = replace(fault, conditions=replace(fault.conditions, **{field: getattr(Conditions(), field)}))
                yield replace(history, faults=(*history.faults[:place], calmer, *history.faults[place + 1 :]))


def _plainer(history: History) -> Iterator[History]:
    """Yield histories of a smaller or plainer contact centre."""
    centre = history.policy
    if centre is None:
        return
    if len(centre.agents) > 1:
        for name in centre.agents:
            fewer = {other: agent for other, agent in centre.agents.items() if other != name}
            yield replace(history, policy=replace(centre, agents=fewer))
    for name, queue in centre.queues.items():
        for field in Queue.__struct_fields__:
            if getattr(queue, field) != getattr(Queue(), field):
                plainer = replace(queue, **{field: getattr(Queue(), field)})
                yield replace(history, policy=replace(centre, queues={**centre.queues, name: plainer}))


def _sizes(count: int) -> Iterator[int]:
    """Yield how many to leave out at once: all, half of them, … one."""
    while count > 0:
        yield count
        count //= 2
