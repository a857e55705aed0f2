"""A caller whom the agent leaves with a third party: the agent is let out, and the two go on until one has left."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from ingress.envelope import Address
from worker.aggregates.conference.parties import outsiders
from worker.aggregates.conference.presence import forget
from worker.aggregates.conference.state import Conference, HandedOver
from worker.commands import command as c
from worker.decisions.decision import Act, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events.event import Event
from worker.events.outcomes import Outcome, Succeeded, Unknown
from worker.events.timers import TimerFired
from worker.policy.model import Goal

AGAIN_MS = 1_000


def hand_over(conference: Conference) -> Conference:
    """Leave the caller with whoever was asked in."""
    talk = conference.talk
    if talk is None:
        return conference
    handed = HandedOver(talk.call, talk.queue, talk.offer)
    return forget(replace(conference, handed=handed, talk=None), talk.call)


def fold(conference: Conference, event: Event) -> Conference:
    """Take in what became of letting the agent out, and of the end."""
    handed = conference.handed
    if handed is None:
        return conference
    match event.body:
        case Outcome(command=c.LeaveConference(call=leg), result=result) if (
            handed.step == "leaving" and leg == conference.agent_leg
        ):
            # Nobody is told before he is out: the end of the conference would be the end of his leg.
            step = "unsure" if isinstance(result, Unknown) else "left"
            return replace(conference, handed=replace(handed, step=step))
        case TimerFired(key="leave") if handed.step == "unsure":
            return replace(conference, handed=replace(handed, step="leave"))
        case Outcome(command=c.EndConference(), result=result) if not isinstance(result, Succeeded):
            return replace(conference, handed=replace(handed, step="apart"))
        case _:
            return conference


def settle(conference: Conference) -> Conference:
    """See whether the agent is out, and whether the two are still two."""
    handed = conference.handed
    if handed is None:
        return conference
    step = handed.step
    if step in ("leaving", "unsure") and not conference.inside(conference.agent_leg):
        step = "left"
    elif step == "alone" and not (conference.inside(handed.call) and outsiders(conference)):
        step = "over"
    return conference if step == handed.step else replace(conference, handed=replace(handed, step=step))


def decide(conference: Conference, event: Event) -> Iterator[Act]:
    """Let the agent out, tell those whom it concerns, and end what is left of it."""
    handed = conference.handed
    if handed is None:
        return
    tenant = conference.address.tenant
    match handed.step:
        case "leave" if conference.agent_leg is not None:
            yield Send(c.LeaveConference(conference.id, conference.agent_leg))
        case "unsure" if isinstance(event.body, Outcome):
            yield SetTimer("leave", event.received_ms + AGAIN_MS)
        case "left" if conference.agent is not None:
            agent = Address(tenant, "agent", conference.agent)
            at_ms = event.received_ms
            gone_on = n.CallerGone(handed.call, at_ms, moved=True)
            yield Tell(Address(tenant, "queue", handed.queue), gone_on)
            yield Tell(agent, n.CallerLeft(handed.offer, handed.call, at_ms))
            yield Tell(agent, n.ConferenceOver(conference.id))
        case "over" if conference.ended_ms is None:
            yield Send(c.EndConference(conference.id))
        case "apart":
            yield Tell(Address(tenant, "call", handed.call), n.Move(Goal()))
        case _:
            return


def adopt(conference: Conference, act: Act) -> Conference:
    """Note how far it is."""
    handed = conference.handed
    if handed is None:
        return conference
    match act:
        case Send(command=c.LeaveConference(call=leg)) if leg == conference.agent_leg:
            return replace(conference, handed=replace(handed, step="leaving"))
        case Tell(to=to, notice=n.ConferenceOver()) if to.id == conference.agent:
            return replace(conference, handed=replace(handed, step="alone"), agent=None, agent_leg=None)
        case Send(command=c.EndConference()) | Tell(notice=n.Move()):
            return replace(conference, handed=replace(handed, step="ending"))
        case _:
            return conference
