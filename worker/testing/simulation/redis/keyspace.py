"""The data of a model Redis: strings, hashes, sorted sets and streams with expiry, which can go back in time.

Every change can be undone, latest first, which is how a server forgets what it had not yet written to disk or sent to
the replica that takes its place.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from redis.exceptions import ResponseError

StreamId = tuple[int, int]
Fields = tuple[bytes, ...]
WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
#: Changes are kept for so long: nothing forgets more.
UNDO_MS = 30_000


class Stream:
    """A stream: entries in the order of their ids, and the greatest id that there has been."""

    def __init__(self) -> None:
        self.ids: list[StreamId] = []
        self.fields: list[Fields] = []
        self.last: StreamId = (0, 0)

    def between(self, first: StreamId, last: StreamId) -> range:
        """Return the places of the entries from *first* to *last*, both included."""
        return range(bisect_left(self.ids, first), bisect_right(self.ids, last))


class SortedSet(dict[bytes, float]):
    """Members with their scores."""

    def in_order(self) -> list[bytes]:
        """Return the members by score, then by name."""
        return sorted(self, key=lambda member: (self[member], member))


class Hash(dict[bytes, bytes]):
    """Fields with their values."""


Value = bytes | Hash | SortedSet | Stream
V = TypeVar("V", bytes, Hash, SortedSet, Stream)


class Keyspace:
    """All keys. *now_ms* is the server's wall clock."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self.now_ms = now_ms
        #: Streams that have grown since somebody last looked.
        self.grown: set[bytes] = set()
        #: How many entries were ever appended.
        self.appends = 0
        self._values: dict[bytes, Value] = {}
        self._expires_ms: dict[bytes, int] = {}
        self._undo: deque[tuple[int, Callable[[], None]]] = deque()

    def get(self, key: bytes, kind: type[V]) -> V | None:
        """Return the value of *key*, or None; raise ResponseError when it is of another kind."""
        self._expire(key)
        value = self._values.get(key)
        if value is not None and not isinstance(value, kind):
            raise ResponseError(WRONG_TYPE)
        return value

    def has(self, key: bytes) -> bool:
        """Return whether *key* is there."""
        self._expire(key)
        return key in self._values

    def put(self, key: bytes, value: bytes | Hash | SortedSet, *, expires_ms: int | None = None) -> None:
        """Set *key*; an empty hash or sorted set is none."""
        self._remember(key)
        self._expires_ms.pop(key, None)
        if isinstance(value, bytes) or value:
            self._values[key] = value
            if expires_ms is not None:
                self._expires_ms[key] = expires_ms
        else:
            self._values.pop(key, None)

    def delete(self, key: bytes) -> bool:
        """Remove *key*; return whether it was there."""
        self._expire(key)
        if key not in self._values:
            return False
        self._remember(key)
        del self._values[key]
        self._expires_ms.pop(key, None)
        return True

    def expires_ms(self, key: bytes) -> int | None:
        """Return when *key* ends, if it does."""
        return self._expires_ms.get(key)

    def expire_at(self, key: bytes, at_ms: int) -> bool:
        """Let *key* end at *at_ms*; return whether it was there."""
        self._expire(key)
        if key not in self._values:
            return False
        self._remember(key)
        self._expires_ms[key] = at_ms
        return True

    def append(self, key: bytes, ident: StreamId, fields: Fields) -> None:
        """Append to a stream, which is made if there is none. *ident* is greater than all before."""
        stream = self.get(key, Stream)
        if stream is None:
            self._remember(key)
            stream = self._values[key] = Stream()
        last = stream.last
        stream.ids.append(ident)
        stream.fields.append(fields)
        stream.last = ident
        self.grown.add(key)
        self.appends += 1

        def undo() -> None:
            place = bisect_left(stream.ids, ident)
            if stream.ids[place : place + 1] == [ident]:
                del stream.ids[place], stream.fields[place]
            stream.last = last

        self._note(undo)

    def trim(self, key: bytes, places: range) -> int:
        """Remove the entries at *places* of a stream; return how many."""
        stream = self.get(key, Stream)
        if stream is None or not places:
            return 0
        cut = slice(places.start, places.stop)
        ids, fields = stream.ids[cut], stream.fields[cut]
        del stream.ids[cut], stream.fields[cut]

        def undo() -> None:
            place = bisect_left(stream.ids, ids[0])
            stream.ids[place:place] = ids
            stream.fields[place:place] = fields

        self._note(undo)
        return len(ids)

    def go_back(self, to_ms: int) -> None:
        """Undo every change that was made after *to_ms*."""
        while self._undo and self._undo[-1][0] > to_ms:
            self._undo.pop()[1]()

    def _expire(self, key: bytes) -> None:
        at_ms = self._expires_ms.get(key)
        if at_ms is not None and at_ms <= self.now_ms():
            self._remember(key)
            del self._expires_ms[key], self._values[key]

    def _remember(self, key: bytes) -> None:
        """Note how *key* is now. A stream is the same object before and after; its own changes are noted apart."""
        before, expires_ms = self._values.get(key), self._expires_ms.get(key)
        if isinstance(before, Hash):
            before = Hash(before)
        elif isinstance(before, SortedSet):
            before = SortedSet(before)

        def undo() -> None:
            self._values.pop(key, None)
            self._expires_ms.pop(key, None)
            if before is not None:
                self._values[key] = before
            if expires_ms is not None:
                self._expires_ms[key] = expires_ms

        self._note(undo)

    def _note(self, undo: Callable[[], None]) -> None:
        now_ms = self.now_ms()
        self._undo.append((now_ms, undo))
        while self._undo[0][0] < now_ms - UNDO_MS:
            self._undo.popleft()
