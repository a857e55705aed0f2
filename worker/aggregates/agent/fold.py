"""The agent after an event, and after his own decision."""

from __future__ import annotations

from msgspec.structs import replace

from ingress.intents.model import Asked
from worker.aggregates.agent import consult, duty, line, room, wishes
from worker.aggregates.agent.state import Agent
from worker.commands import command as c
from worker.decisions.decision import Act, CancelTimer, Note, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events.event import Event
from worker.events.intents import Enrol, Strike
from worker.events.outcomes import ConferenceSeen, Observed, Outcome
from worker.events.timers import TimerFired


def fold(agent: Agent, event: Event) -> Agent:
    """Return the agent as he is known after *event*."""
    after = duty.freed(line.let_go(_folded(agent, event)), event.received_ms)
    if after.duty != agent.duty:
        return replace(after, since_ms=event.received_ms)
    # His queues are to know, though he does what he did: nothing.
    return replace(after, turn=after.turn + 1) if after.duty == "offline" and after.staff != agent.staff else after


def adopt(agent: Agent, acts: tuple[Act, ...]) -> Agent:
    """Return the agent after he has decided *acts*."""
    agent = replace(agent, strays=(), replies=(), phone_answers=(), refusal=None, hung_up=None, consulted=None)
    for act in acts:
        match act:
            case Send(command=command):
                agent = _asked(agent, command)
            case Tell(to=to, notice=notice):
                agent = _has_told(agent, to.id, notice)
            case Note(what="pause", value=reason):
                agent = _worn_out(agent, reason)
            case SetTimer(key=key, due_ms=due_ms):
                agent = _timed(replace(agent, timers={**agent.timers, key: due_ms}), key)
            case CancelTimer(key=key):
                agent = replace(agent, timers=_without(agent.timers, key))
            case _:
                pass
    return agent


def _folded(agent: Agent, event: Event) -> Agent:
    now_ms = event.received_ms
    match event.body:
        case Enrol() as enrol:
            return wishes.enrolled(agent, enrol, now_ms)
        case Strike():
            return wishes.struck(agent, now_ms)
        case Asked(intent=intent):
            return wishes.asked(agent, intent, now_ms)
        case n.Told(notice=notice):
            return _told(agent, notice, now_ms)
        case Outcome(command=command, result=result):
            match command:
                case c.Dial(client_state=state):
                    return line.dialled(agent, state.purpose or "", result, now_ms)
                case c.Hangup(call=leg):
                    return line.hung_up(agent, leg, result)
                case c.CreateConference(call=leg):
                    return room.created(agent, leg, result, now_ms)
                case c.JoinConference(call=leg, conference=conference):
                    return room.entered(agent, leg, conference, result, now_ms)
                case c.LeaveConference(conference=conference, call=leg):
                    return room.left(agent, conference, leg, result)
                case c.FindConference():
                    return room.unread(agent)
                case _:
                    return agent
        case Observed(command=c.FindConference(), seen=ConferenceSeen(conference=conference)):
            return room.found(agent, conference)
        case TimerFired(key=key, due_ms=due_ms) if agent.timers.get(key) == due_ms:
            return _timer(replace(agent, timers=_without(agent.timers, key)), key, now_ms)
        case _:
            return agent


def _told(agent: Agent, notice: n.AnyNotice, now_ms: int) -> Agent:
    match notice:
        case n.LegAnswered():
            return line.answered(agent, notice)
        case n.LegEnded():
            return line.ended(agent, notice, now_ms)
        case n.MachineDetected():
            return line.screened(agent, notice, now_ms)
        case n.PhoneLogin():
            return wishes.phoned(agent, notice, now_ms)
        case n.OfferMade():
            return duty.offered(agent, notice)
        case n.OfferAssigned(offer=offer) if agent.offer and agent.offer.id == offer:
            return replace(agent, offer=replace(agent.offer, step="assigned"))
        case n.OfferWithdrawn(offer=offer) if agent.offer and agent.offer.id == offer and agent.offer.consults:
            return consult.withdrawn(agent, now_ms)
        case n.OfferWithdrawn(offer=offer, reason=reason) if agent.offer and agent.offer.id == offer:
            return duty.withdrawn(agent, reason, now_ms)
        case n.Connected(offer=offer, at_ms=at_ms) if agent.offer and agent.offer.id == offer:
            return duty.connected(agent, at_ms)
        case n.CallerLeft(offer=offer, at_ms=at_ms) if agent.offer and agent.offer.id == offer and agent.duty == "busy":
            return duty.wrap_up(agent, at_ms)
        case n.ConferenceOver(conference=conference):
            return room.over(agent, conference, now_ms)
        case n.ConsultAsked():
            return consult.asked(agent, notice)
        case n.ConsultOver(offer=offer):
            return consult.over(agent, offer, now_ms)
        case n.CallerHanded():
            return consult.handed(agent, notice)
        case _:
            return agent


