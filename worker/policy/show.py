"""Writes a policy as TOML with all its defaults filled in: read again, it is the same policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from msgspec import inspect as types

from ingress.toml.lines import Place
from ingress.toml.mistakes import quoted, written
from ingress.toml.shape import switched_off
from worker.policy.model import Policy


def to_toml(policy: Policy) -> str:
    """Return *policy* as TOML; each key stands there with its value, but for those that have none."""
    return "\n".join(_table(_plain(policy), ())).strip("\n") + "\n"


def _plain(value: object) -> object:
    """Return *value* as what TOML has: tables, lists and scalars, without what is not there."""
    if isinstance(value, msgspec.Struct):
        kind = types.type_info(type(value))
        if not isinstance(kind, types.StructType):
            raise TypeError(f"{type(value).__name__} is no table")
        table: dict[str, object] = {}
        for field in kind.fields:
            inner = getattr(value, field.name)
            if inner is not None:
                table[field.encode_name] = _plain(inner)
            elif switched_off(field):
                table[field.encode_name] = ""
        return table
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value


def _table(value: object, place: Place) -> Iterator[str]:
    """Yield the lines of a table: first what is in itself, then the tables below it."""
    if not isinstance(value, dict):
        raise TypeError(f"{written(place)} is no table")
    below = {key: inner for key, inner in value.items() if isinstance(inner, dict)}
    own = {key: inner for key, inner in value.items() if key not in below}
    if place and (own or not below):
        yield ""
        yield f"[{written(place)}]"
    for key, inner in own.items():
        yield f"{written((key,))} = {_value(inner)}"
    for key, inner in below.items():
        yield from _table(inner, (*place, key))


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value)
        case float() if value.is_integer():
            return str(int(value))
        case int() | float():
            return str(value)
        case list():
            return f"[{', '.join(_value(item) for item in value)}]"
        case Mapping():
            pairs = ", ".join(f"{written((key,))} = {_value(inner)}" for key, inner in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case _:
            raise TypeError(f"TOML has nothing for {type(value).__name__}")
