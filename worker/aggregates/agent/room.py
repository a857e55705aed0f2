"""The conference in which the agent's leg waits: made, found again, entered, lost."""

from __future__ import annotations

from msgspec.structs import replace

from worker.aggregates.agent import duty, line
from worker.aggregates.agent.state import Agent
from worker.events.outcomes import Refused, Succeeded, Unknown

#: The codes that say that the leg, rather than the conference, is no more (facts of the API).
LEG_GONE = frozenset({"90015", "90018"})


def created(agent: Agent, leg: str, result: Succeeded | Refused | Unknown, now_ms: int) -> Agent:
    """The command to make a conference of the leg has ended."""
    if leg != agent.leg or agent.room != "asked":
        return agent
    match result:
        case Succeeded(conference=str(conference)):
            return _enter(agent, conference, now_ms)
        case Refused(disposition="gone"):
            return line.gone(agent, leg, now_ms)
        case Refused(disposition="wait"):
            return replace(agent, room="waiting")
        case _:
            return replace(agent, room="unsure")


def entered(agent: Agent, leg: str, conference: str, result: Succeeded | Refused | Unknown, now_ms: int) -> Agent:
    """The command to join the conference that was found again has ended."""
    if leg != agent.leg or agent.room != "asked":
        return agent
    match result:
        case Succeeded():
            return _enter(agent, conference, now_ms)
        case Refused(code=code) if code in LEG_GONE:
            return line.gone(agent, leg, now_ms)
        case Unknown():
            # He may be in it: in two at a time he must not be.
            return replace(agent, room="unread")
        case _:
            return replace(agent, room="waiting")


def found(agent: Agent, conference: str | None) -> Agent:
    """It is known whether there is a conference of the name that was asked for."""
    if agent.room != "finding":
        return agent
    if conference is None:
        return replace(agent, room="waiting")
    return replace(agent, room="found", conference=conference)


def unread(agent: Agent) -> Agent:
    """Whether there is such a conference could not be read: it is looked for again in a while."""
    return replace(agent, room="unread") if agent.room == "finding" else agent


def left(agent: Agent, conference: str, leg: str, result: Succeeded | Refused | Unknown) -> Agent:
    """The command to leave a conference has ended: the leg enters no other one before it is certainly out."""
    if leg != agent.leg or agent.room != "going" or conference != agent.leaving:
        return agent
    if isinstance(result, Unknown):
        return replace(agent, room="stuck")
    wanted = agent.offer is not None and agent.offer.consults
    return replace(agent, leaving=None, room="out" if wanted else "none")


def over(agent: Agent, conference: str, now_ms: int) -> Agent:
    """The conference has ended, or others go on in it: there must be another one before anything is offered."""
    if conference != agent.conference:
        return agent
    agent = replace(agent, conference=None, room="none", introduce=False, room_old=False)
    if agent.duty == "wrapping-up":
        return agent
    if agent.leg_offer is not None:
        return duty.left_alone(duty.broke(agent), "unreachable", now_ms)
    return duty.rest(duty.broke(agent), now_ms)


def aged(agent: Agent, *, leg: bool, now_ms: int) -> Agent:
    """The conference, or the leg, nears the longest that Telnyx lets it live: moved at once, or after the caller."""
    agent = replace(agent, line_old=True) if leg else replace(agent, room_old=True)
    return duty.rest(agent, now_ms) if agent.duty in ("available", "paused") else agent


def _enter(agent: Agent, conference: str, now_ms: int) -> Agent:
    agent = replace(agent, conference=conference, room="ready", introduce=True)
    return duty.reached(agent) if agent.leg_offer is not None else duty.settled(agent, now_ms)
