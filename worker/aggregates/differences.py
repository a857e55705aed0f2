"""What Telnyx is asked about an aggregate from time to time, and in what its answer differs from what is known.

Lost webhooks are healed by this: a difference becomes an event, and what agrees costs the log nothing. Pure, and so is
what the folds make of it: an observation is of the moment at which it was asked for, and whatever is later wins.
"""

from __future__ import annotations

from collections.abc import Iterator

from worker.aggregates.call.state import Call
from worker.aggregates.conference.decide import strangers
from worker.aggregates.conference.manner import unheeded
from worker.aggregates.conference.presence import looked
from worker.aggregates.conference.state import Conference
from worker.aggregates.machine import AggregateState
from worker.aggregates.queue.decide import missing, unknown
from worker.aggregates.queue.state import Queue
from worker.commands import command as c
from worker.events.outcomes import CallSeen, Observed, ParticipantsSeen, QueueSeen, Seen, StatusSeen
from worker.policy.model import Tenant

#: A leg that we dial may not count as alive while it rings, which is ten minutes at most (Telnyx's `timeout_secs`).
RINGS_AT_MOST_MS = 600_000


def look_at(state: AggregateState, tenant: Tenant, now_ms: int) -> c.Read | None:
    """Return what to ask about *state*; None when there is nothing to ask, or not yet.

    An agent needs none: his leg is a call and his room a conference, which are looked at themselves.
    """
    match state:
        case Call(over=False) if _may_be_asked(state, now_ms):
            return c.ReadCall(state.id)
        case Conference(ended_ms=None):
            return c.ReadParticipants(state.id)
        case Queue() if state.name in tenant.queues:
            return c.ReadQueue(state.name, tenant.connection_id)
        case _:
            return None


def look_again(asked: c.Read, seen: Seen) -> c.Read | None:
    """Return what more to ask after *seen*: of a conference in which nobody is, whether it has ended."""
    match asked, seen:
        case c.ReadParticipants(conference=conference), ParticipantsSeen(calls=()):
            return c.ReadConference(conference)
        case _:
            return None


def differences(state: AggregateState, look: Observed) -> tuple[str, ...]:
    """Return in one word each how *look* (whose `at_ms` is set) differs from *state*; none: they agree."""
    return tuple(_differences(state, look))


def _differences(state: AggregateState, look: Observed) -> Iterator[str]:
    match state, look.seen:
        case Call(over=False), CallSeen(alive=False):
            yield "ended"
        case Conference(ended_ms=None), StatusSeen(ended=True):
            yield "ended"
        case Conference(ended_ms=None), ParticipantsSeen(calls=calls):
            after = looked(state, calls, look.at_ms or 0)
            if any(after.inside(leg) and not state.inside(leg) for leg in after.legs):
                yield "joined"
            if any(state.inside(leg) and not after.inside(leg) for leg in state.legs):
                yield "left"
            if strangers(after, look):
                yield "stranger"
            if unheeded(state, look):
                yield "unheeded"
        case Queue(), QueueSeen():
            if unknown(state, look):
                yield "unknown"
            if missing(state, look):
                yield "missing"
        case _:
            return


def _may_be_asked(call: Call, now_ms: int) -> bool:
    if call.direction == "incoming" or call.answered_ms is not None:
        return True
    return call.initiated_ms is not None and now_ms - call.initiated_ms > RINGS_AT_MOST_MS
