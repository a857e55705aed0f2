"""What there is to see of an agent."""

from __future__ import annotations

from worker.aggregates.agent.state import Agent
from worker.views.model import AgentCaller, AgentView


def view_of_agent(agent: Agent) -> AgentView:
    """Return the view of *agent*."""
    timer = {"wrapping-up": "wrap-up", "delayed": "delay"}.get(agent.duty, "")
    return AgentView(
        tenant=agent.address.tenant,
        agent=agent.name,
        state=agent.duty,
        since_ms=agent.since_ms,
        pending=agent.pending,
        reason=agent.reason,
        delay=agent.delay if agent.duty == "delayed" else None,
        until_ms=agent.timers.get(timer),
        caller=_caller(agent),
        reach=agent.reach,
        line=agent.line,
        trouble=agent.trouble,
        leg=agent.leg,
        conference=agent.conference,
        queues=agent.served,
        answered=agent.answered,
        talk_ms=agent.talk_ms,
        idle_since_ms=agent.idle_since_ms,
        misses=agent.misses,
        locked_until_ms=agent.locked_until_ms or None,
    )


def _caller(agent: Agent) -> AgentCaller | None:
    offer = agent.offer
    if offer is None:
        return None
    step = "connected" if agent.duty == "busy" else "offered" if offer.step == "made" else offer.step
    by = offer.by if offer.consults else ""
    return AgentCaller(call=offer.call, queue=offer.queue, number=offer.number, step=step, by=by)
