"""What a conference does now: tells who is together, and records it as the policy says."""

from __future__ import annotations

from collections.abc import Iterator

from ingress.envelope import Address, AggregateKind
from worker.aggregates.conference.state import Conference, Expected
from worker.commands import command as c
from worker.decisions.decision import Act, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events.event import Event
from worker.events.outcomes import Observed, Outcome, ParticipantsSeen
from worker.policy.model import Recording, Tenant

RECORD_RETRY_MS = 1_000


def decide(conference: Conference, event: Event, policy: Tenant) -> tuple[Act, ...]:
    """Return what the conference does after *event*."""
    return (
        *_callers(conference, event),
        *_strangers(conference, event),
        *_recording(conference, event, policy),
        *_end(conference),
    )


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
            at_ms = conference.left_ms(caller.call) or event.occurred_ms
            left = n.CallerLeft(caller.offer, caller.call, at_ms)
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
    known = {conference.agent_leg, *conference.expected}
    return tuple(call for call in found if call not in known and conference.inside(call))


def _recording(conference: Conference, event: Event, policy: Tenant) -> Iterator[Act]:
    """Record while a caller and the agent are both in, whichever of the facts came last."""
    wanted = next((x for x in conference.expected.values() if conference.together(x)), None)
    rules = _rules(wanted, policy) if wanted else None
    match conference.recording:
        case "off" if wanted and rules and wanted.call != conference.unrecorded:
            yield Send(c.RecordStart(conference.id, rules.format, rules.channels))
        case "on" if conference.ended_ms is None and (wanted is None or wanted.call != conference.recorded):
            yield Send(c.RecordStop(conference.id))
        case "again" if isinstance(event.body, Outcome):
            yield SetTimer("record", event.received_ms + RECORD_RETRY_MS)
        case _:
            return


def _rules(caller: Expected, policy: Tenant) -> Recording | None:
    queue = policy.queues.get(caller.queue)
    return queue.recording if queue and queue.recording.record == "all" else None


def _end(conference: Conference) -> Iterator[Act]:
    if conference.ended_ms is not None and conference.agent and not conference.told_over:
        yield Tell(_to(conference, "agent", conference.agent), n.ConferenceOver(conference.id))


def _to(conference: Conference, kind: AggregateKind, ident: str) -> Address:
    return Address(conference.address.tenant, kind, ident)
