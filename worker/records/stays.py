"""A caller's stays in queues: each begins once and ends once, as the queue counts it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from worker.records import facts as f
from worker.records import model as m
from worker.records.known import Facts

#: Why a queue sends a caller on who goes where he, or somebody for him, wants to.
MOVED = frozenset({"key", "moved", "transferred"})

Leaving = f.SentOn | f.WentOn | f.Lapsed
Step = f.Waiting | f.Admitted | Leaving | m.OfferMade


def stays_of(known: Facts, record: m.InteractionRecord) -> tuple[m.Stay, ...]:
    """Return the stays of a caller, the earliest first.

    Who is put into Telnyx's queue anew, or lost his agent and waits again, is in the same stay: it ended when he was
    answered.
    """
    stays: list[m.Stay] = []
    present: dict[str, int] = {}
    #: Of which he is counted as gone: he may be told to have met an agent before.
    gone: dict[str, int] = {}
    admitted: set[str] = set()
    for step in _steps(known, record):
        match step:
            case f.Waiting(queue=queue) if queue not in present:
                present[queue] = len(stays)
                admitted.discard(queue)
                stay = m.Stay(queue, step.at_ms, step.since_ms, "waiting", priority=step.priority, agent=step.agent)
                stays.append(replace(stay, threshold_ms=step.threshold_ms))
            case f.Admitted(queue=queue):
                admitted.add(queue)
            case f.SentOn(queue=queue, reason="callback") if queue in present:
                number = present[queue]
                stays[number] = replace(stays[number], called_back=True)
            case m.OfferMade(queue=queue) if queue in present:
                number = present[queue]
                at_ms = max(stays[number].entered_ms, step.ended_ms or step.at_ms)
                stays[number] = _ended(stays[number], "answered", at_ms, agent=step.agent)
            case m.OfferMade(queue=queue) if queue in gone:
                # News of a meeting and of the end cross; he met his agent all the same.
                number = gone.pop(queue)
                at_ms = max(stays[number].entered_ms, step.ended_ms or step.at_ms)
                stays[number] = _ended(replace(stays[number], end="waiting"), "answered", at_ms, agent=step.agent)
            case f.SentOn(queue=queue) | f.Lapsed(queue=queue) if queue in present:
                number = present.pop(queue)
                if isinstance(step, f.Lapsed) and step.what != "given-up" and stays[number].end == "waiting":
                    gone[queue] = number
                stays[number] = _left(stays[number], step, admitted=queue in admitted)
            case f.WentOn(queue=queue) if queue in present:
                number = present[queue]
                if stays[number].called_back and stays[number].end == "waiting":
                    continue
                stays[present.pop(queue)] = _ended(stays[number], "moved", step.at_ms)
            case _:
                pass
    if record.ended_ms is None:
        return tuple(stays)
    return tuple(_ended(stay, "abandoned", max(stay.entered_ms, record.ended_ms)) for stay in stays)


def _steps(known: Facts, record: m.InteractionRecord) -> Iterator[Step]:
    """Yield what begins, changes and ends stays, in the order of the log."""
    offers = {offer.id: offer for offer in record.offers}
    connected = ((fact.told_ms, offers[fact.offer]) for fact in known.of(f.Connected) if fact.offer in offers)
    steps: list[tuple[int, int, Step]] = [(told_ms, 2, offer) for told_ms, offer in connected]
    steps += [(fact.at_ms, 0, fact) for fact in known.of(f.Waiting)]
    steps += [(fact.at_ms, 1, fact) for fact in known.of(f.Admitted)]
    leaving: list[Leaving] = [*known.of(f.Lapsed), *known.of(f.SentOn), *known.of(f.WentOn)]
    steps += [(fact.at_ms, 3, fact) for fact in leaving]
    # Of the same moment: who comes is let in, connected, and only then gone.
    yield from (step for _, _, step in sorted(steps, key=lambda each: each[:2]))


def _left(stay: m.Stay, step: f.SentOn | f.Lapsed, *, admitted: bool) -> m.Stay:
    match step:
        case f.SentOn(reason="finished"):
            return _ended(stay, "dismissed", step.at_ms, reason="finished")
        case f.SentOn(reason=reason):
            return _ended(stay, _end_of(step, admitted=admitted), step.at_ms, reason=reason)
        case f.Lapsed(what="given-up"):
            return _ended(stay, "unreached", step.at_ms)
        case f.Lapsed(what=what, waited_ms=waited_ms):
            end: m.StayEnd = "short-abandoned" if what == "short-abandoned" else "abandoned"
            return _ended(stay, end, stay.entered_ms + waited_ms)


def _end_of(sent: f.SentOn, *, admitted: bool) -> m.StayEnd:
    if sent.reason in MOVED:
        return "moved"
    if not admitted:
        return "refused"
    if sent.further:
        return "overflowed"
    return "timed-out" if sent.reason == "max-wait" else "dismissed"


def _ended(stay: m.Stay, end: m.StayEnd, at_ms: int, *, reason: str = "", agent: str = "") -> m.Stay:
    """Return the stay with its end; one that has ended stays as it is."""
    if stay.end != "waiting":
        return stay
    return replace(stay, end=end, left_ms=at_ms, waited_ms=at_ms - stay.entered_ms, reason=reason, answered_by=agent)
