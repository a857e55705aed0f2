"""Ids in order of rank, of which a changed copy costs about the same with ten entries as with ten thousand.

A rank is two numbers and an id, which makes it unique; the lowest goes first. They lie in chunks, of which a change
copies one. How they are cut into chunks depends on what was added and dropped before; nothing else does.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import msgspec

Rank = tuple[int, int, str]
#: A chunk of more is cut in two; two neighbours of less together become one.
LONGEST, SHORTEST = 128, 48


class Ranks(msgspec.Struct, frozen=True, gc=False):
    """Ranks in order, none twice."""

    chunks: tuple[tuple[Rank, ...], ...] = ()

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(map(len, self.chunks))

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.chunks)

    def __iter__(self) -> Iterator[Rank]:
        """Yield them in order."""
        for chunk in self.chunks:
            yield from chunk

    @property
    def first(self) -> Rank:
        """The lowest."""
        return self.chunks[0][0]

    def at(self, index: int) -> Rank:
        """Return the one at *index*."""
        for chunk in self.chunks:
            if index < len(chunk):
                return chunk[index]
            index -= len(chunk)
        raise IndexError(index)

    def before(self, rank: Rank) -> int:
        """Return how many are lower than *rank*."""
        place = self._place(rank)
        return sum(map(len, self.chunks[:place])) + bisect_left(self.chunks[place], rank) if self.chunks else 0

    def after(self, rank: Rank) -> Rank | None:
        """Return the lowest that is higher than *rank*, if any."""
        if not self.chunks:
            return None
        place = self._place(rank)
        index = bisect_right(self.chunks[place], rank)
        if index < len(self.chunks[place]):
            return self.chunks[place][index]
        return self.chunks[place + 1][0] if place + 1 < len(self.chunks) else None

    def add(self, rank: Rank) -> Ranks:
        """Return a copy with *rank*."""
        if not self.chunks:
            return Ranks(((rank,),))
        place = self._place(rank)
        chunk = self.chunks[place]
        index = bisect_left(chunk, rank)
        if index < len(chunk) and chunk[index] == rank:
            return self
        grown = (*chunk[:index], rank, *chunk[index:])
        half = len(grown) // 2
        new = (grown,) if len(grown) <= LONGEST else (grown[:half], grown[half:])
        return Ranks((*self.chunks[:place], *new, *self.chunks[place + 1 :]))

    def drop(self, rank: Rank) -> Ranks:
        """Return a copy without *rank*; the same where it is not there."""
        if not self.chunks:
            return self
        place = self._place(rank)
        chunk = self.chunks[place]
        index = bisect_left(chunk, rank)
        if index == len(chunk) or chunk[index] != rank:
            return self
        end, left = place + 1, (*chunk[:index], *chunk[index + 1 :])
        if end < len(self.chunks) and len(left) + len(self.chunks[end]) < SHORTEST:
            end, left = end + 1, (*left, *self.chunks[end])
        return Ranks((*self.chunks[:place], *((left,) if left else ()), *self.chunks[end:]))

    def _place(self, rank: Rank) -> int:
        return max(0, bisect_right(self.chunks, rank, key=_head) - 1)


def _head(chunk: tuple[Rank, ...]) -> Rank:
    return chunk[0]
