"""The conference after an event, and after its own decision."""

from __future__ import annotations

from msgspec.structs import replace

from worker.aggregates.conference import care, colleagues, handover, manner, parties, partings, presence, recording
from worker.aggregates.conference.state import Conference
from worker.decisions.decision import Accept, Act, Tell
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.event import Event
from worker.events.outcomes import Observed, ParticipantsSeen, StatusSeen


def fold(conference: Conference, event: Event) -> Conference:
    """Return the conference as it is known after *event*."""
    if conference.asking is not None:
        conference = replace(conference, asking=None)
    conference = _fact(conference, event)
    for subject in (recording, manner, parties, colleagues, partings, handover):
        conference = subject.fold(conference, event)
    return _settle(care.moved(conference, event))


def adopt(conference: Conference, acts: tuple[Act, ...]) -> Conference:
    """Return the conference after it has decided *acts*."""
    for act in acts:
        match act:
            case Accept() | Tell(notice=n.ConsultAsked()):
                conference = care.undertake(conference)
            case Tell(notice=n.Connected(call=call)):
                caller = replace(conference.expected[call], connected=True)
                conference = replace(conference, expected={**conference.expected, call: caller})
                conference = care.begin(conference, call)
            case Tell(notice=n.CallerLeft(call=call, offer=offer)) if _is_of(conference, call, offer):
                conference = presence.forget(care.end(conference, call), call)
            case Tell(to=to, notice=n.ConferenceOver()) if conference.handed is None and to.id == conference.agent:
                conference = replace(conference, told_over=True)
            case _:
                pass
        for subject in (recording, manner, parties, colleagues, partings, handover):
            conference = subject.adopt(conference, act)
        conference = manner.tidy(_settle(conference))
    return conference


def _is_of(conference: Conference, call: str, offer: str) -> bool:
    """Whether an offer is the caller's, rather than that of the agent who has handed him on."""
    caller = conference.expected.get(call)
    return caller is None or caller.offer == offer


def _settle(conference: Conference) -> Conference:
    """See who has left by himself, whether a conversation is over by that, and who goes with it."""
    return partings.settle(parties.settle(handover.settle(parties.settle(conference))))


def _fact(conference: Conference, event: Event) -> Conference:
    at_ms = event.occurred_ms
    match event.body:
        case w.ConferenceCreated(call_control_id=creator):
            created = replace(conference, created_ms=_earliest(conference.created_ms, at_ms))
            return presence.joined(created, creator, at_ms) if creator else created
        case w.ParticipantJoined(call_control_id=leg):
            return presence.joined(conference, leg, at_ms)
        case w.ParticipantLeft(call_control_id=leg):
            return presence.left(conference, leg, at_ms)
        case w.ConferenceEnded():
            return replace(conference, ended_ms=_earliest(conference.ended_ms, at_ms))
        case w.ConferenceRecordingSaved():
            return conference
        case w.Webhook(event_type=event_type) | w.Other(event_type) | w.Unread(event_type):
            return replace(conference, others=conference.others | {event_type})
        case n.Told(notice=n.Care() as asked):
            return care.ask(conference, asked)
        case n.Told(notice=notice):
            return presence.told(conference, notice, event.received_ms)
        case Observed(seen=ParticipantsSeen(calls=calls), at_ms=int(seen_ms)):
            return presence.looked(conference, calls, seen_ms)
        case Observed(seen=StatusSeen(ended=True), at_ms=int(seen_ms)):
            return replace(conference, ended_ms=_earliest(conference.ended_ms, seen_ms))
        case _:
            return conference


def _earliest(known: int | None, new: int) -> int:
    return new if known is None else min(known, new)
