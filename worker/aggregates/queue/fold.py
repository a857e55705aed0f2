"""The queue after an event, and after its own decision."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from worker.aggregates.queue.state import COMMITTED, Caller, FreeAgent, Offer, OfferStep, Presence, Queue, Release, Undo
from worker.commands import command as c
from worker.decisions.decision import Act, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.event import Event
from worker.events.outcomes import Observed, Outcome, ParticipantsSeen, Refused
from worker.events.timers import TimerFired

#: How long a caller who has left is remembered. Telnyx's retries end within a minute.
REMEMBERED_MS = 600_000
#: A caller whose agent was lost goes before all others.
LOST_AGENT_PRIORITY = 1_000

FailReason = Literal["conference-gone", "refused", "not-connected"]


def fold(queue: Queue, event: Event) -> Queue:
    """Return the queue as it is known after *event*."""
    match event.body:
        case w.CallEnqueued(call_control_id=call):
            return arrive(queue, call, event.occurred_ms)
        case w.CallDequeued(call_control_id=call, reason="hangup"):
            return depart(queue, call, event.occurred_ms)
        case w.CallDequeued(call_control_id=call, reason="timeout"):
            return _overdue(queue, call)
        case n.Told(notice=notice):
            return _told(queue, notice)
        case TimerFired(key=key):
            return _timer(queue, key)
        case Observed(command=c.ReadParticipants(conference=conference), seen=ParticipantsSeen(calls=calls)):
            return _read(queue, conference, calls, event.received_ms)
        case Outcome(command=c.ReadParticipants(conference=conference), result=result):
            if isinstance(result, Refused) and result.disposition == "gone":
                return _read(queue, conference, (), event.received_ms)
            return _unread(queue, conference)
        case _:
            return queue


def adopt(queue: Queue, acts: tuple[Act, ...]) -> Queue:
    """Return the queue after it has decided *acts*."""
    queue = replace(queue, releases=(), undos=(), presences=())
    for act in acts:
        match act:
            case Tell(to=to, notice=n.OfferMade(offer=offer, call=call)):
                agent = to.id
                free = queue.agents[agent]
                conference = free.conference if free else ""
                queue = _offered(replace(queue, agents={**queue.agents, agent: None}), call, offer, agent, conference)
            case Tell(notice=n.OfferAssigned(call=call)):
                queue = _step(queue, call, "assigned")
            case Tell(to=to, notice=n.GoOn(reason="finished")):
                queue = _change(queue, replace(queue.callers[to.id], dismissed=True))
            case Tell(to=to, notice=n.GoOn()):
                queue = _dismissed(queue, to.id)
            case Send(command=c.ReadParticipants(conference=conference)):
                for caller in queue.callers.values():
                    if caller.offer and caller.offer.conference == conference and caller.offer.step == "doubted":
                        queue = _step(queue, caller.call, "checking")
            case SetTimer(key=key) if key.startswith("max-wait:"):
                caller = queue.callers[key.removeprefix("max-wait:")]
                queue = _change(queue, replace(caller, timed=True))
            case SetTimer(key=key) if key.startswith("left:"):
                caller = queue.callers[key.removeprefix("left:")]
                queue = _change(queue, replace(caller, ending="timed"))
            case _:
                pass
    return queue


def arrive(queue: Queue, call: str, at_ms: int, number: str = "") -> Queue:
    """A caller is in the queue; the earliest of the times that tell it is his place in the order."""
    if call in queue.departed:
        return queue
    known = queue.callers.get(call)
    if known is None:
        tally = replace(queue.tally, offered=queue.tally.offered + 1)
        return _change(replace(queue, tally=tally), Caller(call, at_ms, number))
    return _change(queue, replace(known, arrived_ms=min(known.arrived_ms, at_ms), number=known.number or number))


def depart(queue: Queue, call: str, at_ms: int) -> Queue:
    """A caller's leg has ended: abandoned, unless an agent or the apology was heard."""
    remembered = {known: ms for known, ms in queue.departed.items() if ms > at_ms - REMEMBERED_MS}
    queue = replace(queue, departed={**remembered, call: at_ms})
    caller = queue.callers.get(call)
    if caller is None:
        return queue
    if caller.offer is not None:
        queue = _release(queue, caller.offer, "caller-gone")
        if caller.offer.step in COMMITTED:
            presence = Presence(caller.offer.conference, call, at_ms, inside=False)
            queue = replace(queue, presences=(*queue.presences, presence))
    if caller.connected_ms is None and not caller.dismissed:
        waited = max(0, at_ms - caller.arrived_ms)
        tally = queue.tally
        longest = max(tally.longest_wait_ms, waited)
        queue = replace(queue, tally=replace(tally, abandoned=tally.abandoned + 1, longest_wait_ms=longest))
    return replace(queue, callers={known: c for known, c in queue.callers.items() if known != call})


