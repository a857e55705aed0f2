"""The call after an event, and after its own decision."""

from __future__ import annotations

from msgspec.structs import replace

from ingress.envelope import AGGREGATE_KINDS
from worker.aggregates.call.state import Call, Ended, Joining, Owner, Undoing
from worker.commands import command as c
from worker.commands.client_state import decode_client_state
from worker.decisions.decision import Act, Send, Tell
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.event import Event
from worker.events.outcomes import CallSeen, Observed, Outcome, Refused, Succeeded, Unknown
from worker.events.timers import TimerFired

#: A refusal that passes is waited out so often, a second each time, before the caller hears the apology.
MAX_RETRIES = 10
#: The codes that say that the conference, rather than the leg, is no more (facts of the API: 90058, 90019).
CONFERENCE_GONE = frozenset({"90058", "90019"})


def fold(call: Call, event: Event) -> Call:
    """Return the call as it is known after *event*."""
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
        case w.SpeakEnded() as body:
            state = decode_client_state(body.client_state)
            call = _mark(call, body.client_state)
            return _speech_ended(call, state.speech) if state and state.speech else call
        case w.Webhook(event_type=event_type) | w.Other(event_type) | w.Unread(event_type):
            return replace(call, others=call.others | {event_type})
        case n.Told(sender=sender, notice=n.InQueue() as notice):
            return _found_in_queue(call, sender.id, notice)
        case n.Told(notice=notice):
            return _told(call, notice)
        case Outcome() as outcome:
            return _outcome(call, outcome)
        case Observed(seen=CallSeen(alive=False)):
            return replace(call, gone=True)
        case Observed(seen=CallSeen(alive=True), at_ms=None):
            return _seen_alive(call, event.received_ms)
        case TimerFired(key=key):
            return _timer(call, key)
        case _:
            return call


def adopt(call: Call, acts: tuple[Act, ...]) -> Call:
    """Return the call after it has decided *acts*."""
    for act in acts:
        match act:
            case Send(command=command):
                call = _asked(call, command)
            case Tell(notice=notice):
                call = _has_told(call, notice)
            case _:
                pass
    return call


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
    if state is None or state.owner is None:
        return call
    kind, _, ident = state.owner.partition(":")
    known = next((each for each in AGGREGATE_KINDS if each == kind), None)
    return replace(call, owner=Owner(known, ident, state.purpose or "")) if known and ident else call


def _speech_ended(call: Call, speech: str) -> Call:
    return replace(call, speeches_ended=call.speeches_ended | {speech})


def _told(call: Call, notice: n.AnyNotice) -> Call:
    match notice:
        case n.Connect(offer=offer, conference=conference):
            if call.joining is not None and call.joining.offer == offer:
                return call
            return replace(_take_back(call), joining=Joining(offer, conference))
        case n.Disconnect(offer=offer):
            if call.joining is not None and call.joining.offer == offer:
                return _take_back(call)
            return replace(call, undoing=(*call.undoing, Undoing(offer, "", "left")))
        case n.GoOn(reason=reason):
            return replace(call, dismissed=call.dismissed or reason)
        case n.OutOfQueue() if call.place == "waiting" and call.joining is None and not call.undoing:
            return replace(call, place="none")
        case n.Unexpected(conference=conference):
            return _unexpected(call, conference)
        case _:
            return call


def _found_in_queue(call: Call, queue: str, found: n.InQueue) -> Call:
    """Telnyx has the leg in a queue that does not know it (the log lost it, or its beginning): it waits there."""
    if call.owner is not None or call.over:
        return call
    call = replace(call, queue=queue, place="waiting", joining=None, done=(call.done | {"answer"}) - {"told-waiting"})
    if call.answered_ms is None:
        # Only an answered leg is in a queue, and only after its greeting.
        greeted = call.speeches_ended | {"greeting"}
        call = replace(call, answered_ms=found.at_ms, speeches_ended=greeted, done=call.done | {"greeting"})
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


def _unexpected(call: Call, conference: str) -> Call:
    """The leg is inside a conference that does not expect it: it leaves, if no queue wants it in one."""
    leaving = any(undoing.conference == conference for undoing in call.undoing)
    if call.owner is not None or call.queue is None or call.joining is not None or leaving:
        return call
    place = "none" if call.place == "waiting" else call.place
    return replace(call, undoing=(*call.undoing, Undoing("", conference, "leave")), place=place)


