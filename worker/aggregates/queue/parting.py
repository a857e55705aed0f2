"""Callers who hung up in the moment in which they met their agents: of which the queue hears first is chance.

Heard of his end first, the queue counts him as gone; hears it then that he had met his agent, it counts him anew.
"""

from __future__ import annotations

from msgspec.structs import replace

from worker.aggregates.queue.state import COMMITTED, Caller, Queue
from worker.aggregates.queue.tally import Met, Parted

#: For so long what conferences tell of them may be late.
KEPT_MS = 600_000


def part(queue: Queue, caller: Caller, at_ms: int) -> Queue:
    """Remember a caller who hangs up while an agent has him, or may have him."""
    offers = [offer.id for offer in caller.offers if offer.step in COMMITTED]
    if caller.end is not None or not offers:
        return queue
    called_back = caller.callback is not None
    parted = Parted(caller.call, caller.number, caller.arrived_ms, caller.since_ms, at_ms, called_back)
    kept = {offer: known for offer, known in queue.parted.items() if known.at_ms > at_ms - KEPT_MS}
    return replace(queue, parted=kept | dict.fromkeys(offers, parted))


def met(queue: Queue, offer: str, at_ms: int) -> Queue:
    """A conference tells that caller and agent were together, of an offer that is not open any more."""
    if offer not in queue.parted or any(known.offer == offer for known in queue.met):
        return queue
    return replace(queue, met=(*queue.met, Met(offer, at_ms)))


def counted(queue: Queue, what: str, call: str) -> Queue:
    """Adopt how one who has gone was counted."""
    if not any(known.call == call for known in queue.parted.values()):
        return queue
    changed = {offer: _counted(known, what) if known.call == call else known for offer, known in queue.parted.items()}
    return replace(queue, parted=changed)


def corrected(queue: Queue, offer: str, waited_ms: int, *, in_time: bool) -> Queue:
    """Adopt that one who was counted as gone had met his agent. He has no place to come back to."""
    parted = queue.parted.get(offer)
    if parted is None:
        return queue
    tally = queue.tally.corrected(parted, waited_ms)
    tally = replace(tally, answered_in_time=tally.answered_in_time + in_time)
    lapsed = queue.lapsed
    if lapsed.get(parted.number) == parted.since_ms:
        lapsed = {number: since_ms for number, since_ms in lapsed.items() if number != parted.number}
    others = {known: each for known, each in queue.parted.items() if each.call != parted.call}
    return replace(queue, tally=tally, lapsed=lapsed, parted=others)


def _counted(parted: Parted, what: str) -> Parted:
    if what == "abandoned-late":
        return replace(parted, late=True)
    return replace(parted, end="short-abandoned" if what == "short-abandoned" else "abandoned")
