"""The agent after an event, and after his own decision."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from worker.aggregates.agent.state import Agent, Offered, Reply
from worker.commands import command as c
from worker.decisions.decision import Act, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events.event import Event
from worker.events.intents import Enrol
from worker.events.outcomes import ConferenceSeen, Observed, Outcome, Refused, Succeeded, Unknown
from worker.events.timers import TimerFired

#: So many ended legs are remembered; what Telnyx says late comes within minutes.
REMEMBERED_LEGS = 16
#: The codes that say that the leg, rather than the conference, is no more (facts of the API).
LEG_GONE = frozenset({"90015", "90018"})


def fold(agent: Agent, event: Event) -> Agent:
    """Return the agent as he is known after *event*."""
    match event.body:
        case Enrol(log_in=True):
            return replace(agent, wanted=True, line="down" if agent.line == "lost" else agent.line)
        case n.Told(notice=notice):
            return _told(agent, notice, event.received_ms)
        case Outcome(command=c.Dial(), result=result):
            return _dialled(agent, result)
        case Outcome(command=c.CreateConference(call=leg), result=result):
            return _created(agent, leg, result, event.received_ms)
        case Outcome(command=c.JoinConference(call=leg, conference=conference), result=result):
            return _entered(agent, leg, conference, result, event.received_ms)
        case Outcome(command=c.FindConference()) if agent.room == "finding":
            return replace(agent, room="waiting")
        case Observed(command=c.FindConference(), seen=ConferenceSeen(conference=conference)):
            return _found(agent, conference)
        case TimerFired(key=key):
            return _timer(agent, key, event.received_ms)
        case _:
            return agent


def adopt(agent: Agent, acts: tuple[Act, ...]) -> Agent:
    """Return the agent after he has decided *acts*."""
    agent = replace(agent, strays=(), replies=())
    for act in acts:
        match act:
            case Send(command=command):
                agent = _asked(agent, command)
            case Tell(notice=n.AgentFree(turn=turn)):
                agent = replace(agent, told=turn)
            case Tell(notice=n.AgentGone(turn=turn)):
                agent = replace(agent, told=turn, broken=None)
            case Tell(notice=n.ConferenceReady()):
                agent = replace(agent, introduce=False)
            case SetTimer(key="wrap-up"):
                agent = replace(agent, unwrapped=False)
            case SetTimer(key="redial"):
                agent = replace(agent, line="resting")
            case _:
                pass
    return agent


def _asked(agent: Agent, command: c.AnyCommand) -> Agent:
    match command:
        case c.Dial():
            return replace(agent, line="dialling", leg=None)
        case c.CreateConference():
            return replace(agent, room="asked", rooms=agent.rooms + 1)
        case c.FindConference():
            return replace(agent, room="finding")
        case c.JoinConference():
            return replace(agent, room="asked")
        case _:
            return agent


def _told(agent: Agent, notice: n.AnyNotice, now_ms: int) -> Agent:
    match notice:
        case n.LegAnswered(call=leg):
            return _answered(agent, leg)
        case n.LegEnded(call=leg):
            return _leg_ended(agent, leg)
        case n.OfferMade():
            return _offered(agent, notice)
        case n.OfferWithdrawn(offer=offer, reason=reason) if agent.offer and agent.offer.id == offer:
            return _withdrawn(agent, reason)
        case n.Connected(offer=offer) if agent.offer and agent.offer.id == offer:
            busy = agent.duty == "busy"
            return replace(agent, duty="busy", answered=agent.answered + (0 if busy else 1))
        case n.CallerLeft(offer=offer) if agent.offer and agent.offer.id == offer and agent.duty == "busy":
            return _wrap_up(agent)
        case n.ConferenceOver(conference=conference) if conference == agent.conference:
            agent = replace(agent, conference=None, room="none")
            return _lose_room(agent, now_ms)
        case _:
            return agent


def _dialled(agent: Agent, result: Succeeded | Refused | Unknown) -> Agent:
    if agent.line != "dialling":
        return agent
    match result:
        case Succeeded(call=str(leg)) if leg in agent.ended_legs:
            return replace(agent, line="lost")
        case Succeeded(call=leg):
            return replace(agent, line="ringing", leg=leg)
        case Refused():
            return replace(agent, line="lost")
        case Unknown():
            # It may ring all the same: then the leg tells us; else the ring timer ends the wait.
            return replace(agent, line="ringing")


def _answered(agent: Agent, leg: str) -> Agent:
    if leg in agent.ended_legs or (leg == agent.leg and agent.line == "up"):
        return agent
    if agent.line == "up":
        return replace(agent, strays=(*agent.strays, leg))
    return replace(agent, leg=leg, line="up", room="none", conference=None)


def _leg_ended(agent: Agent, leg: str) -> Agent:
    if leg in agent.ended_legs:
        return agent
    agent = replace(agent, ended_legs=(*agent.ended_legs, leg)[-REMEMBERED_LEGS:])
    return _lose_line(agent) if leg == agent.leg else agent


def _lose_line(agent: Agent) -> Agent:
    """The leg is gone: offline, and whatever was on it is broken."""
    changed = agent.duty != "offline"
    return replace(
        agent,
        line="lost",
        leg=None,
        room="none",
        conference=None,
        introduce=False,
        duty="offline",
        offer=None,
        broken=agent.offer,
        unwrapped=False,
        turn=agent.turn + (1 if changed else 0),
    )


def _lose_room(agent: Agent, now_ms: int) -> Agent:
    """The conference is gone and the leg is not: nothing can be offered until there is another."""
    if agent.duty == "wrapping-up":
        return agent
    changed = agent.duty != "offline"
    turn = agent.turn + (1 if changed else 0)
    agent = replace(agent, duty="offline", broken=agent.offer, offer=None, turn=turn)
    return replace(agent, idle_since_ms=agent.idle_since_ms or now_ms)


def _created(agent: Agent, leg: str, result: Succeeded | Refused | Unknown, now_ms: int) -> Agent:
    if leg != agent.leg or agent.room != "asked":
        return agent
    match result:
        case Succeeded(conference=str(conference)):
            return _enter(agent, conference, now_ms)
        case Refused(disposition="gone"):
            return _leg_ended(agent, leg)
        case Refused(disposition="wait"):
            return replace(agent, room="waiting")
        case _:
            return replace(agent, room="unsure")


def _entered(agent: Agent, leg: str, conference: str, result: Succeeded | Refused | Unknown, now_ms: int) -> Agent:
    if leg != agent.leg or agent.room != "asked":
        return agent
    match result:
        case Succeeded():
            return _enter(agent, conference, now_ms)
        case Refused(code=code) if code in LEG_GONE:
            return _leg_ended(agent, leg)
        case _:
            return replace(agent, room="waiting")


def _found(agent: Agent, conference: str | None) -> Agent:
    if agent.room != "finding":
        return agent
    if conference is None:
        return replace(agent, room="waiting")
    return replace(agent, room="found", conference=conference)


def _enter(agent: Agent, conference: str, now_ms: int) -> Agent:
    agent = replace(agent, conference=conference, room="ready", introduce=True)
    if agent.duty != "offline":
        return agent
    return _free(replace(agent, idle_since_ms=agent.idle_since_ms or now_ms))


def _offered(agent: Agent, notice: n.OfferMade) -> Agent:
    offer = Offered(notice.offer, notice.queue, notice.call)
    if agent.duty == "available" or (agent.offer is not None and agent.offer.id == notice.offer):
        fresh = agent.duty == "available"
        reserved = replace(agent, duty="reserved", offer=offer, turn=agent.turn + 1) if fresh else agent
        return replace(reserved, replies=(*agent.replies, Reply(notice.offer, notice.queue)))
    return replace(
        agent,
        replies=(
            *agent.replies,
            Reply(notice.offer, notice.queue, agent.duty),
        ),
    )


def _withdrawn(agent: Agent, reason: str) -> Agent:
    if agent.duty == "busy":
        return _wrap_up(agent)
    if reason == "conference-gone":
        return replace(agent, duty="offline", offer=None, turn=agent.turn + 1, conference=None, room="none")
    return _free(agent)


def _wrap_up(agent: Agent) -> Agent:
    return replace(agent, duty="wrapping-up", offer=None, unwrapped=True)


def _free(agent: Agent) -> Agent:
    """Available, as long as there is a conference to take callers in. What idle time there was is kept."""
    duty: Literal["available", "offline"] = "available" if agent.ready else "offline"
    return replace(agent, duty=duty, offer=None, turn=agent.turn + 1)


def _timer(agent: Agent, key: str, now_ms: int) -> Agent:
    match key:
        case "wrap-up" if agent.duty == "wrapping-up":
            return _free(replace(agent, idle_since_ms=now_ms))
        case "redial" if agent.line == "resting":
            return replace(agent, line="down")
        case "ring" if agent.line in ("dialling", "ringing"):
            strays = (*agent.strays, agent.leg) if agent.leg else agent.strays
            return replace(_leg_ended(agent, agent.leg) if agent.leg else replace(agent, line="lost"), strays=strays)
        case "room" if agent.room == "waiting":
            return replace(agent, room="none")
        case _:
            return agent
