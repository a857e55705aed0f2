"""Finds the parts of one kind in a policy, wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TypeVar

import msgspec
from msgspec import inspect as types

from ingress.toml.lines import Place
from worker.policy.model import Goal

P = TypeVar("P", bound=msgspec.Struct)


def parts(value: object, kind: type[P], place: Place) -> Iterator[tuple[Place, P]]:
    """Yield each *kind* in *value*, itself too, with its place in the file."""
    if isinstance(value, kind):
        yield place, value
    if isinstance(value, msgspec.Struct):
        for name, written in _ways(type(value), kind):
            yield from parts(getattr(value, name), kind, (*place, written))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from parts(inner, kind, (*place, key))
    elif isinstance(value, tuple):
        for number, inner in enumerate(value):
            yield from parts(inner, kind, (*place, number))


def ways_of(goal: Goal) -> list[str]:
    """Return the keys of *goal* by which a caller goes somewhere; none: he is hung up on."""
    ways = {"queue": goal.queue, "menu": goal.menu, "voicemail": goal.voicemail, "number": goal.number}
    named = [key for key, value in ways.items() if value is not None]
    return [*named, "login"] if goal.login else named


@cache
def _ways(owner: type[msgspec.Struct], kind: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    """Return the fields of *owner* below which there may be a *kind*, so that ten thousand agents are not searched."""
    info = types.type_info(owner)
    fields = info.fields if isinstance(info, types.StructType) else ()
    return tuple((field.name, field.encode_name) for field in fields if _holds(field.type, kind))


def _holds(info: types.Type, kind: type[msgspec.Struct]) -> bool:
    match info:
        case types.Metadata():
            return _holds(info.type, kind)
        case types.UnionType():
            return any(_holds(one, kind) for one in info.types)
        case types.DictType():
            return _holds(info.value_type, kind)
        case types.VarTupleType():
            return _holds(info.item_type, kind)
        case types.StructType():
            return issubclass(info.cls, kind) or bool(_ways(info.cls, kind))
        case _:
            return False
