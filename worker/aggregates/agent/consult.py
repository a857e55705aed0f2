"""A colleague consults the agent: he is reserved for it, brought into the other's conference, and comes back.

Or the caller is handed to him: then that conference is his as long as he has the caller.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from ingress.envelope import Address
from worker.aggregates.agent import duty
from worker.aggregates.agent.duty import REMEMBERED_OFFERS, become
from worker.aggregates.agent.state import Agent, Consulted, Offered, Reply
from worker.decisions.decision import Accept, Act, Refuse, Tell
from worker.events import notices as n


def asked(agent: Agent, notice: n.ConsultAsked) -> Agent:
    """Reserve him who is available; whoever is not says what he is."""
    if (agent.offer is not None and agent.offer.id == notice.offer) or notice.offer in agent.past_offers:
        return agent
    if agent.duty != "available":
        past = (*agent.past_offers, notice.offer)[-REMEMBERED_OFFERS:]
        no = Reply(notice.offer, notice.queue, agent.duty, notice.conference)
        refusal = f"{agent.name} is not available, but {agent.duty.replace('-', ' ')}."
        return replace(agent, past_offers=past, replies=(*agent.replies, no), consulted=Consulted(notice.ask, refusal))
    offer = Offered(
        notice.offer, notice.queue, notice.call, within_ms=notice.within_ms, room=notice.conference, by=notice.by
    )
    agent = become(replace(agent, offer=offer, watched=False, consulted=Consulted(notice.ask)), "reserved")
    if agent.reach == "on-demand":
        return agent
    offer = replace(offer, step="accepted")
    home = agent.conference
    return replace(agent, offer=offer, room="none", leaving=home, conference=None, introduce=False, room_old=False)


def over(agent: Agent, offer: str, now_ms: int) -> Agent:
    """The colleague needs him no more, and the leg is out: one who is nailed-up gets another conference."""
    known = agent.offer
    if known is None or known.id != offer or not known.consults:
        return agent
    return duty.rest(_come_back(agent), now_ms)


def withdrawn(agent: Agent, now_ms: int) -> Agent:
    """The caller's queue says before the conference does that nothing comes of it: he leaves by himself."""
    room = agent.offer.room if agent.offer is not None and agent.room == "guest" else None
    after = _come_back(agent)
    nailed_up = after.leg_offer is None and room is not None
    return duty.rest(replace(after, leaving=room) if nailed_up else after, now_ms)


def handed(agent: Agent, notice: n.CallerHanded) -> Agent:
    """The caller is his; one who has lost his leg meanwhile tells the caller's queue that it was for nothing."""
    offer = agent.offer
    if offer is None or offer.id != notice.offer:
        return replace(agent, broken=Offered(notice.offer, notice.queue, notice.call))
    if not offer.consults:
        return agent
    agent = replace(
        agent,
        offer=replace(offer, step="assigned"),
        conference=notice.conference,
        room="ready",
        # Whoever was in there with the colleague may stay a moment longer than the caller.
        room_old=True,
    )
    return duty.connected(agent, notice.at_ms)


def decide(agent: Agent) -> Iterator[Act]:
    """Say yes or no to the colleague."""
    consulted = agent.consulted
    if consulted is not None:
        refusal = consulted.refusal
        yield Accept(consulted.ask) if refusal is None else Refuse(refusal, consulted.ask)


def introduce(agent: Agent) -> Iterator[Act]:
    """Tell the conference that wants him which leg it is to put in."""
    if agent.offer is not None and agent.leg is not None:
        ready = n.ConsultReady(agent.offer.id, agent.name, agent.leg)
        yield Tell(Address(agent.address.tenant, "conference", agent.offer.room), ready)


def _come_back(agent: Agent) -> Agent:
    """Return the agent without a conference; whoever was rung for this is hung up."""
    if agent.leg_offer is not None or agent.room in ("going", "stuck"):
        return agent
    return replace(agent, room="none", conference=None, leaving=None, introduce=False, room_old=False)
