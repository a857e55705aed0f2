"""Finds the parts of one kind in a policy, wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from worker.policy.lines import Place

P = TypeVar("P", bound=msgspec.Struct)


def parts(value: object, kind: type[P], place: Place) -> Iterator[tuple[Place, P]]:
    """Yield each *kind* in *value*, itself too, with its place in the file."""
    if isinstance(value, kind):
        yield place, value
    if isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            yield from parts(getattr(value, field.name), kind, (*place, field.encode_name))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from parts(inner, kind, (*place, key))
    elif isinstance(value, tuple):
        for number, inner in enumerate(value):
            yield from parts(inner, kind, (*place, number))
