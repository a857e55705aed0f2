"""What a call leg needs now. Every rule follows from what is so and what has been asked, not from the last event."""

from __future__ import annotations

from collections.abc import Iterator

from ingress.envelope import Address
from worker.aggregates.call.fold import MAX_RETRIES
from worker.aggregates.call.state import Call, Owner
from worker.commands import command as c
from worker.commands.client_state import ClientState
from worker.decisions.decision import Act, CancelTimer, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events.event import Event
from worker.events.outcomes import Outcome, Refused
from worker.events.timers import TimerFired
from worker.policy.model import Announcement, Number, Tenant, sound_of

#: `call.answered` is looked for after so long. Telnyx answers a parked leg in well under a second.
ANSWERED_WITHIN_MS = 5_000
#: `call.hangup` is looked for so long after we have hung up.
HUNG_UP_WITHIN_MS = 10_000
#: A speech is taken as ended after this and 120 ms a character, when no webhook says so.
SPEECH_SLACK_MS = 5_000
SPEECH_MS_PER_CHARACTER = 120
RETRY_MS = 1_000
#: Telnyx's own limit in its queue is a net below ours, for the case that nobody is left to end the wait.
TELNYX_WAIT_SLACK_SECS = 60


def decide(call: Call, event: Event, policy: Tenant) -> tuple[Act, ...]:
    """Return what is to be done for the leg after *event*."""
    if call.owner is not None:
        return tuple(_dialled_leg(call, call.owner, event))
    if call.over:
        return tuple(_farewell(call, event))
    if call.initiated_ms is None or not (call.parked or call.direction == "incoming"):
        return ()
    return tuple(_caller(call, event, policy))


def _dialled_leg(call: Call, owner: Owner, event: Event) -> Iterator[Act]:
    """Tell who had the leg dialled that it is up, and that it has ended."""
    to = Address(call.address.tenant, owner.kind, owner.id)
    if call.over:
        if "told-ended" not in call.done:
            at_ms, cause = (call.ended.at_ms, call.ended.cause) if call.ended else (event.received_ms, "gone")
            yield Tell(to, n.LegEnded(call.id, at_ms, cause, owner.purpose, call.answered_ms is not None))
    elif call.answered_ms is not None and "told-up" not in call.done:
        yield Tell(to, n.LegAnswered(call.id, call.answered_ms, owner.purpose))


def _farewell(call: Call, event: Event) -> Iterator[Act]:
    """Tell who waits for the caller that there is none any more."""
    if call.queue is None or "told-gone" in call.done:
        return
    at_ms = call.ended.at_ms if call.ended else event.received_ms
    yield Tell(Address(call.address.tenant, "queue", call.queue), n.CallerGone(call.id, at_ms))


def _caller(call: Call, event: Event, policy: Tenant) -> Iterator[Act]:
    entry = policy.numbers.get(call.dialled or "")
    if entry is None or call.dismissed is not None:
        yield from _dismissal(call, event, policy)
    elif "answer" not in call.done:
        yield Send(c.Answer(call.id))
        yield SetTimer("answered", event.received_ms + ANSWERED_WITHIN_MS)
    elif call.answered_ms is None:
        yield from _look_for(call, event, "answered", ANSWERED_WITHIN_MS)
    else:
        yield from _service(call, event, policy, entry)


def _service(call: Call, event: Event, policy: Tenant, entry: Number) -> Iterator[Act]:
    """Greet, enqueue, join: what an answered caller gets."""
    if entry.greeting and "greeting" not in call.done:
        yield CancelTimer("answered")
        yield from _speech(call, event, policy, "greeting", entry.greeting)
        return
    if entry.greeting and "greeting" not in call.speeches_ended:
        return
    for undoing in call.undoing:
        if undoing.step == "leave":
            yield Send(c.LeaveConference(undoing.conference, call.id))
        elif undoing.step == "left" and call.queue:
            yield Tell(Address(call.address.tenant, "queue", call.queue), n.Disconnected(undoing.offer, call.id))
    if call.joining is None and call.place == "none":
        name = entry.queue or ""
        queue = policy.queues[name]
        yield CancelTimer("greeting")
        yield Send(c.Enqueue(call.id, name, int(queue.max_wait_secs) + TELNYX_WAIT_SLACK_SECS))
    if call.place == "asked" and _was_put_off(event) and call.retries <= MAX_RETRIES:
        yield SetTimer("enqueue", event.received_ms + RETRY_MS)
    if call.place == "waiting" and "told-waiting" not in call.done and call.queue:
        notice = n.CallerWaiting(call.id, call.number or "", event.received_ms)
        yield Tell(Address(call.address.tenant, "queue", call.queue), notice)
    yield from _join(call)


def _join(call: Call) -> Iterator[Act]:
    joining = call.joining
    if joining is None:
        return
    if joining.step == "wanted":
        yield Send(c.JoinConference(joining.conference, call.id))
    elif joining.step == "failed" and call.queue:
        notice = n.JoinFailed(joining.offer, call.id, joining.failure or "refused")
        yield Tell(Address(call.address.tenant, "queue", call.queue), notice)


def _dismissal(call: Call, event: Event, policy: Tenant) -> Iterator[Act]:
    """End the call: with an apology where it was answered and nobody has spoken with the caller."""
    queue = policy.queues.get(call.queue or "")
    apology = queue.apology if queue and call.answered_ms is not None and call.dismissed != "finished" else None
    if apology and "apology" not in call.done:
        yield from _speech(call, event, policy, "apology", apology)
    elif (not apology or "apology" in call.speeches_ended) and "hangup" not in call.done:
        yield Send(c.Hangup(call.id))
        yield SetTimer("hangup", event.received_ms + HUNG_UP_WITHIN_MS)
    else:
        yield from _look_for(call, event, "hangup", HUNG_UP_WITHIN_MS)


def _look_for(call: Call, event: Event, timer: str, again_ms: int) -> Iterator[Act]:
    """Read the leg when the webhook that *timer* waits for does not come; and again when the read fails."""
    match event.body:
        case TimerFired(key=key) if key == timer:
            yield Send(c.ReadCall(call.id))
        case Outcome(command=c.ReadCall()):
            yield SetTimer(timer, event.received_ms + again_ms)
        case _:
            return


def _speech(call: Call, event: Event, policy: Tenant, speech: str, said: Announcement) -> Iterator[Act]:
    sound = sound_of(said)
    text, voice = sound.text or "", sound.voice or policy.voice
    yield Send(c.Speak(call.id, text, voice.voice, voice.language, ClientState(speech=speech)))
    yield SetTimer(speech, event.received_ms + SPEECH_SLACK_MS + SPEECH_MS_PER_CHARACTER * len(text))


def _was_put_off(event: Event) -> bool:
    body = event.body
    return (
        isinstance(body, Outcome)
        and isinstance(body.command, c.Enqueue)
        and isinstance(body.result, Refused)
        and body.result.disposition == "wait"
    )
