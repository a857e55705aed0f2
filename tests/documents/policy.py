"""docs/policy.md: every key of the policy file, with what may be written, its default and what it means."""

from __future__ import annotations

import msgspec
from msgspec import inspect as types

from ingress.toml.shape import description_of, switched_off
from tests.documents.emulator import comments_of
from tests.documents.tables import Key, worded
from worker.policy import model
from worker.policy.model.basics import Secret, Sound, Voice
from worker.policy.model.goals import Login

#: Each table of the file, and where the document speaks of it.
TABLES: dict[str, tuple[type[msgspec.Struct], str]] = {
    "tenant": (model.Tenant, "a tenant"),
    "secret": (Secret, "a secret"),
    "number": (model.Number, "a number"),
    "caller-rule": (model.CallerRule, "a rule for callers"),
    "goal": (model.Goal, "a goal"),
    "hours": (model.Hours, "opening hours"),
    "menu": (model.Menu, "a menu"),
    "voicemail": (model.Voicemail, "a voicemail"),
    "login": (Login, "log-in by phone"),
    "queue": (model.Queue, "a queue"),
    "key": (model.Key, "a key"),
    "requirement": (model.Requirement, "a requirement"),
    "relaxed": (model.Relaxed, "a relaxation"),
    "announcements": (model.Announcements, "announcements"),
    "callback": (model.Callback, "a callback"),
    "recording": (model.Recording, "recording"),
    "agent": (model.Agent, "an agent"),
    "serves": (model.Serves, "a queue served"),
    "supervisor": (model.Supervisor, "a supervisor"),
    "music": (model.Music, "music"),
    "sound": (Sound, "a sound"),
    "voice": (Voice, "a voice"),
}
_NAMES = dict(TABLES.values())


def of(struct: type[msgspec.Struct], old: str) -> str:
    """Return the table of a Struct's own keys; a new row begins with the words of the code."""
    kind = types.type_info(struct)
    if not isinstance(kind, types.StructType):
        raise TypeError(f"{struct.__name__} is no Struct")
    said = comments_of(struct)
    rows: dict[Key, str] = {}
    for field in kind.fields:
        if field.name in struct.__annotations__:
            rows[f"`{field.encode_name}`", _values(field.type), _default(field)] = said.get(field.name, "")
    return worded(("key", "what is written", "default", "what it means"), rows, old, known=1)


def heading_of(struct: type[msgspec.Struct]) -> str:
    """Return the heading under which the document speaks of *struct*."""
    name = _NAMES[struct]
    return name[0].upper() + name[1:]


def _values(kind: types.Type) -> str:
    match kind:
        case types.Metadata(type=types.DictType() | types.VarTupleType() as inner):
            return _values(inner)
        case types.UnionType():
            return ", or ".join(_values(one) for one in kind.types if not isinstance(one, types.NoneType))
        case types.StructType():
            name = _NAMES[kind.cls]
            return f"[{name}](#{name.replace(' ', '-')})"
        case types.DictType():
            return f"a table of each: {_values(kind.value_type)}; its name is {_values(kind.key_type)}"
        case types.VarTupleType():
            return f"a list: {_values(kind.item_type)}"
        case types.LiteralType(values=values) if "#" in values:
            return "`0` to `9`, `*` or `#`"
        case types.LiteralType(values=values):
            return ", ".join(f"`{value}`" for value in values)
        case _:
            told = description_of(kind)
            return {"1 to 255 characters": "a name", "1 to 3000 characters": "a text"}.get(told, told)


def _default(field: types.Field) -> str:
    if field.required:
        return "required"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if value is None:
        return "none"
    if isinstance(value, model.Goal) and value.say is not None:
        return f"`{{ say = {msgspec.json.encode(value.say).decode()} }}`"
    if isinstance(value, msgspec.Struct | dict | tuple):
        return ""
    return f"`{msgspec.json.encode(value).decode()}`" + ('; `""`: none' if switched_off(field) else "")
