"""Answers as text: the fields of a type as columns, their values as cells, and the whole as JSON."""

from __future__ import annotations

from typing import get_args, get_type_hints

import msgspec

from worker.telnyx.answers import Answer
from worker.telnyx.conferences.results import Conference, Participant
from worker.telnyx.queues.results import Queue, QueueCall

#: What a terminal shows, as far as there is room, what matters most at first. A pipe gets every column.
MAIN_COLUMNS: dict[type[object], tuple[str, ...]] = {
    Conference: ("id", "name", "status", "region", "end_reason", "created_at"),
    Participant: ("call_control_id", "status", "muted", "on_hold", "id", "created_at"),
    Queue: ("name", "id", "current_size", "max_size", "average_wait_time_secs", "created_at"),
    QueueCall: ("queue_position", "call_control_id", "from", "to", "wait_time_secs", "is_alive"),
}

_encode = msgspec.json.Encoder().encode


def columns(kind: type[object]) -> list[str]:
    """Return the fields of *kind* with Telnyx's names, those of an object inside it as `outer.inner`."""
    if not issubclass(kind, Answer):
        return []
    hints, found = get_type_hints(kind), []
    for field in msgspec.structs.fields(kind):
        inner = next((part for part in (hints[field.name], *get_args(hints[field.name])) if _is_answer(part)), None)
        deeper = columns(inner) if inner is not None else []
        found += [f"{field.encode_name}.{name}" for name in deeper] or [field.encode_name]
    return found


def row(item: object, names: list[str]) -> list[str]:
    """Return the cells of *item* under the columns *names*."""
    document = plain(item)
    return [_cell(_at(document, name)) for name in names]


def plain(value: object) -> object:
    """Return *value* for JSON, with every field: in an answer, what is false or empty says something too."""
    if isinstance(value, Answer):
        return {field.encode_name: plain(getattr(value, field.name)) for field in msgspec.structs.fields(type(value))}
    return value


def json_of(item: object) -> str:
    """Return *item* as one line of JSON; an answer without a body is `{}`."""
    return _encode(plain(item) if item is not None else {}).decode()


def readable(text: str) -> str:
    """Return *text* with whatever could move a terminal's cursor written out: names come from outside."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _is_answer(part: object) -> bool:
    return isinstance(part, type) and issubclass(part, Answer)


def _at(document: object, name: str) -> object:
    for key in name.split("."):
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_cell(part) for part in value)
    return readable(str(value))
