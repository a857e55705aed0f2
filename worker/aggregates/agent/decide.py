"""What an agent needs now: a leg, a conference, and that his queues know whether he is free."""

from __future__ import annotations

from collections.abc import Iterator

from ingress.envelope import Address, AggregateKind
from ingress.intents.model import Asked, CareIntent, WrapUp
from worker.aggregates.agent import consult
from worker.aggregates.agent.keys import pressed
from worker.aggregates.agent.reach import line, room
from worker.aggregates.agent.state import Agent
from worker.decisions.decision import Accept, Act, Note, Refuse, SetTimer, Tell
from worker.events import notices as n
from worker.events.event import Event
from worker.policy.model import Agent as AgentPolicy
from worker.policy.model import Serves, Tenant

#: A reservation of which nothing is heard for so long is looked into.
HELD_MS = 60_000


def decide(agent: Agent, event: Event, policy: Tenant) -> tuple[Act, ...]:
    """Return what is to be done for the agent after *event*.

    One who is not in the policy (any more) is dialled no more, and what is under way is brought to its end.
    """
    rules = policy.agents.get(agent.name)
    return (
        *_intents(agent, event, rules),
        *pressed(agent, event, policy),
        *line(agent, event, policy, rules),
        *room(agent, event, rules),
        *consult.decide(agent),
        *_offers(agent, event, rules),
        *_conversation(agent, event, policy, rules),
        *_delay(agent, event, rules),
        *_queues(agent, policy, rules),
    )


def _intents(agent: Agent, event: Event, rules: AgentPolicy | None) -> Iterator[Act]:
    for answer in agent.phone_answers:
        yield Tell(_to(agent, "call", answer.call), n.PhoneLoggedIn(answer.answer, answer.attempt))
    if not isinstance(event.body, Asked):
        return
    if agent.refusal is not None or rules is None:
        yield Refuse(agent.refusal or f"There is no agent {agent.name} in the policy.")
        return
    intent = event.body.intent
    if isinstance(intent, CareIntent):
        # The conference says what becomes of it.
        yield Tell(_to(agent, "conference", agent.conference or ""), n.Care(event.event_id, intent))
        return
    yield Accept()
    if isinstance(intent, WrapUp):
        yield SetTimer("wrap-up", event.received_ms + round(intent.secs * 1000))


def _offers(agent: Agent, event: Event, rules: AgentPolicy | None) -> Iterator[Act]:
    for reply in agent.replies:
        answer: n.AnyNotice
        if reply.room:
            declined = n.ConsultDeclined(reply.offer, agent.name, reply.reason or "unreachable")
            yield Tell(_to(agent, "conference", reply.room), declined)
            continue
        if reply.reason is None:
            answer = n.OfferAccepted(reply.offer, agent.name, agent.conference or "")
        else:
            answer = n.OfferDeclined(reply.offer, agent.name, reply.reason)
        yield Tell(_to(agent, "queue", reply.queue), answer)
    if agent.broken is not None:
        # The turn of the conversation: what he is now has a later one.
        # He who was handed a caller may not serve that queue at all, and is none of its staff.
        state: n.NotFree = "busy" if rules is not None and agent.broken.queue in rules.serves else "offline"
        gone = n.AgentGone(agent.name, agent.turn - 1, agent.broken.id, state)
        yield Tell(_to(agent, "queue", agent.broken.queue), gone)
    if agent.duty == "reserved" and agent.offer is not None and not agent.watched:
        yield SetTimer("reserved", event.received_ms + agent.offer.within_ms + HELD_MS)


def _conversation(agent: Agent, event: Event, policy: Tenant, rules: AgentPolicy | None) -> Iterator[Act]:
    if agent.hung_up is not None:
        left = n.CallerLeft(agent.hung_up.id, agent.hung_up.call, event.received_ms)
        yield Tell(_to(agent, "queue", agent.hung_up.queue), left)
    if agent.wrapping is not None:
        queue = policy.queues.get(agent.wrapping)
        secs = queue.wrap_up_secs if queue else None
        if secs is None:
            secs = rules.wrap_up_secs if rules else 0
        yield SetTimer("wrap-up", event.received_ms + round(secs * 1000))


def _delay(agent: Agent, event: Event, rules: AgentPolicy | None) -> Iterator[Act]:
    if not agent.untimed or _is_worn_out(agent, rules):
        return
    match agent.delay:
        case "rejected":
            secs = rules.reject_delay_secs if rules else 0
        case "line-busy":
            secs = rules.busy_delay_secs if rules else 0
        case _:
            secs = rules.no_answer_delay_secs if rules else 0
    yield SetTimer("delay", event.received_ms + round(secs * 1000))


def _queues(agent: Agent, policy: Tenant, rules: AgentPolicy | None) -> Iterator[Act]:
    """Tell the queues whether the agent is free. That he is reserved, or wrapping up, they learn when they offer."""
    if agent.told >= agent.turn or agent.duty in ("reserved", "wrapping-up"):
        return
    serves = rules.serves if rules else {}
    worn_out = _is_worn_out(agent, rules)
    if worn_out:
        yield Note("pause", value="no-answer")
    for queue, place in serves.items():
        if agent.duty == "available":
            yield Tell(_to(agent, "queue", queue), _free(agent, policy, rules, place))
        elif agent.offer is None or agent.offer.queue != queue or agent.offer.room:
            state: n.NotFree = "paused" if worn_out else "unreached" if _is_sought(agent, rules) else agent.duty
            yield Tell(_to(agent, "queue", queue), n.AgentGone(agent.name, agent.turn, None, state, place.tier))
    for queue in agent.served:
        if queue not in serves and (agent.offer is None or agent.offer.queue != queue or agent.offer.room):
            yield Tell(_to(agent, "queue", queue), n.AgentGone(agent.name, agent.turn))


def _is_sought(agent: Agent, rules: AgentPolicy | None) -> bool:
    """Whether he is logged in and being dialled, which to his queues is not being logged out."""
    given_up = rules is None or (rules.redial_secs == 0 and agent.line == "lost")
    return agent.duty == "offline" and agent.staff and not given_up


def _free(agent: Agent, policy: Tenant, rules: AgentPolicy | None, place: Serves) -> n.AgentFree:
    queue = policy.queues.get(place.queue)
    wanted = queue.skills if queue else {}
    skills = {skill: level for skill, level in rules.skills.items() if skill in wanted} if rules else {}
    return n.AgentFree(
        agent.name, agent.turn, agent.idle_since_ms, agent.conference or "", agent.answered, agent.talk_ms,
        place.tier, place.position, skills,
    )  # fmt: skip


def _is_worn_out(agent: Agent, rules: AgentPolicy | None) -> bool:
    """Whether so many offers in a row were not answered that the agent is paused."""
    most = rules.max_no_answer if rules else 0
    return agent.duty == "delayed" and agent.untimed and 0 < most <= agent.misses


def _to(agent: Agent, kind: AggregateKind, ident: str) -> Address:
    return Address(agent.address.tenant, kind, ident)