def _told(queue: Queue, notice: n.AnyNotice) -> Queue:
    match notice:
        case n.CallerWaiting(call=call, arrived_ms=arrived_ms, number=number):
            return arrive(queue, call, arrived_ms, number)
        case n.CallerGone(call=call, at_ms=at_ms):
            return depart(queue, call, at_ms)
        case n.AgentFree():
            return _free(queue, notice)
        case n.AgentGone():
            return _agent_gone(queue, notice)
        case n.OfferAccepted():
            return _accepted(queue, notice)
        case n.OfferDeclined(offer=offer):
            caller = queue.caller_of(offer)
            declined = caller is not None and caller.offer is not None and caller.offer.step == "offered"
            return _change(queue, replace(caller, offer=None)) if caller and declined else queue
        case n.JoinFailed(offer=offer, reason=reason):
            caller = queue.caller_of(offer)
            return _failed(queue, caller, reason) if caller else queue
        case n.Disconnected(offer=offer):
            caller = queue.caller_of(offer)
            return _failed(queue, caller, "not-connected") if caller else queue
        case n.Connected(offer=offer, at_ms=at_ms):
            return _connected(queue, offer, at_ms)
        case n.CallerLeft(offer=offer):
            return _left(queue, offer)
        case _:
            return queue


def _free(queue: Queue, notice: n.AgentFree) -> Queue:
    if notice.turn <= queue.turns.get(notice.agent, -1):
        return queue
    free = FreeAgent(notice.agent, notice.idle_since_ms, notice.conference)
    return _heard(replace(queue, agents={**queue.agents, notice.agent: free}), notice.agent, notice.turn)


def _agent_gone(queue: Queue, notice: n.AgentGone) -> Queue:
    if notice.turn > queue.turns.get(notice.agent, -1):
        queue = _heard(replace(queue, agents={**queue.agents, notice.agent: None}), notice.agent, notice.turn)
    caller = queue.caller_of(notice.offer) if notice.offer else None
    if caller is None or caller.offer is None:
        return queue
    queue = replace(queue, undos=(*queue.undos, Undo(caller.call, caller.offer.id)))
    return _change(queue, replace(caller, offer=None, priority=LOST_AGENT_PRIORITY))


def _accepted(queue: Queue, notice: n.OfferAccepted) -> Queue:
    caller = queue.caller_of(notice.offer)
    if caller is None or caller.offer is None:
        return replace(queue, releases=(*queue.releases, Release(notice.agent, notice.offer, "unknown-offer")))
    if caller.offer.step != "offered":
        return queue
    offer = replace(caller.offer, step="accepted", conference=notice.conference)
    return _change(queue, replace(caller, offer=offer))


def _connected(queue: Queue, offer: str, at_ms: int) -> Queue:
    caller = queue.caller_of(offer)
    if caller is None or caller.offer is None or caller.offer.step == "undoing":
        return queue
    if caller.connected_ms is None:
        waited = max(0, at_ms - caller.arrived_ms)
        tally = queue.tally
        queue = replace(
            queue,
            tally=replace(
                tally,
                answered=tally.answered + 1,
                wait_total_ms=tally.wait_total_ms + waited,
                longest_wait_ms=max(tally.longest_wait_ms, waited),
            ),
        )
        caller = replace(caller, connected_ms=at_ms)
    return _step(_change(queue, caller), caller.call, "connected")


