"""docs/telnyx.md: the documented webhooks, what each is read as, and whose decisions it changes."""

from __future__ import annotations

import re
from pathlib import Path

import worker.aggregates
from tests.documents.tables import Key, worded
from worker.events.webhooks import Other, Unread, decode_webhook

#: Telnyx's OpenAPI document of July 2026: what concerns calls, queues and conferences.
EVENTS = (
    "call.initiated",
    "call.answered",
    "call.bridged",
    "call.hangup",
    "call.hold",
    "call.unhold",
    "call.enqueued",
    "call.dequeued",
    "call.speak.started",
    "call.speak.ended",
    "call.playback.started",
    "call.playback.ended",
    "call.gather.ended",
    "call.dtmf.received",
    "call.recording.saved",
    "call.recording.error",
    "call.recording.transcription.saved",
    "call.machine.detection.ended",
    "call.machine.greeting.ended",
    "call.machine.premium.detection.ended",
    "call.machine.premium.greeting.ended",
    "call.refer.started",
    "call.refer.completed",
    "call.refer.failed",
    "call.cost",
    "conference.created",
    "conference.ended",
    "conference.participant.joined",
    "conference.participant.left",
    "conference.floor.changed",
    "conference.speak.started",
    "conference.speak.ended",
    "conference.playback.started",
    "conference.playback.ended",
    "conference.participant.speak.started",
    "conference.participant.speak.ended",
    "conference.participant.playback.started",
    "conference.participant.playback.ended",
    "conference.recording.saved",
)
_BODY = b'{"data":{"payload":{"call_control_id":"x","conference_id":"x","queue":"x","recording_id":"x"}}}'


def render(old: str) -> str:
    """Return the table."""
    actors = _actors()
    rows: dict[Key, str] = {}
    for event in EVENTS:
        read = decode_webhook(event, _BODY)
        kind = type(read).__name__
        rows[f"`{event}`", f"`{kind}`", ", ".join(actors.get(kind, ()))] = ""
    return worded(("event", "read as", "acted upon by", "what it says"), rows, old, known=1)


def untyped() -> list[str]:
    """Return the documented events that no type is for."""
    return [event for event in EVENTS if isinstance(decode_webhook(event, _BODY), Other | Unread)]


def _actors() -> dict[str, list[str]]:
    """Return which aggregates' folds look at each type of webhook."""
    found: dict[str, list[str]] = {}
    for file in sorted(Path(worker.aggregates.__path__[0]).glob("*/fold.py")):
        for kind in dict.fromkeys(re.findall(r"\bw\.(\w+)\(", file.read_text(encoding="utf-8"))):
            if kind not in (Other.__name__, Unread.__name__):
                found.setdefault(kind, []).append(file.parent.name)
    return found
