"""The queue after an event. What its own decision makes of it is in `adopt`.

Callers come and go by what their legs tell. Telnyx's `call.enqueued` changes nothing: it may come before the leg has
told who he is, how long he has waited, and for whom, and before that is known he must not be offered to anybody.
"""

from __future__ import annotations

from msgspec.structs import replace

from ingress.intents.model import Asked, SetPriority
from worker.aggregates.queue import coming, handing, offering, places
from worker.aggregates.queue.state import Caller, Queue
from worker.commands import command as c
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.event import Event
from worker.events.outcomes import Observed, Outcome, ParticipantsSeen, Refused, Succeeded, Unknown
from worker.events.timers import TimerFired

#: An announcement of which nothing is heard, while so many more were due, counts as over.
PUT_OFF_AT_MOST = 3


def fold(queue: Queue, event: Event) -> Queue:
    """Return the queue as it is known after *event*."""
    match event.body:
        case n.Told(notice=notice):
            return _told(queue, notice, event.received_ms)
        case TimerFired(key=key):
            return _timer(queue, key, event.received_ms)
        case w.CallDequeued(call_control_id=call, reason="hangup"):
            return coming.depart(queue, call, event.occurred_ms)
        case w.CallDequeued(call_control_id=call, reason="timeout"):
            return _overdue(queue, call)
        case Asked(intent=SetPriority(call=call, priority=priority)):
            caller = queue.callers.get(call)
            return places.change(queue, replace(caller, priority=priority)) if caller and may_move(caller) else queue
        case Observed(command=c.ReadParticipants(conference=conference), seen=ParticipantsSeen(calls=calls)):
            return offering.read(queue, conference, calls, event.received_ms)
        case Outcome(command=c.ReadParticipants(conference=conference), result=result):
            if isinstance(result, Refused) and result.disposition == "gone":
                return offering.read(queue, conference, (), event.received_ms)
            return offering.unread(queue, conference)
        case Outcome(command=c.Hangup(call=leg), result=Unknown()):
            return coming.stray(queue, leg, event.received_ms)
        case Outcome(command=c.Dial(client_state=state), result=result):
            return _dialled(queue, state.purpose or "", result, event.received_ms)
        case _:
            return queue


def may_move(caller: Caller | None) -> bool:
    """Return whether a caller waits, so that he can be moved, put before others, or sent away."""
    return caller is not None and caller.gone is None and caller.ending is None and not caller.held


def _told(queue: Queue, notice: n.AnyNotice, now_ms: int) -> Queue:
    match notice:
        case n.CallerWaiting():
            return coming.arrive(queue, notice)
        case n.CallerGone(call=call, at_ms=at_ms, moved=moved):
            return coming.depart(queue, call, at_ms, moved=moved)
        case n.LegAnswered():
            return coming.leg_answered(queue, notice)
        case n.LegEnded():
            return coming.leg_ended(queue, notice)
        case n.KeyPressed(call=call, digit=digit):
            caller = queue.callers.get(call)
            if caller is None or caller.callback is not None or not may_move(caller):
                return queue
            return places.change(queue, replace(caller, pressed=digit))
        case n.Announced(call=call, announcement=announcement):
            caller = queue.callers.get(call)
            if caller is None or caller.saying != announcement:
                return queue
            return places.put(queue, replace(caller, saying=None, put_off=0))
        case _:
            return _offer(queue, notice, now_ms)


def _offer(queue: Queue, notice: n.AnyNotice, now_ms: int) -> Queue:
    match notice:
        case n.AgentFree():
            return offering.agent_free(queue, notice)
        case n.AgentGone():
            return offering.agent_gone(queue, notice, now_ms)
        case n.OfferAccepted():
            return offering.accepted(queue, notice)
        case n.OfferDeclined():
            return offering.declined(queue, notice)
        case n.JoinFailed(offer=offer, reason=reason):
            return offering.failed(queue, offer, reason)
        case n.Disconnected(offer=offer):
            return offering.failed(queue, offer, "not-connected")
        case n.Connected(offer=offer, at_ms=at_ms):
            return offering.connected(queue, offer, at_ms)
        case n.CallerLeft(offer=offer):
            return offering.left(queue, offer)
        case n.HandedOn():
            return handing.handed_on(queue, notice, now_ms)
        case _:
            return queue


def _dialled(queue: Queue, purpose: str, result: Succeeded | Refused | Unknown, now_ms: int) -> Queue:
    match result:
        case Refused():
            caller = coming.called_back(queue, purpose)
            return coming.unreached(queue, caller) if caller and coming.purpose_of(caller) == purpose else queue
        case Succeeded(call=leg):
            return coming.dialled(queue, purpose, leg, now_ms)
        case Unknown():
            # It may ring all the same: then the leg tells us; else the timer ends the wait.
            return queue


def _timer(queue: Queue, key: str, now_ms: int) -> Queue:
    what, _, ident = key.partition(":")
    match what:
        case "offer":
            return offering.expired(queue, ident)
        case "connect":
            return offering.doubted(queue, ident)
        case "resume":
            return replace(queue, lapsed={number: ms for number, ms in queue.lapsed.items() if number != ident})
        case _:
            caller = queue.callers.get(ident)
            return queue if caller is None else _callers_timer(queue, what, caller, now_ms)


def _callers_timer(queue: Queue, what: str, caller: Caller, now_ms: int) -> Queue:
    caller = replace(caller, timers=frozenset(kind for kind in caller.timers if kind != what))
    match what:
        case "max-wait":
            return places.change(queue, replace(caller, overdue=True))
        case "unstaffed":
            return places.change(queue, replace(caller, overdue=caller.overdue or not queue.staffed))
        case "stage":
            passed_ms = max(caller.stage_ms, caller.next_stage_ms)
            return places.change(queue, replace(caller, stage_ms=passed_ms, next_stage_ms=0))
        case "personal":
            return places.change(queue, replace(caller, agent=None))
        case "say":
            over = caller.saying is None or caller.put_off >= PUT_OFF_AT_MOST
            put_off = 0 if over else caller.put_off + 1
            saying = None if over else caller.saying
            return places.change(queue, replace(caller, say_due=True, saying=saying, put_off=put_off))
        case "left":
            return places.change(queue, replace(caller, ending="due"))
        case "dial":
            leg = caller.callback.leg if caller.callback and caller.callback.step == "dialling" else None
            queue = coming.unreached(places.put(queue, caller), caller)
            return coming.stray(queue, leg, now_ms) if leg else queue
        case "retry" if caller.callback and caller.callback.step == "resting":
            return places.change(queue, replace(caller, callback=replace(caller.callback, step="kept")))
        case _:
            return places.put(queue, caller)


def _overdue(queue: Queue, call: str) -> Queue:
    caller = queue.callers.get(call)
    return places.change(queue, replace(caller, overdue=True)) if caller else queue