def _left(queue: Queue, offer: str) -> Queue:
    """The caller of *offer* is out of the agent's conference: the end, if they have spoken; else the join is undone."""
    caller = queue.caller_of(offer)
    if caller is None or caller.offer is None:
        return queue
    if caller.offer.step != "connected":
        return _undo(queue, caller)
    return _change(queue, replace(caller, offer=None, ending="left"))


def _timer(queue: Queue, key: str) -> Queue:
    what, _, ident = key.partition(":")
    match what:
        case "max-wait":
            return _overdue(queue, ident)
        case "left":
            caller = queue.callers.get(ident)
            return _change(queue, replace(caller, ending="due")) if caller else queue
        case "offer":
            caller = queue.caller_of(ident)
            if caller is None or caller.offer is None or caller.offer.step != "offered":
                return queue
            return _change(_release(queue, caller.offer, "expired"), replace(caller, offer=None))
        case "connect":
            caller = queue.caller_of(ident)
            waiting = caller is not None and caller.offer is not None and caller.offer.step == "assigned"
            return _step(queue, caller.call, "doubted") if caller and waiting else queue
        case _:
            return queue


def _overdue(queue: Queue, call: str) -> Queue:
    caller = queue.callers.get(call)
    return _change(queue, replace(caller, overdue=True)) if caller else queue


def _read(queue: Queue, conference: str, calls: tuple[str, ...], now_ms: int) -> Queue:
    """A read told who is in *conference*: who is being looked for is connected, or his connection has failed."""
    for caller in queue.callers.values():
        offer = caller.offer
        if offer is None or offer.step != "checking" or offer.conference != conference:
            continue
        if caller.call in calls:
            presence = Presence(conference, caller.call, now_ms, inside=True)
            queue = replace(_connected(queue, offer.id, now_ms), presences=(*queue.presences, presence))
        else:
            queue = _undo(queue, caller)
    return queue


def _undo(queue: Queue, caller: Caller) -> Queue:
    """Take the join back. The agent stays reserved until the leg says that it cannot happen any more."""
    if caller.offer is None or caller.offer.step == "undoing":
        return queue
    undo = Undo(caller.call, caller.offer.id)
    return _step(replace(queue, undos=(*queue.undos, undo)), caller.call, "undoing")


def _unread(queue: Queue, conference: str) -> Queue:
    """The read failed: the deadline starts again."""
    for caller in queue.callers.values():
        if caller.offer and caller.offer.step == "checking" and caller.offer.conference == conference:
            queue = _step(queue, caller.call, "accepted")
    return queue


def _failed(queue: Queue, caller: Caller, reason: FailReason) -> Queue:
    offer = caller.offer
    if offer is None or offer.step == "connected":
        return queue
    return _change(_release(queue, offer, reason), replace(caller, offer=None, attempts=caller.attempts + 1))


def _offered(queue: Queue, call: str, offer: str, agent: str, conference: str) -> Queue:
    return _change(queue, replace(queue.callers[call], offer=Offer(offer, agent, conference)))


def _dismissed(queue: Queue, call: str) -> Queue:
    caller = queue.callers[call]
    if caller.connected_ms is None:
        queue = replace(queue, tally=replace(queue.tally, dismissed=queue.tally.dismissed + 1))
    return _change(queue, replace(caller, dismissed=True))


def _release(queue: Queue, offer: Offer, reason: Literal["caller-gone", "expired"] | FailReason) -> Queue:
    return replace(queue, releases=(*queue.releases, Release(offer.agent, offer.id, reason)))


def _step(queue: Queue, call: str, step: OfferStep) -> Queue:
    caller = queue.callers[call]
    return _change(queue, replace(caller, offer=replace(caller.offer, step=step))) if caller.offer else queue


def _change(queue: Queue, caller: Caller) -> Queue:
    return replace(queue, callers={**queue.callers, caller.call: caller})


def _heard(queue: Queue, agent: str, turn: int) -> Queue:
    return replace(queue, turns={**queue.turns, agent: turn})