def _timer(agent: Agent, key: str, now_ms: int) -> Agent:
    match key:
        case "ring":
            return line.rang_out(agent, now_ms)
        case "redial" if agent.line == "resting":
            return replace(agent, line="down")
        case "hang-up":
            return line.hang_up_again(agent)
        case "screen" if agent.room == "screening":
            return line.passed(agent)
        case "room" if agent.room in ("waiting", "stuck"):
            return replace(agent, room="none")
        case "room" if agent.room == "unread":
            return replace(agent, room="unsure")
        case "room-age" | "leg-age":
            return room.aged(agent, leg=key == "leg-age", now_ms=now_ms)
        case "reserved":
            return duty.doubted(agent, now_ms)
        case "delay" if agent.duty == "delayed" and agent.delay != "moving":
            return duty.rest(agent, now_ms)
        case "wrap-up" if agent.duty == "wrapping-up":
            return duty.wrapped_up(agent, now_ms)
        case _:
            return agent


def _worn_out(agent: Agent, reason: str) -> Agent:
    """He is paused for what he has not answered; one on demand when the leg that rang has ended."""
    agent = replace(agent, standing="paused", reason=reason, delay=None, untimed=False)
    if agent.reach == "on-demand" and not agent.ready:
        return replace(agent, delay="moving")
    return replace(agent, duty="paused" if agent.ready else "offline")


def _asked(agent: Agent, command: c.AnyCommand) -> Agent:
    match command:
        case c.Dial(client_state=state):
            purpose = state.purpose or ""
            leg_offer = agent.offer.id if agent.offer and purpose.startswith("offer") else None
            return replace(agent, line="dialling", leg=None, purpose=purpose, dials=agent.dials + 1,
                           leg_offer=leg_offer, screened=False)  # fmt: skip
        case c.CreateConference():
            return replace(agent, room="asked", rooms=agent.rooms + 1)
        case c.FindConference():
            return replace(agent, room="finding")
        case c.JoinConference():
            return replace(agent, room="asked")
        case c.LeaveConference():
            return replace(agent, room="going")
        case c.Hangup(call=leg) if leg not in agent.over_legs and leg not in agent.parting:
            return replace(agent, parting=(*agent.parting, leg))
        case _:
            return agent


def _has_told(agent: Agent, to: str, notice: n.AnyNotice) -> Agent:
    match notice:
        case n.AgentFree(turn=turn):
            return replace(agent, told=turn, served=tuple(sorted({*agent.served, to})))
        case n.AgentGone(offer=str()):
            return replace(agent, broken=None)
        case n.AgentGone(turn=turn, state=state):
            served = agent.served if state != "offline" else tuple(queue for queue in agent.served if queue != to)
            return replace(agent, told=turn, served=served)
        case n.ConferenceReady():
            return replace(agent, introduce=False)
        case n.ConsultReady() if agent.offer is not None:
            return replace(agent, room="guest", offer=replace(agent.offer, step="accepted"))
        case _:
            return agent


def _timed(agent: Agent, key: str) -> Agent:
    match key:
        case "wrap-up":
            return replace(agent, wrapping=None)
        case "delay":
            return replace(agent, untimed=False)
        case "reserved":
            return replace(agent, watched=True)
        case "redial":
            return replace(agent, line="resting")
        case "screen":
            return replace(agent, room="screening")
        case _:
            return agent


def _without(timers: dict[str, int], key: str) -> dict[str, int]:
    return {known: due_ms for known, due_ms in timers.items() if known != key}
