"""The conference after an event, and after its own decision."""

from __future__ import annotations

from msgspec.structs import replace

from worker.aggregates.conference.state import Conference, Expected, Presence, Saved
from worker.commands import command as c
from worker.decisions.decision import Act, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.event import Event
from worker.events.outcomes import Observed, Outcome, ParticipantsSeen, Refused, StatusSeen
from worker.events.timers import TimerFired


def fold(conference: Conference, event: Event) -> Conference:
    """Return the conference as it is known after *event*."""
    at_ms = event.occurred_ms
    match event.body:
        case w.ConferenceCreated(call_control_id=creator):
            created = replace(conference, created_ms=_earliest(conference.created_ms, at_ms))
            return joined(created, creator, at_ms) if creator else created
        case w.ParticipantJoined(call_control_id=leg):
            return joined(conference, leg, at_ms)
        case w.ParticipantLeft(call_control_id=leg):
            return left(conference, leg, at_ms)
        case w.ConferenceEnded():
            return replace(conference, ended_ms=_earliest(conference.ended_ms, at_ms))
        case w.ConferenceRecordingSaved() as body:
            return _saved(conference, body)
        case w.Webhook(event_type=event_type) | w.Other(event_type) | w.Unread(event_type):
            return replace(conference, others=conference.others | {event_type})
        case n.Told(notice=notice):
            return _told(conference, notice, event.received_ms)
        case Observed(seen=ParticipantsSeen(calls=calls), at_ms=int(seen_ms)):
            return looked(conference, calls, seen_ms)
        case Observed(seen=StatusSeen(ended=True), at_ms=int(seen_ms)):
            return replace(conference, ended_ms=_earliest(conference.ended_ms, seen_ms))
        case Outcome(command=c.RecordStart(), result=result):
            return _record_started(conference, result if isinstance(result, Refused) else None)
        case Outcome(command=c.RecordStop()):
            return replace(conference, recording="off") if conference.recording == "stopping" else conference
        case TimerFired(key="record") if conference.recording == "again":
            return replace(conference, recording="off")
        case _:
            return conference


def adopt(conference: Conference, acts: tuple[Act, ...]) -> Conference:
    """Return the conference after it has decided *acts*."""
    for act in acts:
        match act:
            case Send(command=c.RecordStop()):
                conference = replace(conference, recording="stopping")
            case Send(command=c.RecordStart()):
                recorded = next((x.call for x in conference.expected.values() if conference.together(x)), None)
                conference = replace(conference, recording="starting", recorded=recorded)
            case Tell(notice=n.Connected(call=call)):
                caller = replace(conference.expected[call], connected=True)
                conference = replace(conference, expected={**conference.expected, call: caller})
            case Tell(notice=n.CallerLeft(call=call)):
                conference = _forget(conference, call)
            case Tell(notice=n.ConferenceOver()):
                conference = replace(conference, told_over=True)
            case SetTimer(key="record"):
                conference = replace(conference, recording="again")
            case _:
                pass
    return conference


def joined(conference: Conference, leg: str, at_ms: int) -> Conference:
    """A leg came in at *at_ms*."""
    presence = conference.legs.get(leg, Presence())
    return _presence(conference, leg, replace(presence, joined_ms=max(presence.joined_ms, at_ms)))


def left(conference: Conference, leg: str, at_ms: int) -> Conference:
    """A leg went out at *at_ms*."""
    presence = conference.legs.get(leg, Presence())
    return _presence(conference, leg, replace(presence, left_ms=max(presence.left_ms, at_ms)))


def looked(conference: Conference, calls: tuple[str, ...], at_ms: int) -> Conference:
    """The participants were listed: whoever is not among them had left by then, webhook or none."""
    conference = replace(conference, looked_ms=max(conference.looked_ms, at_ms))
    for call in calls:
        caller = conference.expected.get(call)
        # Before he was expected he can only have been here for an offer that is over.
        if caller is None or at_ms > caller.since_ms:
            conference = joined(conference, call, at_ms)
    return conference


def _told(conference: Conference, notice: n.AnyNotice, now_ms: int) -> Conference:
    match notice:
        case n.ConferenceReady(agent=agent, call=leg, at_ms=at_ms):
            conference = replace(conference, agent=agent, agent_leg=leg)
            # Creating put the leg in. A webhook's time, where there is one, is the better one.
            return conference if leg in conference.legs else joined(conference, leg, at_ms)
        case n.CallerExpected(call=call, offer=offer, queue=queue, agent=agent):
            return _expect(conference, Expected(call, offer, queue, agent, since_ms=now_ms))
        case n.CallerSeen(call=call, at_ms=at_ms):
            return conference if conference.inside(call) else joined(conference, call, at_ms)
        case n.LegGone(call=call, at_ms=at_ms):
            if conference.inside(call):
                conference = left(conference, call, max(at_ms, conference.legs[call].joined_ms))
            caller = conference.expected.get(call)
            if caller is None:
                return conference
            return replace(conference, expected={**conference.expected, call: replace(caller, gone=True)})
        case _:
            return conference


def _expect(conference: Conference, caller: Expected) -> Conference:
    known = conference.expected.get(caller.call)
    if known is not None and known.offer == caller.offer:
        return conference
    # Who is sent here again has left before (his leg has said so), even if the webhook of that is still to come.
    presence = conference.legs.get(caller.call)
    after_ms = max(presence.joined_ms, presence.left_ms) if presence else 0
    if known is not None:
        # Nothing may have been heard of that stay yet: then a time tells what is of this offer. Should the clocks
        # differ by more than a join takes, the queue's deadline reads who is inside.
        presence, after_ms = presence or Presence(), max(after_ms, caller.since_ms)
    if presence is not None:
        conference = _presence(conference, caller.call, replace(presence, left_ms=after_ms))
    return replace(conference, expected={**conference.expected, caller.call: replace(caller, after_ms=after_ms)})


def _record_started(conference: Conference, refusal: Refused | None) -> Conference:
    if conference.recording != "starting":
        return conference
    if refusal is None:
        return replace(conference, recording="on")
    if refusal.disposition == "wait":
        # Left as it is: the decision sets the timer after which it is tried again.
        return replace(conference, recording="again")
    return replace(conference, recording="off", unrecorded=conference.recorded)


def _saved(conference: Conference, body: w.ConferenceRecordingSaved) -> Conference:
    recording_id = body.recording_id or ""
    if any(known.recording_id == recording_id for known in conference.saved):
        return conference
    new = Saved(recording_id, body.recording_started_at or "", body.recording_ended_at or "", conference.recorded or "")
    return replace(conference, saved=tuple(sorted((*conference.saved, new))))


def _forget(conference: Conference, call: str) -> Conference:
    return replace(conference, expected={known: x for known, x in conference.expected.items() if known != call})


def _presence(conference: Conference, leg: str, presence: Presence) -> Conference:
    return replace(conference, legs={**conference.legs, leg: presence})


def _earliest(known: int | None, new: int) -> int:
    return new if known is None else min(known, new)
