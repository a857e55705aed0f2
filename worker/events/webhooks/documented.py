"""Enums that may grow: their documented values are known, another one is kept as a text and can be pointed out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Annotated, get_args, get_origin, get_type_hints

import msgspec


def documented(*values: str) -> msgspec.Meta:
    """Mark a text, in its `Annotated`, as an enum of *values*."""
    return msgspec.Meta(extra={"documented": frozenset(values)})


def undocumented(struct: msgspec.Struct) -> Iterator[tuple[str, str]]:
    """Yield the fields of *struct* whose value is not one that Telnyx documents, with the value."""
    for name, values in _enums(type(struct)):
        value = getattr(struct, name)
        if value is not None and value not in values:
            yield name, value


@cache
def _enums(kind: type[msgspec.Struct]) -> tuple[tuple[str, frozenset[str]], ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple((name, values) for name, hint in hints.items() if (values := _values(hint)))


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
