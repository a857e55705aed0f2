"""What must be so of records in the end: they say of each queue what it has counted itself, and nobody is left open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ingress.log import Partition
from worker.aggregates import machine
from worker.aggregates.queue.state import Queue
from worker.decisions.decision import Decision
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
    for _, partition, event, decision in sorted(steps, key=lambda step: step[:2]):
        ledger, acts = ledgers[partition], decision.acts if decision else ()
        before = ledger.aggregates.get(event.address) or machine.new(event.address)
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
        recorded["offers"] = offers[queue.name]
        if own != recorded:
            yield f"the queue {queue.name} has counted {own}, and the records say {recorded}"
