"""What a conference does now: tells who is together, does what is asked, and records as the policy says."""

from __future__ import annotations

from collections.abc import Iterator

from ingress.envelope import Address, AggregateKind
from ingress.intents.model import Asked, UpdateParticipant
from worker.aggregates.conference import care, colleagues, handover, manner, parties, partings, recording
from worker.aggregates.conference.fold import adopt
from worker.aggregates.conference.state import Conference
from worker.commands import command as c
from worker.decisions.decision import Accept, Act, Refuse, Send, Tell
from worker.events import notices as n
from worker.events.event import Event
from worker.events.outcomes import Observed, ParticipantsSeen
from worker.policy.model import Tenant


def decide(conference: Conference, event: Event, policy: Tenant) -> tuple[Act, ...]:
    """Return what the conference does after *event*."""
    acts: list[Act] = []
    answer = care.answer(conference, policy)
    asked = care.undertake(conference) if isinstance(answer, Accept | Tell) else None
    acts += [answer] if answer is not None else []
    acts += care.at_once(asked, event, policy) if asked is not None else ()
    acts += _rights(conference, event)
    acts += _callers(asked or conference, event)
    acts += _strangers(conference, event)
    # What is so by now is what the rest follows from: the end of a conversation ends all that was part of it.
    after = adopt(conference, tuple(acts))
    acts += recording.decide(after, event, policy)
    after = adopt(conference, tuple(acts))
    acts += manner.decide(after, event, policy)
    acts += parties.decide(after, event, policy)
    acts += colleagues.decide(after, event)
    acts += partings.decide(after, event)
    for _ in ("the agent is out", "nobody is with the caller any more"):
        acts += handover.decide(after := adopt(conference, tuple(acts)), event)
    acts += care.look_for_moved(conference, event)
    acts += _end(after)
    return tuple(acts)


def _rights(conference: Conference, event: Event) -> Iterator[Act]:
    """Change a participant's rights; whether there is such a one, Telnyx knows."""
    if not isinstance(event.body, Asked) or not isinstance(event.body.intent, UpdateParticipant):
        return
    asked = event.body.intent
    rights = (asked.end_conference_on_exit, asked.soft_end_conference_on_exit, asked.beep_enabled)
    if conference.ended_ms is not None or not conference.legs:
        yield Refuse("There is no such conference, or it has ended.")
    elif asked.participant in conference.legs and not conference.inside(asked.participant):
        yield Refuse(f"The leg {asked.participant} has left the conference.")
    elif all(right is None for right in rights):
        yield Refuse("Nothing is to be changed.")
    else:
        yield Accept()
        yield Send(c.ChangeRights(conference.id, asked.participant, *rights))


def _callers(conference: Conference, event: Event) -> Iterator[Act]:
    for caller in conference.expected.values():
        if conference.together(caller) and not caller.connected:
            since_ms = conference.together_since_ms(caller)
            connected = n.Connected(caller.offer, caller.call, since_ms)
            yield Tell(_to(conference, "queue", caller.queue), connected)
            yield Tell(_to(conference, "agent", caller.agent), connected)
        elif conference.has_left(caller):
            if conference.have_met(caller) and not caller.connected:
                # That he came in was heard after he had left.
                met = n.Connected(caller.offer, caller.call, conference.together_since_ms(caller))
                yield Tell(_to(conference, "queue", caller.queue), met)
                yield Tell(_to(conference, "agent", caller.agent), met)
            yield from care.farewell(conference, caller.call)
            at_ms = conference.left_ms(caller.call) or event.occurred_ms
            left = n.CallerLeft(caller.offer, caller.call, at_ms)
            talk = conference.talk
            if talk is None or talk.offer != caller.offer or not talk.moving:
                # Of one who was sent elsewhere his leg tells the queue, once he is out.
                yield Tell(_to(conference, "queue", caller.queue), left)
            yield Tell(_to(conference, "agent", caller.agent), left)


def _strangers(conference: Conference, event: Event) -> Iterator[Act]:
    """Send away whom a look found inside and nobody has sent here. The leg itself knows whether it is a caller's."""
    if isinstance(event.body, Observed) and conference.agent_leg:
        for call in strangers(conference, event.body):
            yield Tell(_to(conference, "call", call), n.Unexpected(conference.id))


def strangers(conference: Conference, look: Observed) -> tuple[str, ...]:
    """Return the legs that *look* found inside, are there still, and are neither the agent's nor expected."""
    found = look.seen.calls if isinstance(look.seen, ParticipantsSeen) else ()
    known = {conference.agent_leg, *conference.expected, *(party.leg for party in conference.parties.values())}
    if conference.handed is not None:
        known.add(conference.handed.call)
    return tuple(call for call in found if call not in known and conference.inside(call))


def _end(conference: Conference) -> Iterator[Act]:
    if conference.ended_ms is not None and conference.agent and not conference.told_over:
        yield Tell(_to(conference, "agent", conference.agent), n.ConferenceOver(conference.id))


def _to(conference: Conference, kind: AggregateKind, ident: str) -> Address:
    return Address(conference.address.tenant, kind, ident)