def _take_back(call: Call) -> Call:
    """Undo the join that is wanted, asked or done; a leg that may have left its queue for it enters that again."""
    joining = call.joining
    if joining is None:
        return call
    moved = joining.step in ("asked", "in")
    undoing = Undoing(joining.offer, joining.conference, "leave" if moved else "left")
    return replace(call, undoing=(*call.undoing, undoing), joining=None, place="none" if moved else call.place)


def _has_left(call: Call, conference: str) -> Call:
    """The leave has ended, one way or the other: the leg is out, or was never in."""
    undoing = tuple(
        replace(u, step="left") if u.conference == conference and u.step == "asked" else u for u in call.undoing
    )
    return replace(call, undoing=undoing)


def _outcome(call: Call, outcome: Outcome) -> Call:
    result = outcome.result
    match outcome.command:
        case c.JoinConference(conference=conference):
            return _joined(call, conference, result)
        case c.LeaveConference(conference=conference):
            return _has_left(call, conference)
        case _ if isinstance(result, Refused) and result.disposition == "gone":
            return replace(call, gone=True)
        case c.Hangup() if isinstance(result, Succeeded) and result.already:
            return replace(call, gone=True)
        case c.Enqueue():
            return _enqueued(call, result)
        case c.Speak(client_state=state) if not isinstance(result, Succeeded):
            return _speech_ended(call, state.speech or "")
        case _:
            return call


def _joined(call: Call, conference: str, result: Succeeded | Refused | Unknown) -> Call:
    joining = call.joining
    if joining is None or joining.conference != conference or joining.step != "asked":
        return call
    match result:
        case Succeeded():
            return replace(call, joining=replace(joining, step="in"))
        case Refused(code=code, disposition="gone") if code not in CONFERENCE_GONE:
            return replace(call, gone=True)
        case Refused(code=code):
            failure = "conference-gone" if code in CONFERENCE_GONE else "refused"
            return replace(call, joining=replace(joining, step="failed", failure=failure))
        case Unknown():
            # Nobody knows: the queue's connect deadline reads the participants.
            return call


def _enqueued(call: Call, result: Succeeded | Refused | Unknown) -> Call:
    match result:
        case Refused(disposition="wait") if call.retries < MAX_RETRIES:
            return replace(call, retries=call.retries + 1)
        case Refused():
            return replace(call, place="none", dismissed="failed")
        case _:
            # Unknown counts as waiting: a join takes the caller whether or not Telnyx has him in its queue.
            return replace(call, place="waiting")


def _seen_alive(call: Call, at_ms: int) -> Call:
    """A leg that we hung up and that lives is hung up again; one that we answered counts as answered."""
    if "hangup" in call.done:
        return replace(call, done=call.done - {"hangup"})
    return replace(call, answered_ms=at_ms if call.answered_ms is None else call.answered_ms)


def _timer(call: Call, key: str) -> Call:
    match key:
        case "greeting" | "apology":
            return _speech_ended(call, key)
        case "enqueue" if call.place == "asked":
            return replace(call, place="none")
        case _:
            return call


def _asked(call: Call, command: c.AnyCommand) -> Call:
    match command:
        case c.Answer():
            return replace(call, done=call.done | {"answer"})
        case c.Speak(client_state=state):
            return replace(call, done=call.done | {"apology" if state.speech == "apology" else "greeting"})
        case c.Enqueue(queue=queue):
            return replace(call, queue=queue, place="asked", done=call.done - {"told-waiting"})
        case c.Hangup():
            return replace(call, done=call.done | {"hangup"})
        case c.LeaveConference(conference=conference):
            asked = tuple(replace(u, step="asked") if u.conference == conference else u for u in call.undoing)
            return replace(call, undoing=asked)
        case c.JoinConference() if call.joining:
            return replace(call, joining=replace(call.joining, step="asked"))
        case _:
            return call


def _has_told(call: Call, notice: n.AnyNotice) -> Call:
    match notice:
        case n.CallerWaiting():
            return replace(call, done=call.done | {"told-waiting"})
        case n.CallerGone():
            return replace(call, done=call.done | {"told-gone"})
        case n.JoinFailed():
            return replace(call, joining=None)
        case n.Disconnected(offer=offer):
            return replace(call, undoing=tuple(u for u in call.undoing if u.offer != offer))
        case n.LegAnswered():
            return replace(call, done=call.done | {"told-up"})
        case n.LegEnded():
            return replace(call, done=call.done | {"told-ended"})
        case _:
            return call


def _earliest(known: int | None, new: int) -> int:
    return new if known is None else min(known, new)
