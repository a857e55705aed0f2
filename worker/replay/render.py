"""Says a step of a history in lines for people: time, event, what changed, what was decided, what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from ingress.intents.model import Asked
from worker.aggregates.machine import AggregateState
from worker.commands.command import name_of
from worker.decisions.decision import Accept, Act, CancelTimer, GoTo, Note, Quarantine, Refuse, Send, SetTimer, Tell
from worker.events.event import Event
from worker.events.intents import Enrol, Release, Strike
from worker.events.notices import Told
from worker.events.outcomes import Observed, Outcome, Refused, Succeeded, Unknown
from worker.events.policies import PolicyLoaded
from worker.events.timers import TimerFired
from worker.events.webhooks import MISREAD, DtmfReceived, GatherEnded, Other, Unread, surprises
from worker.policy.model import Goal
from worker.replay.source import Step

MAX_VALUE = 160
_LONG_AGO_MS = 1_000_000_000_000
_KEYS = re.compile(r'("digits?"\s*:\s*)"[^"]*"')
_EMPTY: tuple[object, ...] = (None, "", 0, (), [], {})


def time_of(ms: int) -> str:
    """Return Unix milliseconds as UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def lines_of(step: Step) -> Iterator[str]:
    """Yield the lines of one step; the first is not indented."""
    yield f"{time_of(step.event.received_ms)}  {describe(step.event)}"
    for change in changes(step.before, step.after):
        yield f"    {change}"
    for act in step.decision.acts if step.decision else ():
        yield f"    → {describe_act(act)}"


def describe(event: Event) -> str:
    """Return an event in one line."""
    body = event.body
    match body:
        case Told(sender=sender, notice=notice):
            return f"notice   {notice.__struct_config__.tag} from {sender.kind}:{sender.id} {_fields(notice)}"
        case TimerFired(key=key):
            return f"timer    {key}"
        case Outcome(command=command, result=result):
            return f"outcome  {name_of(command)}: {_result(result)}"
        case Observed(command=command, seen=seen):
            return f"observed {name_of(command)}: {_fields(seen)}"
        case Asked(intent=intent, by=by):
            return f"intent   {intent.__struct_config__.tag} by {by} {_fields(intent)}"
        case Enrol(by=by, log_in=log_in, reach=reach):
            return f"intent   enrol by {by}, {reach}" + (", logged in" if log_in else "")
        case Strike(by=by):
            return f"intent   strike by {by}"
        case PolicyLoaded(number=number, digest=digest, by=by):
            return f"intent   policy {number} by {by}: {digest}"
        case Release(by=by, without=without):
            return f"intent   release from quarantine by {by}" + (f", without {without}" if without else "")
        case Other(event_type=event_type):
            return f"webhook  {event_type} (an event type that is not known here; nothing acts upon it)"
        case Unread(event_type=event_type, reason=reason):
            return f"webhook  {event_type} (not as documented: {reason})"
        case _:
            told = f"webhook  {_words(type(body).__name__)} {_fields(_masked(body))}".rstrip()
            return " ".join((told, *(f"({surprise.why})" for surprise in surprises(body))))


def describe_act(act: Act) -> str:
    """Return something decided in one line."""
    match act:
        case Send(command=command):
            return f"send {name_of(command)} {_fields(command)}"
        case Tell(to=to, notice=notice):
            return f"tell {to.kind}:{to.id} {notice.__struct_config__.tag} {_fields(notice)}"
        case SetTimer(key=key, due_ms=due_ms):
            return f"set timer {key} for {time_of(due_ms)}"
        case CancelTimer(key=key):
            return f"cancel timer {key}"
        case Quarantine(error=error):
            return f"quarantine: {error}"
        case Refuse(reason=reason):
            return f"refuse: {reason}"
        case Accept():
            return "accept"
        case GoTo(goal=goal, key=key):
            return f"go to {_goal(goal)}" + (f" by key {key}" if key else "")
        case Note(what=what, of=of, value=value):
            return " ".join(part for part in ("note", what, of, value) if part)


def changes(before: AggregateState, after: AggregateState) -> list[str]:
    """Return what differs between two states, as `path: old → new`."""
    old, new = (msgspec.to_builtins(state, order="deterministic") for state in (before, after))
    return list(differences("", old, new))


def differences(path: str, old: object, new: object) -> Iterator[str]:
    """Yield what differs between two values as built-in types, as `path: old → new`."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from differences(f"{path}.{key}".lstrip("."), old.get(key), new.get(key))
    else:
        yield f"{path}: {_short(path, old)} → {_short(path, new)}"


def _short(name: str, value: object) -> str:
    """Return a value in a few words; a time, which its name ends with `_ms` for, as a time."""
    if isinstance(value, int) and name.endswith("_ms") and value > _LONG_AGO_MS:
        return time_of(value)
    if isinstance(value, dict):
        told = {key: _short(key, part) for key, part in value.items() if part not in _EMPTY}
        return " ".join(f"{key}={part}" for key, part in told.items()) or "empty"
    text = "none" if value is None else str(value)
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"


def _fields(value: object) -> str:
    fields = msgspec.to_builtins(value)
    if not isinstance(fields, dict):
        return ""
    left_out = {"type", "notice", "command", "event_type", MISREAD}
    return " ".join(f"{k}={_short(k, v)}" for k, v in fields.items() if k not in left_out and v not in (None, ""))


def without_keys(raw: str) -> str:
    """Return a webhook's body without the keys that were pressed."""
    return _KEYS.sub(r'\1"•"', raw)


def _masked(body: object) -> object:
    """Hide the keys that were pressed: they may be a PIN, or the number of a card."""
    match body:
        case GatherEnded(digits=str(digits)):
            return replace(body, digits="•" * len(digits))
        case DtmfReceived(digit=str(digit)):
            return replace(body, digit="•" * len(digit))
        case _:
            return body


def _goal(goal: Goal) -> str:
    """Return where a goal leads, in a word or two."""
    ways = {"queue": goal.queue, "menu": goal.menu, "voicemail": goal.voicemail, "number": goal.number}
    return next((f"{way} {name}" for way, name in ways.items() if name), "log-in" if goal.login else "the end")


def _result(result: Succeeded | Refused | Unknown) -> str:
    match result:
        case Succeeded(already=str(code)):
            return f"so already ({code})"
        case Succeeded():
            return f"accepted {_fields(result)}".rstrip()
        case Refused(status=status, code=code, detail=detail, disposition=disposition):
            return f"refused {status} {code} ({disposition}): {detail}"
        case Unknown(reason=reason):
            return f"unknown: {reason}"


def _words(name: str) -> str:
    return "".join(f" {char.lower()}" if char.isupper() else char for char in name).strip()
