"""The stream commands of the model Redis."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from redis.exceptions import ResponseError

from worker.testing.simulation.redis.keyspace import Keyspace, Stream, StreamId
from worker.testing.simulation.redis.replies import Args, Reply, integer

_LEAST: StreamId = (0, 0)
_MOST: StreamId = (2**64 - 1, 2**64 - 1)
_BAD_ID = "Invalid stream ID specified as stream command argument"
_SMALL_ID = "The ID specified in XADD is equal or smaller than the target stream top item"
_ZERO_ID = "The ID specified in XADD must be greater than 0-0"


class Waiting(msgspec.Struct, frozen=True):
    """A read that waits for streams to grow: each by the id after which it reads. `secs` 0: for ever."""

    after: dict[bytes, StreamId]
    count: int | None
    secs: float


def read_on(keyspace: Keyspace, waiting: Waiting) -> Reply:
    """Return what there is for a read that waits, or None."""
    found: list[Reply] = []
    for key, after in waiting.after.items():
        stream = keyspace.get(key, Stream)
        if stream is None or stream.last <= after:
            continue
        places = stream.between(_next(after), _MOST)[: waiting.count]
        if places:
            found.append([key, [_entry(stream, place) for place in places]])
    return found or None


def show_id(ident: StreamId) -> bytes:
    """Return an id as Redis writes it."""
    return b"%d-%d" % ident


def xadd(keyspace: Keyspace, args: Args) -> Reply:
    """Append an entry."""
    key, rest = args[0], list(args[1:])
    most: int | None = None
    if rest[0].upper() == b"MAXLEN":
        places = 2 if rest[1] in (b"~", b"=") else 1
        most, rest = integer(rest[places]), rest[places + 1 :]
    ident, fields = _new_id(keyspace, key, rest[0]), tuple(rest[1:])
    if not fields or len(fields) % 2:
        raise ResponseError("wrong number of arguments for 'xadd' command")
    keyspace.append(key, ident, fields)
    stream = keyspace.get(key, Stream)
    if most is not None and stream is not None:
        keyspace.trim(key, range(len(stream.ids) - most))
    return show_id(ident)


def _new_id(keyspace: Keyspace, key: bytes, text: bytes) -> StreamId:
    given = None if text == b"*" else _read_id(text, 0)
    if given == _LEAST:
        raise ResponseError(_ZERO_ID)
    stream = keyspace.get(key, Stream)
    last = stream.last if stream is not None else _LEAST
    if given is None:
        now = (keyspace.now_ms(), 0)
        return now if now > last else _next(last)
    if given <= last:
        raise ResponseError(_SMALL_ID)
    return given


def xlen(keyspace: Keyspace, args: Args) -> Reply:
    """Count the entries."""
    stream = keyspace.get(args[0], Stream)
    return len(stream.ids) if stream is not None else 0


def xrange(keyspace: Keyspace, args: Args) -> Reply:
    """Return entries from one id to another."""
    return _range(keyspace, args[0], args[1], args[2], args[3:], backwards=False)


def xrevrange(keyspace: Keyspace, args: Args) -> Reply:
    """Return entries from one id back to another."""
    return _range(keyspace, args[0], args[2], args[1], args[3:], backwards=True)


def _range(keyspace: Keyspace, key: bytes, first: bytes, last: bytes, options: Args, *, backwards: bool) -> Reply:
    count = integer(options[1]) if options else None
    stream = keyspace.get(key, Stream)
    least, most = _read_edge(first, 0), _read_edge(last, 2**64 - 1)
    if first.startswith(b"("):
        least = _next(least)
    if last.startswith(b"("):
        most = (most[0], most[1] - 1) if most[1] else (most[0] - 1, 2**64 - 1)
    if stream is None:
        return []
    places: Sequence[int] = stream.between(least, most)
    if backwards:
        places = places[::-1]
    return [_entry(stream, place) for place in places[:count]]


def xtrim(keyspace: Keyspace, args: Args) -> Reply:
    """Remove the oldest entries."""
    key, how, *rest = args
    threshold = rest[1] if rest[0] in (b"~", b"=") else rest[0]
    if how.upper() == b"MAXLEN":
        most, stream = integer(threshold), keyspace.get(key, Stream)
        return keyspace.trim(key, range(len(stream.ids) - most)) if stream is not None else 0
    least, stream = _read_id(threshold, 0), keyspace.get(key, Stream)
    if stream is None:
        return 0
    return keyspace.trim(key, range(len(stream.between(_LEAST, least)) - (least in stream.ids)))


def xdel(keyspace: Keyspace, args: Args) -> Reply:
    """Remove entries by their ids."""
    stream = keyspace.get(args[0], Stream)
    if stream is None:
        return 0
    given = [_read_id(text, 0) for text in args[1:]]
    return sum(keyspace.trim(args[0], stream.between(ident, ident)) for ident in given)


def xread(keyspace: Keyspace, args: Args) -> Reply | Waiting:
    """Return entries after ids, or wait for them."""
    words = [arg.upper() for arg in args]
    start = words.index(b"STREAMS") + 1
    count = integer(args[words.index(b"COUNT") + 1]) if b"COUNT" in words[:start] else None
    keys, ids = args[start : (start + len(args)) // 2], args[(start + len(args)) // 2 :]
    after = {key: _after(keyspace, key, text) for key, text in zip(keys, ids, strict=True)}
    secs = integer(args[words.index(b"BLOCK") + 1]) / 1000 if b"BLOCK" in words[:start] else None
    waiting = Waiting(after, count, secs or 0.0)
    found = read_on(keyspace, waiting)
    return waiting if found is None and secs is not None else found


def _after(keyspace: Keyspace, key: bytes, text: bytes) -> StreamId:
    if text != b"$":
        return _read_id(text, 0)
    stream = keyspace.get(key, Stream)
    return stream.last if stream is not None else _LEAST


def _entry(stream: Stream, place: int) -> Reply:
    return [show_id(stream.ids[place]), list(stream.fields[place])]


def _next(ident: StreamId) -> StreamId:
    return ident[0], ident[1] + 1


def _read_edge(text: bytes, missing: int) -> StreamId:
    text = text.removeprefix(b"(")
    if text in (b"-", b"+"):
        return _LEAST if text == b"-" else _MOST
    return _read_id(text, missing)


def _read_id(text: bytes, missing: int) -> StreamId:
    ms, dash, number = text.partition(b"-")
    if not ms.isdigit() or (dash and not number.isdigit()):
        raise ResponseError(_BAD_ID)
    return int(ms), int(number) if dash else missing
