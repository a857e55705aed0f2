"""The recording of a conversation: whether, from when to when, paused or not, and what was saved of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from msgspec.structs import replace

from ingress.envelope import parse_time_ms
from worker.aggregates.conference.state import Conference, Expected, Saved, Take
from worker.commands import command as c
from worker.decisions.decision import Act, Note, Send, SetTimer
from worker.events import webhooks as w
from worker.events.event import Event
from worker.events.outcomes import Outcome, Refused, Unknown
from worker.events.timers import TimerFired
from worker.policy import rules as own
from worker.policy.model import Recording, Tenant

RECORD_RETRY_MS = 1_000
#: So many recordings are remembered until what was saved of them is told, which comes within minutes.
REMEMBERED_TAKES = 16


def fold(conference: Conference, event: Event) -> Conference:
    """Take in what became of a recording."""
    match event.body:
        case w.ConferenceRecordingSaved() as body:
            return _saved(conference, body)
        case Outcome(command=c.RecordStart(), result=result):
            refusal = result if isinstance(result, Refused) else None
            return _started(conference, refusal, event.received_ms)
        case Outcome(command=c.RecordStop(), result=result) if conference.recording == "stopping":
            # One that may go on would record the next conversation, whether or not that is wanted.
            return replace(conference, recording="unstopped" if isinstance(result, Unknown) else "off")
        case TimerFired(key="record") if conference.recording == "again":
            return replace(conference, recording="off")
        case TimerFired(key="record") if conference.recording == "unstopped":
            return replace(conference, recording="on")
        case _:
            return conference


def decide(conference: Conference, event: Event, policy: Tenant) -> Iterator[Act]:
    """Record while a caller and the agent are both in, whichever of the facts came last."""
    present = next((x for x in conference.expected.values() if conference.together(x)), None)
    judged = conference.judged
    if present is not None and (judged is None or judged[0] != present.offer):
        judged = (present.offer, _by_policy(conference, present, policy))
        yield Note("record", present.offer, "yes" if judged[1] else "no")
    wanted = present if present is not None and _wanted(conference, present, judged) else None
    queue = policy.queues.get(wanted.queue) if wanted else None
    match conference.recording:
        case "off" if wanted and queue and wanted.call != conference.unrecorded:
            yield Send(c.RecordStart(conference.id, queue.recording.format, queue.recording.channels))
        case "on" if conference.ended_ms is None and (wanted is None or wanted.call != conference.recorded):
            yield Send(c.RecordStop(conference.id))
        case "again" | "unstopped" if isinstance(event.body, Outcome) and conference.ended_ms is None:
            yield SetTimer("record", event.received_ms + RECORD_RETRY_MS)
        case _:
            return


def adopt(conference: Conference, act: Act) -> Conference:
    """Record what was decided."""
    match act:
        case Note(what="record", of=offer, value=value):
            return replace(conference, judged=(offer, value == "yes"))
        case Send(command=c.RecordStop()):
            return replace(conference, recording="stopping")
        case Send(command=c.RecordStart()):
            recorded = next((x.call for x in conference.expected.values() if conference.together(x)), None)
            made = {key: value for key, value in conference.made.items() if key != "pause"}
            accepted = {key: value for key, value in conference.accepted.items() if key != "pause"}
            return replace(conference, recording="starting", recorded=recorded, made=made, accepted=accepted)
        case _:
            return conference


def chosen(call: str, percent: float) -> bool:
    """Return whether *call* is among the *percent* that are recorded: always the same for the same call."""
    drawn = int.from_bytes(hashlib.sha256(call.encode()).digest()[:8]) / 2**64
    return drawn * 100 < percent


def _by_policy(conference: Conference, caller: Expected, policy: Tenant) -> bool:
    queue = policy.queues.get(caller.queue)
    if queue is None:
        return False
    rules: Recording = queue.recording
    if rules.rule is not None:
        at_ms = conference.together_since_ms(caller)
        said = own.recorded_by(rules.rule, own.Conversation(caller.call, caller.queue, caller.agent, at_ms))
        if said is not None:
            return said
    return rules.record == "all" or (rules.record == "some" and chosen(caller.call, rules.percent))


def _wanted(conference: Conference, caller: Expected, judged: tuple[str, bool] | None) -> bool:
    talk = conference.talk
    if talk is not None and talk.call == caller.call and talk.record is not None:
        return talk.record
    return judged is not None and judged[1]


def _started(conference: Conference, refusal: Refused | None, now_ms: int) -> Conference:
    if conference.recording != "starting":
        return conference
    if refusal is None:
        caller = conference.expected.get(conference.recorded or "")
        queue, agent = (caller.queue, caller.agent) if caller else ("", conference.agent or "")
        take = Take(conference.recorded or "", queue, agent, now_ms)
        return replace(conference, recording="on", takes=(*conference.takes, take)[-REMEMBERED_TAKES:])
    if refusal.disposition == "wait":
        # Left as it is: the decision sets the timer after which it is tried again.
        return replace(conference, recording="again")
    return replace(conference, recording="off", unrecorded=conference.recorded)


def _saved(conference: Conference, body: w.ConferenceRecordingSaved) -> Conference:
    recording_id = body.recording_id or ""
    if any(known.recording_id == recording_id for known in conference.saved):
        return conference
    take = _take_of(conference, body.recording_started_at)
    new = Saved(
        recording_id,
        body.recording_started_at or "",
        body.recording_ended_at or "",
        take.call if take else "",
        take.queue if take else "",
        take.agent if take else "",
    )
    return replace(conference, saved=tuple(sorted((*conference.saved, new))))


def _take_of(conference: Conference, started_at: str | None) -> Take | None:
    """Return the recording that began when *started_at* says; the last one where nothing is said."""
    started_ms = parse_time_ms(started_at)
    if started_ms is None or not conference.takes:
        return conference.takes[-1] if conference.takes else None
    return min(conference.takes, key=lambda take: abs(take.from_ms - started_ms))
