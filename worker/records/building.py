"""A record out of facts: the same whatever order they came in, and however often."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from ingress.ids import record_id
from worker.records import facts as f
from worker.records import model as m
from worker.records.known import Facts
from worker.records.stays import stays_of


def record_of(tenant: str, facts: Iterable[f.AnyFact], revision: int) -> m.InteractionRecord | None:
    """Return the record of a caller; None where *facts* are not of one."""
    known = Facts(facts)
    if not known.is_caller:
        return None
    rang = known.of(f.Rang)
    leg, ended = known.leg, known.ends
    last = max((end for end in ended.values()), key=lambda end: end.at_ms, default=None)
    over = known.over
    record = m.InteractionRecord(
        id=record_id(tenant, leg),
        revision=revision,
        tenant=tenant,
        call=leg,
        legs=known.legs,
        number=next((fact.number for fact in rang if fact.number), ""),
        dialled=next((fact.dialled for fact in rang if fact.dialled), ""),
        rang_ms=min(fact.at_ms for fact in rang),
        answered_ms=min((fact.at_ms for fact in known.of(f.Answered) if fact.leg == leg), default=None),
        ended_ms=last.at_ms if last is not None and over else None,
        result="open",
        ended_by=_ended_by(known, last) if over else "unknown",
        cause=last.cause if isinstance(last, f.Ended) and over else "",
        goals=tuple(m.Goal(fact.at_ms, fact.kind, fact.name, fact.key) for fact in known.of(f.Led)),
        stays=(),
        offers=_offers(known),
        conversations=_conversations(known, last.at_ms if last is not None and over else None),
        deeds=tuple(m.Deed(fact.at_ms, fact.agent, fact.what, fact.value) for fact in known.of(f.Cared)),
        recordings=_recordings(known),
    )
    record = replace(record, stays=stays_of(known, record))
    return replace(record, result=_result(record, known)) if over else record


def _offers(known: Facts) -> tuple[m.OfferMade, ...]:
    connected = {fact.offer: fact for fact in reversed(known.of(f.Connected))}
    made: dict[str, m.OfferMade] = {}
    for offered in known.of(f.Offered):
        if offered.offer in made:
            continue
        offer = m.OfferMade(offered.offer, offered.queue, offered.agent, offered.at_ms, "open")
        for moved in (fact for fact in known.of(f.OfferMoved) if fact.offer == offered.offer):
            if moved.step == "accepted":
                offer = replace(offer, accepted_ms=offer.accepted_ms or moved.at_ms)
            elif offer.end == "open":
                offer = replace(offer, end=moved.step, reason=moved.reason, ended_ms=moved.at_ms)
        if (together := connected.get(offered.offer)) is not None:
            offer = replace(offer, end="connected", reason="", ended_ms=together.at_ms)
        made[offered.offer] = offer
    return tuple(made.values())


def _conversations(known: Facts, ended_ms: int | None) -> tuple[m.Conversation, ...]:
    offers = {offer.id: offer for offer in _offers(known)}
    met = [(fact.at_ms, offers[fact.offer]) for fact in known.of(f.Connected) if fact.offer in offers]
    begun = [(at_ms, offer.id, offer.queue, offer.agent) for at_ms, offer in met]
    begun += [(fact.at_ms, fact.offer, fact.queue, fact.agent) for fact in known.of(f.HandedOn)]
    found: dict[str, m.Conversation] = {}
    for from_ms, offer, queue, agent in sorted(begun, key=lambda each: each[0]):
        if offer in found:
            continue
        parted = min((fact.at_ms for fact in known.of(f.Parted) if fact.offer == offer), default=ended_ms)
        to_ms = None if parted is None else max(from_ms, parted)
        holds = [] if to_ms is None else _holds(known, from_ms, to_ms)
        hold_ms = sum(end - begin for begin, end in holds)
        wrapped = [fact for fact in known.of(f.Wrapped) if fact.offer == offer]
        began = min((fact.at_ms for fact in wrapped if fact.began), default=0)
        done = min((fact.at_ms for fact in wrapped if not fact.began), default=began)
        talk_ms = 0 if to_ms is None else to_ms - from_ms - hold_ms
        found[offer] = m.Conversation(
            offer, queue, agent, from_ms, to_ms, talk_ms, hold_ms, len(holds), max(0, done - began)
        )
    return tuple(found.values())


def _holds(known: Facts, from_ms: int, to_ms: int) -> list[tuple[int, int]]:
    """Return from when to when the caller was on hold in a conversation."""
    spans: list[tuple[int, int]] = []
    since: int | None = None
    for fact in known.of(f.Held):
        if not from_ms <= fact.at_ms <= to_ms:
            continue
        if fact.on and since is None:
            since = fact.at_ms
        elif not fact.on and since is not None:
            spans.append((since, fact.at_ms))
            since = None
    return [*spans, (since, to_ms)] if since is not None else spans


def _recordings(known: Facts) -> tuple[m.Recording, ...]:
    found = {fact.recording: fact for fact in reversed(known.of(f.Recorded))}
    recordings = (
        m.Recording(fact.recording, fact.started_at, fact.ended_at, fact.queue, fact.agent, fact.box)
        for fact in found.values()
    )
    return tuple(sorted(recordings, key=lambda recording: (recording.started_at, recording.id)))


def _ended_by(known: Facts, last: f.Ended | f.Vanished | None) -> m.EndedBy:
    deeds = known.of(f.Cared)
    if any(deed.what in ("end-conversation", "hung-up") for deed in deeds):
        return "agent"
    theirs = "callee" if last is not None and last.leg != known.leg else "caller"
    if isinstance(last, f.Ended) and last.source == theirs:
        return "caller"
    if any(fact.leg == (last.leg if last else "") for fact in known.of(f.HungUp)):
        return "system"
    return "unknown"


def _result(record: m.InteractionRecord, known: Facts) -> m.Result:
    if record.conversations:
        return "answered"
    if any(recording.box for recording in record.recordings):
        return "voicemail"
    if any(goal.kind == "number" for goal in record.goals):
        return "transferred"
    last = record.stays[-1].end if record.stays else None
    match last:
        case "abandoned" | "short-abandoned":
            return last
        case None | "waiting" | "answered":
            return "ended" if any(fact.leg == record.call for fact in known.of(f.Answered)) else "refused"
        case "moved":
            return "ended"
        case "unreached":
            return "abandoned"
        case _:
            return "dismissed"
