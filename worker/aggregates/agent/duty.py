"""What the agent does: how he comes to rest, is reserved, talks, wraps up, and is left alone."""

from __future__ import annotations

from msgspec.structs import replace

from worker.aggregates.agent.state import RESTING, Agent, Duty, Miss, Offered, Reply
from worker.events import notices as n

REMEMBERED_OFFERS = 16
#: These count towards the offers not answered in a row.
NOT_ANSWERED: frozenset[Miss] = frozenset({"no-answer", "machine", "unreachable"})


def become(agent: Agent, duty: Duty) -> Agent:
    """Change what the agent does; each change is a new turn."""
    return agent if agent.duty == duty else replace(agent, duty=duty, turn=agent.turn + 1)


def rest(agent: Agent, now_ms: int) -> Agent:
    """The agent has no caller: he is what he asked to be, as far as he can be reached. His idle time goes on."""
    moving = agent.delay == "moving"
    agent = replace(_over(agent), delay=None, untimed=False)
    if agent.standing == "offline":
        return become(agent, "offline")
    if agent.ready and agent.reach == "nailed-up" and (agent.line_old or agent.room_old):
        agent = _renew(agent)
    if not agent.ready:
        kept = agent.reach == "on-demand" or agent.line in ("up", "closing")
        moving = moving or (agent.duty != "offline" and kept)
        return move(agent) if moving else become(agent, "offline")
    return become(replace(agent, idle_since_ms=agent.idle_since_ms or now_ms), agent.standing)


def freed(agent: Agent, now_ms: int) -> Agent:
    """One on demand is free only while no leg of his is there: he comes to rest when the last one has ended."""
    if agent.reach != "on-demand":
        return agent
    if agent.duty in ("available", "paused") and not agent.ready:
        return move(agent)
    waits = agent.duty == "delayed" and agent.delay == "moving"
    waits = waits or (agent.duty == "offline" and agent.standing != "offline")
    return rest(agent, now_ms) if waits and agent.ready else agent


def move(agent: Agent) -> Agent:
    """Nothing is offered until the agent is in his next conference, or no leg of his is there any more."""
    return become(replace(agent, delay="moving", untimed=False), "delayed")


def settled(agent: Agent, now_ms: int) -> Agent:
    """Come to rest anew if the agent has no caller, and is not left alone for one that he did not take."""
    if agent.duty in RESTING or (agent.duty == "delayed" and agent.delay == "moving"):
        return rest(agent, now_ms)
    return agent


def offered(agent: Agent, notice: n.OfferMade) -> Agent:
    """A queue offers a caller: one who is nailed-up is reserved and says yes, one on demand is reserved and rung."""
    if agent.offer is not None and agent.offer.id == notice.offer:
        return _accept(agent, agent.offer) if agent.offer.step != "made" else agent
    if notice.offer in agent.past_offers:
        return agent
    if agent.duty != "available":
        past = (*agent.past_offers, notice.offer)[-REMEMBERED_OFFERS:]
        return replace(agent, past_offers=past, replies=(*agent.replies, Reply(notice.offer, notice.queue, agent.duty)))
    offer = Offered(notice.offer, notice.queue, notice.call, notice.number, notice.within_ms)
    agent = become(replace(agent, offer=offer, watched=False), "reserved")
    return _accept(agent, offer) if agent.reach == "nailed-up" else agent


def reached(agent: Agent) -> Agent:
    """The leg of one who was rung waits in its conference: now the offer is accepted."""
    offer = agent.offer
    return _accept(agent, offer) if offer is not None and offer.step == "made" else agent


def withdrawn(agent: Agent, reason: str, now_ms: int) -> Agent:
    """The queue has taken the offer back."""
    offer = agent.offer
    if agent.duty == "busy":
        return wrap_up(agent, now_ms)
    if reason == "conference-gone" and agent.leg_offer is None:
        return rest(replace(agent, conference=None, room="none"), now_ms)
    if reason == "expired" and offer is not None and offer.step == "made":
        return left_alone(_count(agent, "no-answer"), "no-answer", now_ms)
    return rest(agent, now_ms)


def missed(agent: Agent, how: Miss, now_ms: int) -> Agent:
    """The agent did not take the caller who was offered: he is left alone for a while."""
    offer = agent.offer
    if offer is None:
        return agent
    replies = (*agent.replies, Reply(offer.id, offer.queue, how, offer.room))
    return left_alone(_count(replace(agent, replies=replies), how), how, now_ms)


def broke(agent: Agent) -> Agent:
    """The leg or the conference is gone, and with it an offer that was accepted: its maker is to be told."""
    offer = agent.offer
    if offer is not None and offer.consults:
        lost = Reply(offer.id, offer.queue, "unreachable", offer.room)
        return replace(_over(agent), replies=(*agent.replies, lost))
    return replace(_over(agent), broken=offer) if offer is not None else agent


def left_alone(agent: Agent, how: Miss, now_ms: int) -> Agent:
    """Nothing is offered for a while; a pause or a log-out that was asked for comes first."""
    if agent.standing != "available":
        return rest(agent, now_ms)
    return become(replace(_over(agent), delay=how, untimed=True), "delayed")


def connected(agent: Agent, at_ms: int) -> Agent:
    """Caller and agent are together."""
    if agent.duty != "reserved":
        return agent
    talking = replace(agent, answered=agent.answered + 1, misses=0, busy_since_ms=at_ms)
    return become(talking, "busy")


def wrap_up(agent: Agent, at_ms: int) -> Agent:
    """The conversation is over."""
    queue = agent.offer.queue if agent.offer else ""
    talk_ms = agent.talk_ms + max(0, at_ms - agent.busy_since_ms)
    return become(replace(_over(agent), talk_ms=talk_ms, wrapping=queue), "wrapping-up")


def wrapped_up(agent: Agent, now_ms: int) -> Agent:
    """The wrap-up is over: idle time begins."""
    return rest(replace(agent, idle_since_ms=now_ms, wrapping=None), now_ms)


def doubted(agent: Agent, now_ms: int) -> Agent:
    """Nothing was heard of the offer for long: say yes again, upon which a queue that has dropped it says so."""
    offer = agent.offer
    if offer is None or agent.duty != "reserved":
        return agent
    if offer.step == "made":
        return missed(agent, "no-answer", now_ms)
    if offer.consults:
        return replace(agent, room="out" if agent.room == "guest" else agent.room, watched=False)
    return replace(agent, replies=(*agent.replies, Reply(offer.id, offer.queue)), watched=False)


def _count(agent: Agent, how: Miss) -> Agent:
    return replace(agent, misses=agent.misses + 1) if how in NOT_ANSWERED else agent


def _accept(agent: Agent, offer: Offered) -> Agent:
    step = "accepted" if offer.step == "made" else offer.step
    replies = (*agent.replies, Reply(offer.id, offer.queue))
    return replace(agent, offer=replace(offer, step=step), replies=replies)


def _renew(agent: Agent) -> Agent:
    """Leave a leg or a conference that Telnyx would end soon."""
    if agent.line_old:
        return replace(agent, line="closing", closing=agent.leg, strays=(*agent.strays, agent.leg or ""), leg=None,
                       room="none", conference=None, introduce=False, line_old=False, room_old=False)  # fmt: skip
    return replace(agent, room="none", leaving=agent.conference, conference=None, introduce=False, room_old=False)


def _over(agent: Agent) -> Agent:
    if agent.offer is None:
        return agent
    past = (*agent.past_offers, agent.offer.id)[-REMEMBERED_OFFERS:]
    return replace(agent, offer=None, past_offers=past, watched=False)
