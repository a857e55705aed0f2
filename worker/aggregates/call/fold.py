"""The call after an event."""

from __future__ import annotations

from msgspec.structs import replace

from ingress.envelope import AGGREGATE_KINDS, Address
from ingress.intents.model import Asked, EndCall
from worker.aggregates.call.heard import keyed_in, machine_found, message_saved, out_of_time, sound_ended
from worker.aggregates.call.joins import (
    LEAVE_TIMER,
    connect,
    disconnect,
    handed_on,
    has_left,
    joined,
    leave_again,
    take_back,
    unexpected,
)
from worker.aggregates.call.state import Call, Course, Ended, Owner, Visit, mark
from worker.commands import command as c
from worker.commands.client_state import decode_client_state
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.event import Event
from worker.events.outcomes import CallSeen, Observed, Outcome, Refused, Succeeded, Unknown
from worker.events.timers import TimerFired
from worker.policy.model import Goal

#: A refusal that passes is waited out so often, a second each time, before the caller hears the apology.
MAX_RETRIES = 10
#: Why a queue turns a caller away at the door.
TURNED_AWAY = frozenset({"full", "unstaffed", "closed"})


def fold(call: Call, event: Event) -> Call:
    """Return the call as it is known after *event*."""
    match event.body:
        case w.Webhook() | w.Other() | w.Unread():
            return _webhook(call, event)
        case n.Told(sender=sender, notice=notice):
            return _told(call, sender, notice)
        case Asked(intent=EndCall()):
            return replace(call, end_asked=True) if call.known and not call.over else call
        case Outcome() as outcome:
            return _outcome(call, outcome)
        case Observed(seen=CallSeen(alive=False)):
            return replace(call, gone=True)
        case Observed(seen=CallSeen(alive=True), at_ms=None):
            return _seen_alive(call, event.received_ms)
        case TimerFired(key="enqueue"):
            return replace(call, place="none") if call.place == "asked" else call
        case TimerFired(key=key) if key.startswith(LEAVE_TIMER):
            return leave_again(call, key.removeprefix(LEAVE_TIMER))
        case TimerFired(key=key):
            return _failed(call) if key == _transfer_of(call) else out_of_time(call, key)
        case _:
            return call


def _webhook(call: Call, event: Event) -> Call:
    match event.body:
        case w.CallInitiated() as body:
            return _initiated(call, body, event.occurred_ms)
        case w.CallAnswered() as body:
            call = _mark(call, body.client_state)
            return replace(call, answered_ms=_earliest(call.answered_ms, event.occurred_ms))
        case w.CallHangup() as body:
            ended = Ended(event.occurred_ms, body.hangup_cause or "unspecified", body.hangup_source or "unknown")
            call = _mark(call, body.client_state)
            return replace(call, ended=min(call.ended, ended) if call.ended else ended)
        case w.SpeakEnded(client_state=state):
            return sound_ended(_mark(call, state), state, "completed")
        case w.PlaybackEnded(client_state=state, status=status):
            return sound_ended(_mark(call, state), state, status)
        case w.GatherEnded() as body:
            return keyed_in(_mark(call, body.client_state), body, event.occurred_ms)
        case w.MachineDetectionEnded(result=result) | w.PremiumDetectionEnded(result=result):
            return machine_found(call, result)
        case w.CallRecordingSaved() as body:
            return message_saved(call, body)
        case w.CallRecordingFailed():
            return message_saved(call, None)
        case w.CallBridged() if _transfer_of(call):
            return replace(call, visit=replace(call.visit, transfer="talking"))
        case w.CallBridged() | w.DtmfReceived() | w.SpeakStarted() | w.PlaybackStarted():
            return call
        case w.Webhook(event_type=event_type) | w.Other(event_type) | w.Unread(event_type):
            return replace(call, others=call.others | {event_type})
        case _:
            return call


