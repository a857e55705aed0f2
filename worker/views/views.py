"""The view of any aggregate."""

from __future__ import annotations

from typing import assert_never

from worker.aggregates import machine
from worker.aggregates.agent.state import Agent
from worker.aggregates.call.state import Call
from worker.aggregates.conference.state import Conference
from worker.aggregates.queue.state import Queue
from worker.views.agent import view_of_agent
from worker.views.call import view_of_call
from worker.views.conference import view_of_conference
from worker.views.model import AnyView
from worker.views.queue import view_of_queue


def view_of(state: machine.AggregateState, *, quarantined: bool = False) -> AnyView | None:
    """Return the view of *state*; None: there is nothing to see, for it is over, or nothing is known of it.

    What is *quarantined* is shown even so if it is not over: its first event may be the one that could not be handled.
    """
    if machine.over(state) or (machine.blank(state) and not quarantined):
        return None
    match state:
        case Call():
            return view_of_call(state)
        case Queue():
            return view_of_queue(state)
        case Agent():
            return view_of_agent(state)
        case Conference():
            return view_of_conference(state)
        case _:
            assert_never(state)
