"""What is asked of an agent: to be logged in or out, to be ready or paused, to decline; and what is refused."""

from __future__ import annotations

from msgspec.structs import replace

from ingress.intents import model as i
from worker.aggregates.agent import duty, pins
from worker.aggregates.agent.state import Agent, Phoned, Standing
from worker.events import notices as n
from worker.events.intents import Enrol

REMEMBERED_CALLS = 16


def enrolled(agent: Agent, enrol: Enrol, now_ms: int) -> Agent:
    """The policy has the agent; what it says may be new, so his queues are told again."""
    log_in = enrol.log_in and agent.enrolled != "policy"
    turn = agent.turn + (1 if agent.duty != "offline" or agent.standing != "offline" else 0)
    # Who is rung for each caller has no line that waits to be dialled again.
    line = "down" if agent.line == "resting" and enrol.reach != agent.reach else agent.line
    agent = replace(agent, enrolled="policy" if enrol.log_in else "self", reach=enrol.reach, turn=turn, line=line)
    if log_in and agent.standing == "offline":
        return _stand(agent, "available", "", now_ms)
    return duty.settled(agent, now_ms)


def struck(agent: Agent, now_ms: int) -> Agent:
    """The policy has the agent no more."""
    if agent.enrolled == "no":
        return agent
    return replace(_stand(agent, "offline", "not in the policy", now_ms), enrolled="no")


def asked(agent: Agent, intent: i.AnyIntent, now_ms: int) -> Agent:
    """Somebody asks something of the agent; what concerns his conversation is passed on by the decision."""
    if agent.enrolled == "no":
        return replace(agent, refusal=f"There is no agent {agent.name} in the policy.")
    match intent:
        case i.SetAgentState(state=state, reason=reason):
            return _stand(agent, state, reason, now_ms)
        case i.Decline():
            return _decline(agent, now_ms)
        case i.WrapUp() if agent.duty != "wrapping-up":
            return replace(agent, refusal=f"{agent.name} is not wrapping up, but {_now(agent)}.")
        case i.WrapUp():
            return agent
        case _ if agent.duty != "busy" or agent.conference is None:
            return replace(agent, refusal=f"{agent.name} is not in a conversation, but {_now(agent)}.")
        case i.Supervise() | i.AddParty() | i.Transfer(how="warm"):
            # Whoever comes may be there for a moment longer than the caller, and must not hear the next one.
            return replace(agent, room_old=True)
        case _:
            return agent


def phoned(agent: Agent, login: n.PhoneLogin, now_ms: int) -> Agent:
    """Somebody rings to log him in, or out. His own line is dialled when the phone is free again."""
    call = login.call
    if call in agent.phoned:
        return agent
    stopped = pins.stopped(agent, login, now_ms)
    if stopped is not None:
        return stopped
    agent = replace(agent, phoned=(*agent.phoned, call)[-REMEMBERED_CALLS:], guesses={})
    if agent.enrolled == "no":
        return replace(agent, phone_answers=(*agent.phone_answers, Phoned(call, "refused", login.attempt)))
    on = agent.standing == "offline"
    answer: n.LoginAnswer = "on" if on else "off"
    agent = replace(agent, phone_answers=(*agent.phone_answers, Phoned(call, answer, login.attempt)))
    if on and agent.line == "down":
        agent = replace(agent, line="phoned")
    return _stand(agent, "available" if on else "offline", "", now_ms)


def _stand(agent: Agent, standing: Standing, reason: str, now_ms: int) -> Agent:
    """Take note of what the agent is to be: it is so at once where he has no caller, else after the wrap-up."""
    if agent.standing == "offline" and standing != "offline":
        agent = replace(agent, answered=0, talk_ms=0, idle_since_ms=0, misses=0)
    agent = replace(agent, standing=standing, reason=reason)
    if standing == "available":
        line = "down" if agent.line in ("lost", "resting") else agent.line
        agent = replace(agent, misses=0, in_vain=0, line=line)
    if agent.duty == "delayed" and agent.delay != "moving":
        return duty.rest(agent, now_ms)
    return duty.settled(agent, now_ms)


def _decline(agent: Agent, now_ms: int) -> Agent:
    offer = agent.offer
    if agent.duty != "reserved" or offer is None:
        return replace(agent, refusal=f"No caller is being offered to {agent.name}, who is {_now(agent)}.")
    if offer.consults and offer.step != "made":
        return replace(agent, refusal=f"{agent.name} is with {offer.by}, who consults him, already.")
    if offer.step != "made":
        return replace(agent, refusal=f"{agent.name} has the caller already: he is on the way.")
    return duty.missed(agent, "rejected", now_ms)


def _now(agent: Agent) -> str:
    return agent.duty.replace("-", " ")