def lead(call: Call, goal: Goal) -> Call:
    """The caller is led to *goal*, and out of the queue in which he is."""
    hop = call.course.hop + 1 if call.course else 1
    return replace(
        take_back(call),
        course=Course(goal, hop),
        visit=Visit(),
        priority=call.priority + goal.priority,
        # A leg that a queue has dialled begins as that queue's: there is none to leave.
        leaving=call.queue is not None and call.course is not None,
        agent=None,
    )


def _initiated(call: Call, body: w.CallInitiated, at_ms: int) -> Call:
    call = _mark(call, body.client_state)
    return replace(
        call,
        direction=body.direction or call.direction,
        parked=body.state == "parked",
        number=body.from_ or call.number,
        dialled=body.to or call.dialled,
        initiated_ms=_earliest(call.initiated_ms, at_ms),
    )


def _mark(call: Call, client_state: str | None) -> Call:
    """Learn whose leg this is from what we wrote when we dialled it."""
    state = decode_client_state(client_state)
    if state is None or state.owner is None or call.owner is not None:
        return call
    kind, _, ident = state.owner.partition(":")
    known = next((each for each in AGGREGATE_KINDS if each == kind), None)
    if not known or not ident:
        return call
    queue = ident if known == "queue" else call.queue
    return replace(call, owner=Owner(known, ident, state.purpose or ""), queue=queue)


def _told(call: Call, sender: Address, notice: n.AnyNotice) -> Call:
    match notice:
        case n.Connect(stay_ms=stay_ms) | n.GoOn(stay_ms=stay_ms) if 0 < stay_ms <= call.left_ms:
            # The queue does not know yet that he has left it, and come back.
            return call
        case n.Connect() if sender.id == call.queue and not call.leaving:
            return connect(call, notice)
        case n.Disconnect(offer=offer) if sender.id == call.queue:
            return disconnect(call, offer)
        case n.HandedOn(offer=offer, to=to) if sender.id == call.queue:
            return handed_on(call, offer, to)
        case n.GoOn() if sender.id == call.queue and not call.leaving:
            return _go_on(call, sender.id, notice)
        case n.Announce() if sender.id == call.queue and notice not in call.announcements:
            return replace(call, announcements=(*call.announcements, notice))
        case n.Move() if call.joining is not None and call.joining.conference == sender.id:
            return _moved(call, notice)
        case n.InQueue():
            return _found_in_queue(call, sender.id, notice)
        case n.OutOfQueue() if call.waits and not call.undoing and sender.id == call.queue:
            return replace(call, place="none")
        case n.Unexpected(conference=conference):
            return unexpected(call, conference)
        case n.LegAnswered(purpose=purpose) if purpose == _transfer_of(call):
            return replace(call, visit=replace(call.visit, transfer="talking"))
        case n.LegEnded(purpose=purpose, answered=answered) if purpose == _transferred(call):
            talked = answered or call.visit.transfer == "talking"
            return replace(call, visit=replace(call.visit, transfer="over")) if talked else _failed(call)
        case n.PhoneLoggedIn(answer, attempt) if call.visit.login == "asked" and call.visit.attempt == attempt:
            return replace(call, visit=replace(call.visit, login=None if answer == "wrong" else answer))
        case _:
            return call


def _go_on(call: Call, queue: str, notice: n.GoOn) -> Call:
    # Who has waited, or chosen, may come back; who was turned away at once is not sent round in circles.
    turned_away = call.turned_away | {queue} if notice.reason in TURNED_AWAY else frozenset()
    call = replace(call, turned_away=turned_away)
    if notice.goal is None:
        return replace(call, dismissed=call.dismissed or notice.reason)
    led = lead(call, notice.goal)
    # Who is called back keeps his place, and can be rung when his line is free: the queue hears of this leg's end.
    return replace(led, leaving=False) if notice.reason == "callback" else led


