"""Figures out of records and changes of state. Pure; the same records give the same figures, whatever their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from worker.records.book import Standing
from worker.records.model import AgentStateChange, Conversation, InteractionRecord, OfferMade, Record, Stay
from worker.statistics.figures import AgentFigures, QueueFigures
from worker.statistics.intervals import Interval, Intervals

#: Of a stay that does not say its queue's threshold: what a queue has whose policy says none.
THRESHOLD_MS = 20_000


class Cell(msgspec.Struct, frozen=True):
    """What figures are of: a queue or an agent of a tenant in an interval."""

    interval: Interval
    tenant: str
    name: str


def newest(records: Iterable[Record]) -> list[Record]:
    """Return each record once, in its last revision."""
    found: dict[str, Record] = {}
    for record in records:
        known = found.get(record.id)
        if isinstance(known, InteractionRecord) and isinstance(record, InteractionRecord):
            if record.revision >= known.revision:
                found[record.id] = record
        else:
            found[record.id] = record
    return list(found.values())


def queue_figures(
    records: Iterable[Record], intervals: Intervals, threshold_ms: int | None = None
) -> dict[Cell, QueueFigures]:
    """Return the figures of each queue; a stay counts where it began.

    The threshold of the service level is each stay's own, which the queue had then, unless *threshold_ms* overrides it.
    """
    found: dict[Cell, QueueFigures] = {}
    thresholds: dict[Cell, set[int]] = {}
    for record in newest(records):
        if not isinstance(record, InteractionRecord):
            continue
        for stay, offers, talks in stays_with(record):
            interval = intervals.of(stay.entered_ms)
            if interval is not None:
                cell = Cell(interval, record.tenant, stay.queue)
                figures = found.setdefault(cell, QueueFigures())
                within_ms = next(ms for ms in (threshold_ms, stay.threshold_ms, THRESHOLD_MS) if ms is not None)
                thresholds.setdefault(cell, set()).add(within_ms)
                _count(figures, stay, within_ms)
                figures.offers += len(offers)
                for talk in talks:
                    figures.conversations += 1
                    figures.talk_ms += talk.talk_ms
                    figures.hold_ms += talk.hold_ms
                    figures.wrap_up_ms += talk.wrap_up_ms
    for cell, figures in found.items():
        figures.threshold_ms = next(iter(thresholds[cell])) if len(thresholds[cell]) == 1 else None
    return found


def agent_figures(
    records: Iterable[Record], standings: Iterable[Standing], intervals: Intervals, upto_ms: int
) -> dict[Cell, AgentFigures]:
    """Return the figures of each agent; *standings* are of who has not changed since, *upto_ms* is the present."""
    found: dict[Cell, AgentFigures] = {}
    known = newest(records)
    for record in known:
        if isinstance(record, InteractionRecord):
            _handled(found, record, intervals)
    for tenant, agent, state, from_ms, to_ms in _spans(known, standings, upto_ms):
        for interval, inside_ms in intervals.within(from_ms, to_ms):
            figures = found.setdefault(Cell(interval, tenant, agent), AgentFigures())
            name = f"{state.replace('-', '_')}_ms"
            setattr(figures, name, getattr(figures, name) + inside_ms)
    return found


def stays_with(
    record: InteractionRecord,
) -> Iterator[tuple[Stay, tuple[OfferMade, ...], tuple[Conversation, ...]]]:
    """Yield each stay with its offers and conversations: those of that queue until the next stay in it.

    A conversation follows its offer; one with a colleague to whom the caller was handed has none, and counts by when it
    began.
    """
    offered = {offer.id for offer in record.offers}
    for number, stay in enumerate(record.stays):
        later = (other.entered_ms for other in record.stays[number + 1 :] if other.queue == stay.queue)
        until_ms = next(later, None)
        offers = tuple(
            offer
            for offer in record.offers
            if offer.queue == stay.queue
            and offer.at_ms >= stay.entered_ms
            and (until_ms is None or offer.at_ms < until_ms)
        )
        names = {offer.id for offer in offers} | {
            talk.offer
            for talk in record.conversations
            if talk.offer not in offered
            and talk.queue == stay.queue
            and talk.from_ms >= stay.entered_ms
            and (until_ms is None or talk.from_ms < until_ms)
        }
        yield stay, offers, tuple(talk for talk in record.conversations if talk.offer in names)


def _count(figures: QueueFigures, stay: Stay, threshold_ms: int) -> None:
    figures.offered += 1
    waited_ms = stay.waited_ms or 0
    figures.longest_wait_ms = max(figures.longest_wait_ms, waited_ms)
    match stay.end:
        case "answered":
            figures.answered += 1
            figures.answered_in += waited_ms <= threshold_ms
            figures.wait_ms += waited_ms
            figures.called_back += stay.called_back
        case "abandoned":
            figures.abandoned += 1
            figures.abandoned_late += waited_ms > threshold_ms
        case "short-abandoned":
            figures.short_abandoned += 1
        case "overflowed":
            figures.overflowed += 1
        case "timed-out":
            figures.timed_out += 1
        case "refused":
            figures.refused += 1
        case "dismissed":
            figures.dismissed += 1
        case "moved":
            figures.moved += 1
        case "unreached":
            figures.unreached += 1
        case "waiting":
            figures.waiting += 1


def _handled(found: dict[Cell, AgentFigures], record: InteractionRecord, intervals: Intervals) -> None:
    for offer in record.offers:
        interval = intervals.of(offer.at_ms)
        if interval is not None:
            figures = found.setdefault(Cell(interval, record.tenant, offer.agent), AgentFigures())
            figures.offers += 1
            figures.declined += offer.end == "declined"
    for talk in record.conversations:
        interval = intervals.of(talk.from_ms)
        if interval is not None:
            figures = found.setdefault(Cell(interval, record.tenant, talk.agent), AgentFigures())
            figures.conversations += 1
            figures.talk_ms += talk.talk_ms
            figures.hold_ms += talk.hold_ms
            figures.wrap_up_ms += talk.wrap_up_ms


def _spans(
    records: Iterable[Record], standings: Iterable[Standing], upto_ms: int
) -> Iterator[tuple[str, str, str, int, int]]:
    """Yield tenant, agent, state, from when, to when: each time that an agent was something."""
    last = {(s.tenant, s.agent): (s.state, s.since_ms, s.since_ms) for s in standings}
    for record in records:
        if not isinstance(record, AgentStateChange):
            continue
        yield record.tenant, record.agent, record.previous, record.since_ms, record.at_ms
        who = (record.tenant, record.agent)
        # Of two changes in one moment the later one has been something else for no time.
        if who not in last or (record.at_ms, record.since_ms) >= last[who][1:]:
            last[who] = (record.state, record.at_ms, record.since_ms)
    for (tenant, agent), (state, since_ms, _) in last.items():
        yield tenant, agent, state, since_ms, upto_ms
