"""Enums that may grow: their documented values are known, another one is kept as a text and can be pointed out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Annotated, get_args, get_origin, get_type_hints

import msgspec


class Enums(msgspec.Struct, frozen=True):
    """Which fields of a Struct are enums, with their values, and which hold Structs that have some."""

    values: tuple[tuple[str, frozenset[str]], ...]
    inner: tuple[str, ...]


def documented(*values: str) -> msgspec.Meta:
    """Mark a text, in its `Annotated`, as an enum of *values*."""
    return msgspec.Meta(extra={"documented": frozenset(values)})


def undocumented(struct: msgspec.Struct) -> Iterator[tuple[str, str]]:
    """Yield the fields of *struct*, and of Structs inside, whose value Telnyx does not document, with the value.

    A field inside is named by its path, as `sip_headers.name`.
    """
    enums = enums_of(type(struct))
    for name, values in enums.values:
        value = getattr(struct, name)
        if value is not None and value not in values:
            yield name, value
    for name in enums.inner:
        inside = getattr(struct, name)
        for part in inside if isinstance(inside, tuple | list) else (inside,):
            if part is not None:
                yield from ((f"{name}.{path}", value) for path, value in undocumented(part))


@cache
def enums_of(kind: type[msgspec.Struct]) -> Enums:
    """Return the enums of a Struct; read from its annotations the first time."""
    hints = get_type_hints(kind, include_extras=True)
    values = tuple((name, values) for name, hint in hints.items() if (values := _values(hint)))
    inner = tuple(name for name, hint in hints.items() if any(map(has_enums, _structs(hint))))
    return Enums(values, inner)


@cache
def has_enums(kind: type[msgspec.Struct]) -> bool:
    """Return whether a Struct, or one inside it, has enums."""
    enums = enums_of(kind)
    return bool(enums.values or enums.inner)


def _values(hint: object) -> frozenset[str]:
    if get_origin(hint) is Annotated:
        for mark in get_args(hint)[1:]:
            if isinstance(mark, msgspec.Meta) and mark.extra and "documented" in mark.extra:
                return frozenset(mark.extra["documented"])
    for part in get_args(hint):
        found = _values(part)
        if found:
            return found
    return frozenset()


def _structs(hint: object) -> Iterator[type[msgspec.Struct]]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for part in get_args(hint):
        yield from _structs(part)
