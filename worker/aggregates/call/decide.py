"""What a call leg needs now. Every rule follows from what is so and what has been asked, not from the last event."""

from __future__ import annotations

from collections.abc import Iterator

from ingress.envelope import Address
from ingress.intents.model import Asked, EndCall
from worker.aggregates.call.adopt import adopt
from worker.aggregates.call.course import go_on
from worker.aggregates.call.entry import entry_goal
from worker.aggregates.call.saying import ANSWERED_WITHIN_MS, hang_up, look_for, say, turn_away
from worker.aggregates.call.state import Call, Owner, what_of
from worker.aggregates.call.waiting import DIGITS
from worker.commands import command as c
from worker.commands.client_state import decode_client_state
from worker.decisions.decision import Accept, Act, CancelTimer, GoTo, Refuse, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.event import Event
from worker.policy.model import Goal, Number, Tenant

#: One event leads a caller over so many goals at most; each but the last one is passed without a sound.
GOALS_AT_ONCE = 8


def decide(call: Call, event: Event, policy: Tenant) -> tuple[Act, ...]:
    """Return what is to be done for the leg after *event*."""
    acts = (*_answered(call, event), *_over_by_now(call, event))
    for _ in range(GOALS_AT_ONCE):
        more = tuple(_due(call, event, policy))
        acts += more
        if not any(_leads_further(act) for act in more):
            break
        call = adopt(call, more)
    return acts


def _leads_further(act: Act) -> bool:
    """Return whether more is due as soon as *act* is adopted."""
    match act:
        case (
            GoTo()
            | Tell(
                notice=n.CallerGone(moved=True) | n.CallerWaiting() | n.Announced() | n.Disconnected() | n.JoinFailed()
            )
        ):
            return True
        case _:
            return False


def _answered(call: Call, event: Event) -> Iterator[Act]:
    """Say what becomes of an intent."""
    if not (isinstance(event.body, Asked) and isinstance(event.body.intent, EndCall)):
        return
    if call.over:
        yield Refuse("this call has ended already")
    elif not call.known:
        yield Refuse("there is no such call")
    else:
        yield Accept()


def _over_by_now(call: Call, event: Event) -> Iterator[Act]:
    """Forget the deadline of what has ended by itself."""
    match event.body:
        case w.SpeakEnded(client_state=told) | w.PlaybackEnded(client_state=told) | w.GatherEnded(client_state=told):
            state = decode_client_state(told)
            if state is not None and state.speech in call.asked and not state.speech.startswith("music:"):
                yield CancelTimer(state.speech)
        case w.CallRecordingSaved() | w.CallRecordingFailed():
            yield from (CancelTimer(mark) for mark in sorted(call.asked) if what_of(mark) == "record")
        case _:
            return


def _due(call: Call, event: Event, policy: Tenant) -> Iterator[Act]:
    if call.owner is not None:
        yield from _to_owner(call, call.owner, event)
    if call.over:
        yield from _farewell(call, event)
    elif call.end_asked:
        yield from hang_up(call, event)
    elif call.owner is not None:
        if call.owner.kind == "queue" and call.answered_ms is not None:
            yield from _called_back(call, call.owner, event, policy)
    elif call.initiated_ms is not None and (call.parked or call.direction == "incoming"):
        yield from _caller(call, event, policy)


def _to_owner(call: Call, owner: Owner, event: Event) -> Iterator[Act]:
    """Tell who had the leg dialled that it is up, who has answered, and that it has ended."""
    to = Address(call.address.tenant, owner.kind, owner.id)
    if call.over:
        if "told-ended" not in call.done:
            at_ms, cause = (call.ended.at_ms, call.ended.cause) if call.ended else (event.received_ms, "gone")
            yield Tell(to, n.LegEnded(call.id, at_ms, cause, owner.purpose, call.answered_ms is not None))
        return
    if call.answered_ms is not None and "told-up" not in call.done:
        yield Tell(to, n.LegAnswered(call.id, call.answered_ms, owner.purpose))
    if isinstance(event.body, w.DtmfReceived) and owner.kind == "agent":
        yield from (Tell(to, n.LegKey(call.id, key, event.event_id)) for key in DIGITS if key == event.body.digit)
    if call.machine is not None and "told-machine" not in call.done:
        yield Tell(to, n.MachineDetected(call.id, owner.purpose, call.machine))


def _farewell(call: Call, event: Event) -> Iterator[Act]:
    """Tell who waits for the caller that there is none any more."""
    if call.queue is None or "told-gone" in call.done:
        return
    if call.owner is not None and call.since_ms is None:
        # Called back, and not in the queue yet: its `LegEnded` says all.
        return
    at_ms = call.ended.at_ms if call.ended else event.received_ms
    yield Tell(Address(call.address.tenant, "queue", call.queue), n.CallerGone(call.id, at_ms))


def _called_back(call: Call, owner: Owner, event: Event, policy: Tenant) -> Iterator[Act]:
    """Treat somebody whom a queue has called as a caller of that queue."""
    if call.course is None:
        yield GoTo(Goal(queue=owner.id))
    else:
        yield from go_on(call, call.course, event, policy)


def _caller(call: Call, event: Event, policy: Tenant) -> Iterator[Act]:
    if call.course is not None:
        yield from go_on(call, call.course, event, policy)
        return
    number = policy.numbers.get(call.dialled or "")
    if number is None:
        yield from hang_up(call, event)
    else:
        yield from _enter(call, event, policy, number)


def _enter(call: Call, event: Event, policy: Tenant, number: Number) -> Iterator[Act]:
    """Answer, greet, and lead on to where the number's rules say; or do not answer at all."""
    if "answer" not in call.done:
        if entry_goal(call, number, policy) is None:
            yield from turn_away(call, event)
            return
        yield Send(c.Answer(call.id))
        yield SetTimer("answered", event.received_ms + ANSWERED_WITHIN_MS)
    elif call.answered_ms is None:
        yield from look_for(call, event, "answered", ANSWERED_WITHIN_MS)
    elif number.greeting is not None and "greeting" not in call.asked:
        yield CancelTimer("answered")
        yield from say(call, event, policy, "greeting", number.greeting)
    elif number.greeting is None or call.heard("greeting"):
        goal = entry_goal(call, number, policy)
        if goal is None:
            yield from hang_up(call, event)
            return
        yield CancelTimer("answered")
        yield GoTo(goal)
