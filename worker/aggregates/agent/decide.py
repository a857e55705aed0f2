"""What an agent needs now: a leg, a conference, and that his queues know whether he is free."""

from __future__ import annotations

from collections.abc import Iterator

from ingress.envelope import Address, AggregateKind
from worker.aggregates.agent.state import Agent
from worker.commands import command as c
from worker.commands.client_state import ClientState
from worker.decisions.decision import Act, CancelTimer, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events.event import Event
from worker.policy.model import Agent as AgentPolicy
from worker.policy.model import Tenant

#: Telnyx ends the ringing itself; this is added for the webhook that may be late or lost.
RING_SLACK_MS = 15_000
ROOM_RETRY_MS = 1_000


def decide(agent: Agent, event: Event, policy: Tenant) -> tuple[Act, ...]:
    """Return what is to be done for the agent after *event*. One who is not in the policy is left alone."""
    rules = policy.agents.get(agent.name)
    if rules is None:
        return ()
    return (*_line(agent, event, policy, rules), *_room(agent, event), *_offers(agent, event, rules))


def _line(agent: Agent, event: Event, policy: Tenant, rules: AgentPolicy) -> Iterator[Act]:
    for stray in agent.strays:
        yield Send(c.Hangup(stray))
    if not agent.wanted:
        return
    if agent.line == "down":
        state = ClientState(owner=f"agent:{agent.name}", purpose="line")
        yield Send(c.Dial(rules.address, policy.caller_id, policy.connection_id, rules.ring_secs, state))
        yield SetTimer("ring", event.received_ms + rules.ring_secs * 1000 + RING_SLACK_MS)
    elif agent.line == "lost" and rules.redial_secs > 0:
        yield CancelTimer("ring")
        yield SetTimer("redial", event.received_ms + round(rules.redial_secs * 1000))


def _room(agent: Agent, event: Event) -> Iterator[Act]:
    """See that the agent's leg waits in a conference of its own."""
    if agent.line != "up" or agent.leg is None:
        return
    match agent.room:
        case "none":
            yield CancelTimer("ring")
            yield Send(
                c.CreateConference(
                    _room_name(agent, agent.rooms), agent.leg, ClientState(owner=f"agent:{agent.name}", purpose="line")
                )
            )
        case "unsure":
            yield Send(c.FindConference(_room_name(agent, agent.rooms - 1)))
        case "found":
            yield Send(c.JoinConference(agent.conference or "", agent.leg))
        case "waiting":
            yield SetTimer("room", event.received_ms + ROOM_RETRY_MS)
        case "ready" if agent.introduce:
            ready = n.ConferenceReady(agent.name, agent.leg, event.received_ms)
            yield Tell(_to(agent, "conference", agent.conference or ""), ready)
        case _:
            return


def _offers(agent: Agent, event: Event, rules: AgentPolicy) -> Iterator[Act]:
    for reply in agent.replies:
        answer: n.AnyNotice
        if reply.reason is None:
            answer = n.OfferAccepted(reply.offer, agent.name, agent.conference or "")
        else:
            answer = n.OfferDeclined(reply.offer, agent.name, reply.reason)
        yield Tell(_to(agent, "queue", reply.queue), answer)
    if agent.unwrapped:
        yield SetTimer("wrap-up", event.received_ms + round(rules.wrap_up_secs * 1000))
    if agent.broken is not None:
        yield Tell(_to(agent, "queue", agent.broken.queue), n.AgentGone(agent.name, agent.turn, agent.broken.id))
    if agent.told >= agent.turn:
        return
    for queue in rules.serves:
        if agent.duty == "available":
            free = n.AgentFree(agent.name, agent.turn, agent.idle_since_ms, agent.conference or "")
            yield Tell(_to(agent, "queue", queue), free)
        elif agent.duty == "offline":
            yield Tell(_to(agent, "queue", queue), n.AgentGone(agent.name, agent.turn))


def _room_name(agent: Agent, number: int) -> str:
    """Name a conference that no other one of the account has: the leg is unique, and the number counts on it."""
    return f"switchhook-{agent.address.tenant}-{agent.name}-{(agent.leg or '')[-12:]}-{number}"


def _to(agent: Agent, kind: AggregateKind, ident: str) -> Address:
    return Address(agent.address.tenant, kind, ident)
