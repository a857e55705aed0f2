"""The commands of the model Redis: those that the engine sends, as redis.io documents them, and errors in its words."""

from __future__ import annotations

from collections.abc import Callable

from worker.testing.simulation.redis import streams
from worker.testing.simulation.redis.keyspace import Hash, Keyspace, SortedSet
from worker.testing.simulation.redis.replies import Args, Reply, integer

Command = Callable[[Keyspace, Args], Reply]


def carry_out(keyspace: Keyspace, args: Args) -> Reply | streams.Waiting:
    """Carry a command out.

    Raises:
        ResponseError: As the server would refuse it.
    """
    name = args[0].upper().decode()
    if name == "XREAD":
        return streams.xread(keyspace, args[1:])
    command = COMMANDS.get(name)
    if command is None:
        raise NotImplementedError(f"the model Redis has no {name}: add it to {__name__} and to its conformance test")
    return command(keyspace, args[1:])


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
            expires_ms = keyspace.now_ms() + integer(options[words.index(word) + 1]) * factor
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
    number = integer(keyspace.get(key, bytes) or b"0") + integer(args[1])
    keyspace.put(key, b"%d" % number, expires_ms=keyspace.expires_ms(key))
    return number


def _pexpire(keyspace: Keyspace, args: Args) -> Reply:
    return int(keyspace.expire_at(args[0], keyspace.now_ms() + integer(args[1])))


def _expire(keyspace: Keyspace, args: Args) -> Reply:
    return int(keyspace.expire_at(args[0], keyspace.now_ms() + integer(args[1]) * 1000))


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
    more = integer(args[2])
    before = (keyspace.get(args[0], Hash) or Hash()).get(args[1], b"0")
    number = integer(before, mistake="hash value is not an integer") + more
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
    first, last = integer(args[1]), integer(args[2])
    first = max(0, first + len(members)) if first < 0 else first
    last = last + len(members) if last < 0 else last
    return list(members[first : last + 1])


def _zcard(keyspace: Keyspace, args: Args) -> Reply:
    return len(keyspace.get(args[0], SortedSet) or ())


COMMANDS: dict[str, Command] = {
    "GET": _get, "SET": _set, "DEL": _del, "UNLINK": _del, "EXISTS": _exists, "INCR": _incr, "INCRBY": _incrby,
    "PEXPIRE": _pexpire, "EXPIRE": _expire, "PTTL": _pttl, "TIME": _time, "PING": _ping,
    "HSET": _hset, "HSETNX": _hsetnx, "HGET": _hget, "HMGET": _hmget, "HGETALL": _hgetall, "HKEYS": _hkeys,
    "HLEN": _hlen, "HEXISTS": _hexists, "HDEL": _hdel, "HINCRBY": _hincrby,
    "ZADD": _zadd, "ZREM": _zrem, "ZREMRANGEBYSCORE": _zremrangebyscore, "ZRANGE": _zrange, "ZCARD": _zcard,
    "XADD": streams.xadd, "XLEN": streams.xlen, "XRANGE": streams.xrange, "XREVRANGE": streams.xrevrange,
    "XTRIM": streams.xtrim, "XDEL": streams.xdel,
}  # fmt: skip
