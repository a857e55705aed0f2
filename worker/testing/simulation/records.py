"""What must be so of records in the end: they say of each queue what it has counted itself, and nobody is left open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ingress.log import Partition
from worker.aggregates import machine
from worker.aggregates.queue.state import Queue
from worker.decisions.decision import Decision
from worker.events import notices as n
from worker.events.event import Event
from worker.ledger.ledger import Ledger
from worker.records.book import SETTLE_MS, Book
from worker.records.known import Facts
from worker.records.model import InteractionRecord
from worker.runtime.journal import order_of

#: What a queue counts, and the ends of stays that are counted so.
COUNTED = {
    "answered": ("answered",),
    "abandoned": ("abandoned",),
    "short_abandoned": ("short-abandoned",),
    "overflowed": ("overflowed",),
    "dismissed": ("dismissed", "timed-out", "unreached"),
    "refused": ("refused",),
    "moved": ("moved",),
}


def complaints(histories: Iterable[tuple[Partition, list[Event], dict[str, Decision]]]) -> Iterator[str]:
    """Yield what is wrong with the records of these partitions, when nobody is on the phone any more."""
    book, ledgers = Book(), dict[Partition, Ledger]()
    steps: list[tuple[tuple[int, int], Partition, Event, Decision | None]] = []
    for partition, events, decisions in histories:
        ledgers[partition] = Ledger(partition)
        steps += [(order_of(event.id), partition, event, decisions.get(event.id)) for event in events]
    given: list[object] = []
    crossed = Counter[str]()
    for _, partition, event, decision in sorted(steps, key=lambda step: step[:2]):
        ledger, acts = ledgers[partition], decision.acts if decision else ()
        before = ledger.aggregates.get(event.address) or machine.new(event.address)
        if _has_crossed(before, event):
            crossed[event.address.id] += 1
        ledger.follow(event, acts)
        given += book.take(before, ledger.aggregates.get(event.address, before), event, acts)
    last_ms = max((step[0][0] for step in steps), default=0)
    given += book.settle(last_ms + SETTLE_MS)
    # Who is to be called back, or is being written about, may be for longer than the run lasts.
    opened = {record.id: record for record in book.open()}
    for dossier in book.dossiers.values():
        known = Facts(dossier.facts)
        if known.is_caller and not all(leg in known.ends for leg in known.legs):
            yield f"the record of {known.leg} does not know how the call ended"
    records = opened | {record.id: record for record in given if isinstance(record, InteractionRecord)}
    ends = Counter[tuple[str, str]]((stay.queue, stay.end) for record in records.values() for stay in record.stays)
    offers = Counter(offer.queue for record in records.values() for offer in record.offers)
    for queue in (state for ledger in ledgers.values() for state in ledger.aggregates.values()):
        if not isinstance(queue, Queue):
            continue
        tally = queue.tally
        own = {name: getattr(tally, name) for name in COUNTED} | {"offers": tally.offers}
        own["answered"] += tally.called_back
        recorded = {name: sum(ends[queue.name, end] for end in of) for name, of in COUNTED.items()}
        _allow(own, recorded, crossed[queue.name])
        recorded["offers"] = offers[queue.name]
        if own != recorded:
            yield f"the queue {queue.name} has counted {own}, and the records say {recorded}"


def _has_crossed(state: machine.AggregateState, event: Event) -> bool:
    """Whether a queue hears that a caller met his agent when it has heard already that he has hung up.

    It has counted him as one who gave up, and does not take that back; the records know better (docs/guarantees.md).
    """
    if not isinstance(state, Queue) or not isinstance(event.body, n.Told):
        return False
    notice = event.body.notice
    return isinstance(notice, n.Connected) and notice.call in state.departed and state.caller_of(notice.offer) is None


def _allow(own: dict[str, int], recorded: dict[str, int], crossed: int) -> None:
    """Count the callers whose news have *crossed* for answered, as the records do, as far as they explain anything."""
    for given_up in ("abandoned", "short_abandoned"):
        moved = min(crossed, own[given_up] - recorded[given_up], recorded["answered"] - own["answered"])
        if moved > 0:
            own[given_up] -= moved
            own["answered"] += moved
            crossed -= moved
