"""The four kinds of aggregate behind one face: what the runtime and the replay drive.

Pure: nothing here, or below, reads a clock, a random source, the network or the environment.
"""

from __future__ import annotations

from typing import assert_never

from ingress.envelope import Address
from worker.aggregates.agent import decide as agent_decide
from worker.aggregates.agent import fold as agent_fold
from worker.aggregates.agent.state import Agent
from worker.aggregates.call import adopt as call_adopt
from worker.aggregates.call import decide as call_decide
from worker.aggregates.call import fold as call_fold
from worker.aggregates.call.state import Call
from worker.aggregates.conference import decide as conference_decide
from worker.aggregates.conference import fold as conference_fold
from worker.aggregates.conference.state import Conference
from worker.aggregates.queue import adopt as queue_adopt
from worker.aggregates.queue import decide as queue_decide
from worker.aggregates.queue import fold as queue_fold
from worker.aggregates.queue.state import Queue
from worker.decisions.decision import Act
from worker.events.event import Event
from worker.policy.model import Tenant

AggregateState = Call | Queue | Agent | Conference


def new(address: Address) -> AggregateState:
    """Return the aggregate at *address* before its first event."""
    match address.kind:
        case "call":
            return Call(address)
        case "queue":
            return Queue(address)
        case "agent":
            return Agent(address)
        case "conference":
            return Conference(address)
        case _:
            assert_never(address.kind)


def fold(state: AggregateState, event: Event) -> AggregateState:
    """Return *state* after *event*."""
    match state:
        case Call():
            return call_fold.fold(state, event)
        case Queue():
            return queue_fold.fold(state, event)
        case Agent():
            return agent_fold.fold(state, event)
        case Conference():
            return conference_fold.fold(state, event)
        case _:
            assert_never(state)


def decide(state: AggregateState, event: Event, policy: Tenant | None) -> tuple[Act, ...]:
    """Return what *state*, which *event* has been folded into, leads to. Without a policy: nothing."""
    if policy is None:
        return ()
    match state:
        case Call():
            return call_decide.decide(state, event, policy)
        case Queue():
            return queue_decide.decide(state, event, policy)
        case Agent():
            return agent_decide.decide(state, event, policy)
        case Conference():
            return conference_decide.decide(state, event, policy)
        case _:
            assert_never(state)


def finished(state: AggregateState) -> bool:
    """Return whether nothing more is to be expected of *state*, but for events that come late.

    That is so of what is over, and of what nothing is known of: an intent for a name that there is not, which was
    refused, leaves nothing to be kept.
    """
    return blank(state) or over(state)


def blank(state: AggregateState) -> bool:
    """Return whether nothing is known of the aggregate, whatever came for it."""
    return state == new(state.address)


def over(state: AggregateState) -> bool:
    """Return whether the aggregate has come to its end."""
    match state:
        case Call():
            return state.over
        case Conference():
            return state.ended_ms is not None
        case Queue() | Agent():
            return False
        case _:
            assert_never(state)


def adopt(state: AggregateState, acts: tuple[Act, ...]) -> AggregateState:
    """Return *state* after its own decision. Deciding nothing changes nothing."""
    if not acts:
        return state
    match state:
        case Call():
            return call_adopt.adopt(state, acts)
        case Queue():
            return queue_adopt.adopt(state, acts)
        case Agent():
            return agent_fold.adopt(state, acts)
        case Conference():
            return conference_fold.adopt(state, acts)
        case _:
            assert_never(state)