def _moved(call: Call, notice: n.Move) -> Call:
    """A conversation gives the caller on. To an agent means: by way of the queue that he came from, if none is told."""
    goal = notice.goal
    if notice.agent is not None and goal.queue is None:
        goal = replace(goal, queue=call.queue)
    return replace(lead(call, goal), agent=notice.agent, turned_away=frozenset())


def _transfer_of(call: Call) -> str | None:
    """Return the mark of a transfer of which nothing has been heard yet."""
    return _transferred(call) if call.visit.transfer == "asked" else None


def _transferred(call: Call) -> str | None:
    return mark(call.course.hop, "transfer") if call.course and call.visit.transfer in ("asked", "talking") else None


def _failed(call: Call) -> Call:
    return replace(call, dismissed=call.dismissed or "failed")


def _found_in_queue(call: Call, queue: str, found: n.InQueue) -> Call:
    """Telnyx has the leg in a queue that does not know it (the log lost it, or its beginning): it waits there."""
    if (call.owner is not None and call.owner.kind != "queue") or call.over:
        return call
    if call.course is not None and queue not in (call.queue, call.course.goal.queue):
        # He is led elsewhere by now, and Telnyx has not done all of it yet.
        return call
    call = replace(
        call,
        queue=queue,
        place="waiting",
        joining=None,
        leaving=False,
        done=(call.done | {"answer"}) - {"told-waiting"},
    )
    if call.course is None or call.course.goal.queue != queue:
        call = replace(call, course=Course(Goal(queue=queue), call.course.hop + 1 if call.course else 1))
    if call.answered_ms is None:
        # Only an answered leg is in a queue.
        call = replace(call, answered_ms=found.at_ms)
    if call.initiated_ms is not None:
        return call
    return replace(
        call,
        direction="incoming",
        parked=True,
        number=found.number,
        dialled=found.dialled,
        initiated_ms=found.at_ms,
    )


def _outcome(call: Call, outcome: Outcome) -> Call:
    result = outcome.result
    match outcome.command:
        case c.JoinConference(conference=conference):
            return joined(call, conference, result)
        case c.LeaveConference(conference=conference):
            return has_left(call, conference, result)
        case _ if isinstance(result, Refused) and result.disposition == "gone":
            return replace(call, gone=True)
        case c.Hangup() | c.Reject() if isinstance(result, Succeeded) and result.already:
            return replace(call, gone=True)
        case c.Enqueue():
            return _enqueued(call, result)
        case c.Speak(client_state=state) | c.Play(client_state=state) if not isinstance(result, Succeeded):
            return out_of_time(call, state.speech or "")
        case c.Gather(client_state=state) | c.Transfer(new_leg=state) if isinstance(result, Refused):
            key = state.speech or state.purpose or ""
            return _failed(call) if key == _transfer_of(call) else out_of_time(call, key)
        case c.RecordLeg() if isinstance(result, Refused):
            return _failed(call)
        case _:
            return call


def _enqueued(call: Call, result: Succeeded | Refused | Unknown) -> Call:
    match result:
        case _ if call.place != "asked":
            return call
        case Refused(disposition="wait") if call.retries < MAX_RETRIES:
            return replace(call, retries=call.retries + 1)
        case Refused(disposition="overflow"):
            # Telnyx's queue is full, ours is not: he waits with us alone, and is put into Telnyx's when a look tells.
            return replace(call, place="waiting")
        case Refused():
            return replace(call, place="none", dismissed="failed")
        case _:
            # Unknown counts as waiting: a join takes the caller whether or not Telnyx has him in its queue.
            return replace(call, place="waiting")


def _seen_alive(call: Call, at_ms: int) -> Call:
    """A leg that we hung up and that lives is hung up again; one that we answered counts as answered."""
    if "hangup" in call.done:
        return replace(call, done=call.done - {"hangup"})
    if "reject" in call.done:
        return replace(call, done=call.done - {"reject"})
    return replace(call, answered_ms=at_ms if call.answered_ms is None else call.answered_ms)


def _earliest(known: int | None, new: int) -> int:
    return new if known is None else min(known, new)
