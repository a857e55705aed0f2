"""A mapping of which a changed copy costs the same with ten entries as with ten thousand.

States are immutable, and a queue has many callers and agents: copying all of them for each event would take longer than
deciding upon it. So they lie in up to `SHARDS` small dicts, of which a change copies one. The shard of a key is made of
its text alone, so that the same entries always lie the same way, in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar
from zlib import crc32

import msgspec

SHARDS = 128
_NAMES = tuple(map(str, range(SHARDS)))
V = TypeVar("V")


class Shards(msgspec.Struct, Generic[V], frozen=True, gc=False):
    """Values by text; reads like a dict."""

    parts: dict[str, dict[str, V]] = {}

    def get(self, key: str) -> V | None:
        """Return the value of *key*, or None."""
        part = self.parts.get(_part(key))
        return None if part is None else part.get(key)

    def __getitem__(self, key: str) -> V:
        """Return the value of *key*."""
        return self.parts[_part(key)][key]

    def __contains__(self, key: object) -> bool:
        """Whether *key* has a value."""
        return isinstance(key, str) and key in self.parts.get(_part(key), ())

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(map(len, self.parts.values()))

    def __iter__(self) -> Iterator[str]:
        """Yield the keys, in no order that means anything."""
        for part in self.parts.values():
            yield from part

    def values(self) -> Iterator[V]:
        """Yield the values, in no order that means anything."""
        for part in self.parts.values():
            yield from part.values()

    def items(self) -> Iterator[tuple[str, V]]:
        """Yield keys and values, in no order that means anything."""
        for part in self.parts.values():
            yield from part.items()

    def put(self, key: str, value: V) -> Shards[V]:
        """Return a copy in which *key* has *value*."""
        place = _part(key)
        return Shards({**self.parts, place: {**self.parts.get(place, {}), key: value}})

    def without(self, key: str) -> Shards[V]:
        """Return a copy without *key*; the same where it is not there."""
        place = _part(key)
        part = self.parts.get(place)
        if part is None or key not in part:
            return self
        left = {known: value for known, value in part.items() if known != key}
        parts = {**self.parts, place: left}
        if not left:
            del parts[place]
        return Shards(parts)


def _part(key: str) -> str:
    return _NAMES[crc32(key.encode()) % SHARDS]
