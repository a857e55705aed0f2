"""The commands of the model Redis: those that the engine sends, as redis.io documents them, and errors in its words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from redis.exceptions import ResponseError

from worker.testing.simulation.redis.keyspace import Fields, Hash, Keyspace, SortedSet, Stream, StreamId

#: As RESP2 has it; a status is bytes too.
Reply = int | bytes | list["Reply"] | None
Args = Sequence[bytes]
Command = Callable[[Keyspace, Args], Reply]

_LEAST: StreamId = (0, 0)
_MOST: StreamId = (2**64 - 1, 2**64 - 1)
_NOT_INTEGER = "value is not an integer or out of range"
_SYNTAX = "syntax error"
_BAD_ID = "Invalid stream ID specified as stream command argument"
_SMALL_ID = "The ID specified in XADD is equal or smaller than the target stream top item"
_ZERO_ID = "The ID specified in XADD must be greater than 0-0"


class Waiting(msgspec.Struct, frozen=True):
    """A read that waits for streams to grow: each by the id after which it reads. `secs` 0: for ever."""

    after: dict[bytes, StreamId]
    count: int | None
    secs: float


def carry_out(keyspace: Keyspace, args: Args) -> Reply | Waiting:
    """Carry a command out.

    Raises:
        ResponseError: As the server would refuse it.
    """
    name = args[0].upper().decode()
    if name == "XREAD":
        return _xread(keyspace, args[1:])
    command = COMMANDS.get(name)
    if command is None:
        raise NotImplementedError(f"the model Redis has no {name}: add it to {__name__} and to its conformance test")
    return command(keyspace, args[1:])


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


def _get(keyspace: Keyspace, args: Args) -> Reply:
    return keyspace.get(args[0], bytes)


def _set(keyspace: Keyspace, args: Args) -> Reply:
    key, value, *options = args
    words = [option.upper() for option in options]
    there = keyspace.has(key)
    if (b"NX" in words and there) or (b"XX" in words and not there):
        return None
    expires_ms = keyspace.expires_ms(key) if b"KEEPTTL" in words else None
    for word, factor in ((b"PX", 1), (b"EX", 1000)):
        if word in words:
            expires_ms = keyspace.now_ms() + _integer(options[words.index(word) + 1]) * factor
    keyspace.put(key, value, expires_ms=expires_ms)
    return b"OK"


def _del(keyspace: Keyspace, args: Args) -> Reply:
    return sum(keyspace.delete(key) for key in args)


def _exists(keyspace: Keyspace, args: Args) -> Reply:
    return sum(keyspace.has(key) for key in args)


def _incr(keyspace: Keyspace, args: Args) -> Reply:
    return _incrby(keyspace, (args[0], b"1"))


def _incrby(keyspace: Keyspace, args: Args) -> Reply:
    key = args[0]
    number = _integer(keyspace.get(key, bytes) or b"0") + _integer(args[1])
    keyspace.put(key, b"%d" % number, expires_ms=keyspace.expires_ms(key))
    return number


def _pexpire(keyspace: Keyspace, args: Args) -> Reply:
    return int(keyspace.expire_at(args[0], keyspace.now_ms() + _integer(args[1])))


def _expire(keyspace: Keyspace, args: Args) -> Reply:
    return int(keyspace.expire_at(args[0], keyspace.now_ms() + _integer(args[1]) * 1000))


def _pttl(keyspace: Keyspace, args: Args) -> Reply:
    if not keyspace.has(args[0]):
        return -2
    at_ms = keyspace.expires_ms(args[0])
    return -1 if at_ms is None else at_ms - keyspace.now_ms()


def _time(keyspace: Keyspace, _: Args) -> Reply:
    secs, ms = divmod(keyspace.now_ms(), 1000)
    return [b"%d" % secs, b"%d" % (ms * 1000)]


def _ping(_: Keyspace, __: Args) -> Reply:
    return b"PONG"


def _hset(keyspace: Keyspace, args: Args) -> Reply:
    before = keyspace.get(args[0], Hash) or Hash()
    new = dict(zip(args[1::2], args[2::2], strict=True))
    keyspace.put(args[0], Hash({**before, **new}), expires_ms=keyspace.expires_ms(args[0]))
    return sum(field not in before for field in new)


def _hsetnx(keyspace: Keyspace, args: Args) -> Reply:
    if args[1] in (keyspace.get(args[0], Hash) or ()):
        return 0
    return _hset(keyspace, args)


def _hincrby(keyspace: Keyspace, args: Args) -> Reply:
    before = (keyspace.get(args[0], Hash) or Hash()).get(args[1], b"0")
    number = _integer(before) + _integer(args[2])
    _hset(keyspace, (args[0], args[1], b"%d" % number))
    return number


def _hget(keyspace: Keyspace, args: Args) -> Reply:
    return (keyspace.get(args[0], Hash) or Hash()).get(args[1])


def _hmget(keyspace: Keyspace, args: Args) -> Reply:
    found = keyspace.get(args[0], Hash) or Hash()
    return [found.get(field) for field in args[1:]]


def _hgetall(keyspace: Keyspace, args: Args) -> Reply:
    return [part for pair in (keyspace.get(args[0], Hash) or Hash()).items() for part in pair]


def _hkeys(keyspace: Keyspace, args: Args) -> Reply:
    return list(keyspace.get(args[0], Hash) or ())


def _hlen(keyspace: Keyspace, args: Args) -> Reply:
    return len(keyspace.get(args[0], Hash) or ())


def _hexists(keyspace: Keyspace, args: Args) -> Reply:
    return int(args[1] in (keyspace.get(args[0], Hash) or ()))


def _hdel(keyspace: Keyspace, args: Args) -> Reply:
    before = keyspace.get(args[0], Hash) or Hash()
    left = Hash({field: value for field, value in before.items() if field not in args[1:]})
    if len(left) < len(before):
        keyspace.put(args[0], left, expires_ms=keyspace.expires_ms(args[0]))
    return len(before) - len(left)


def _zadd(keyspace: Keyspace, args: Args) -> Reply:
    before = keyspace.get(args[0], SortedSet) or SortedSet()
    new = {member: float(score) for score, member in zip(args[1::2], args[2::2], strict=True)}
    keyspace.put(args[0], SortedSet({**before, **new}), expires_ms=keyspace.expires_ms(args[0]))
    return sum(member not in before for member in new)


def _zrem(keyspace: Keyspace, args: Args) -> Reply:
    return _zkeep(keyspace, args[0], lambda member, _: member not in args[1:])


def _zremrangebyscore(keyspace: Keyspace, args: Args) -> Reply:
    least, most = float(args[1]), float(args[2])
    return _zkeep(keyspace, args[0], lambda _, score: not least <= score <= most)


def _zkeep(keyspace: Keyspace, key: bytes, keeps: Callable[[bytes, float], bool]) -> Reply:
    before = keyspace.get(key, SortedSet) or SortedSet()
    left = SortedSet({member: score for member, score in before.items() if keeps(member, score)})
    if len(left) < len(before):
        keyspace.put(key, left, expires_ms=keyspace.expires_ms(key))
    return len(before) - len(left)


def _zrange(keyspace: Keyspace, args: Args) -> Reply:
    members = (keyspace.get(args[0], SortedSet) or SortedSet()).in_order()
    first, last = _integer(args[1]), _integer(args[2])
    first = max(0, first + len(members)) if first < 0 else first
    last = last + len(members) if last < 0 else last
    return list(members[first : last + 1])


def _zcard(keyspace: Keyspace, args: Args) -> Reply:
    return len(keyspace.get(args[0], SortedSet) or ())


def _xadd(keyspace: Keyspace, args: Args) -> Reply:
    key, rest = args[0], list(args[1:])
    most: int | None = None
    if rest[0].upper() == b"MAXLEN":
        places = 2 if rest[1] in (b"~", b"=") else 1
        most, rest = _integer(rest[places]), rest[places + 1 :]
    ident, fields = _new_id(keyspace, key, rest[0]), tuple(rest[1:])
    if not fields or len(fields) % 2:
        raise ResponseError("wrong number of arguments for 'xadd' command")
    keyspace.append(key, ident, fields)
    stream = keyspace.get(key, Stream)
    if most is not None and stream is not None:
        keyspace.trim(key, range(len(stream.ids) - most))
    return show_id(ident)


def _new_id(keyspace: Keyspace, key: bytes, text: bytes) -> StreamId:
    stream = keyspace.get(key, Stream)
    last = stream.last if stream is not None else _LEAST
    if text == b"*":
        now = (keyspace.now_ms(), 0)
        return now if now > last else _next(last)
    ident = _read_id(text, 0)
    if ident == _LEAST:
        raise ResponseError(_ZERO_ID)
    if ident <= last:
        raise ResponseError(_SMALL_ID)
    return ident


def _xlen(keyspace: Keyspace, args: Args) -> Reply:
    stream = keyspace.get(args[0], Stream)
    return len(stream.ids) if stream is not None else 0


def _xrange(keyspace: Keyspace, args: Args) -> Reply:
    return _range(keyspace, args[0], args[1], args[2], args[3:], backwards=False)


def _xrevrange(keyspace: Keyspace, args: Args) -> Reply:
    return _range(keyspace, args[0], args[2], args[1], args[3:], backwards=True)


def _range(keyspace: Keyspace, key: bytes, first: bytes, last: bytes, options: Args, *, backwards: bool) -> Reply:
    count = _integer(options[1]) if options else None
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


def _xtrim(keyspace: Keyspace, args: Args) -> Reply:
    key, how, *rest = args
    threshold = rest[1] if rest[0] in (b"~", b"=") else rest[0]
    stream = keyspace.get(key, Stream)
    if stream is None:
        return 0
    if how.upper() == b"MAXLEN":
        return keyspace.trim(key, range(len(stream.ids) - _integer(threshold)))
    least = _read_id(threshold, 0)
    return keyspace.trim(key, range(len(stream.between(_LEAST, least)) - (least in stream.ids)))


def _xdel(keyspace: Keyspace, args: Args) -> Reply:
    removed = 0
    for text in args[1:]:
        ident = _read_id(text, 0)
        stream = keyspace.get(args[0], Stream)
        removed += keyspace.trim(args[0], stream.between(ident, ident)) if stream is not None else 0
    return removed


def _xread(keyspace: Keyspace, args: Args) -> Reply | Waiting:
    words = [arg.upper() for arg in args]
    start = words.index(b"STREAMS") + 1
    count = _integer(args[words.index(b"COUNT") + 1]) if b"COUNT" in words[:start] else None
    keys, ids = args[start : (start + len(args)) // 2], args[(start + len(args)) // 2 :]
    after = {key: _after(keyspace, key, text) for key, text in zip(keys, ids, strict=True)}
    secs = _integer(args[words.index(b"BLOCK") + 1]) / 1000 if b"BLOCK" in words[:start] else None
    waiting = Waiting(after, count, secs or 0.0)
    found = read_on(keyspace, waiting)
    return waiting if found is None and secs is not None else found


def _after(keyspace: Keyspace, key: bytes, text: bytes) -> StreamId:
    if text != b"$":
        return _read_id(text, 0)
    stream = keyspace.get(key, Stream)
    return stream.last if stream is not None else _LEAST


def _entry(stream: Stream, place: int) -> Reply:
    fields: Fields = stream.fields[place]
    return [show_id(stream.ids[place]), list(fields)]


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


def _integer(text: bytes) -> int:
    try:
        return int(text)
    except ValueError:
        raise ResponseError(_NOT_INTEGER) from None


COMMANDS: dict[str, Command] = {
    "GET": _get, "SET": _set, "DEL": _del, "UNLINK": _del, "EXISTS": _exists, "INCR": _incr, "INCRBY": _incrby,
    "PEXPIRE": _pexpire, "EXPIRE": _expire, "PTTL": _pttl, "TIME": _time, "PING": _ping,
    "HSET": _hset, "HSETNX": _hsetnx, "HGET": _hget, "HMGET": _hmget, "HGETALL": _hgetall, "HKEYS": _hkeys,
    "HLEN": _hlen, "HEXISTS": _hexists, "HDEL": _hdel, "HINCRBY": _hincrby,
    "ZADD": _zadd, "ZREM": _zrem, "ZREMRANGEBYSCORE": _zremrangebyscore, "ZRANGE": _zrange, "ZCARD": _zcard,
    "XADD": _xadd, "XLEN": _xlen, "XRANGE": _xrange, "XREVRANGE": _xrevrange, "XTRIM": _xtrim, "XDEL": _xdel,
}  # fmt: skip
