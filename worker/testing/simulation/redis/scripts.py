"""The engine's Lua scripts, said again in Python for the model Redis: one function for each, named as its file.

The Lua is what counts; the conformance test holds each function against a real server that runs it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from redis.exceptions import ResponseError

from ingress.log import load_script
from worker.testing.simulation.redis.replies import Reply

#: How many arguments an entry's fields and values are.
ENTRY_ARGS = 10
#: `redis.call`.
Call = Callable[..., Reply]
Script = Callable[[Call, Sequence[bytes], Sequence[bytes]], Reply]


def append(call: Call, keys: Sequence[bytes], argv: Sequence[bytes]) -> Reply:
    """Append events to a partition's log in their order, each once."""
    reply: list[Reply] = []
    for index, seen in enumerate(keys[1:]):
        ident = call("GET", seen)
        reply.append(0 if ident else 1)
        if not ident:
            first = 1 + index * ENTRY_ARGS
            ident = call("XADD", keys[0], "*", *argv[first : first + ENTRY_ARGS])
            call("SET", seen, ident, "PX", argv[0])
        reply.append(ident)
    return reply


def acquire(call: Call, keys: Sequence[bytes], argv: Sequence[bytes]) -> Reply:
    """Take a partition's lease, if nobody else has it."""
    held = call("GET", keys[0])
    if isinstance(held, bytes) and not held.startswith(argv[0] + b":"):
        return 0
    epoch = call("INCR", keys[1])
    call("SET", keys[0], f"{argv[0].decode()}:{epoch!r}", "PX", argv[1])
    return epoch


def renew(call: Call, keys: Sequence[bytes], argv: Sequence[bytes]) -> Reply:
    """Lengthen a lease that is still ours."""
    if call("GET", keys[0]) != argv[0]:
        return 0
    return call("PEXPIRE", keys[0], argv[1])


def release(call: Call, keys: Sequence[bytes], argv: Sequence[bytes]) -> Reply:
    """Give a lease back, if it is still ours."""
    if call("GET", keys[0]) != argv[0]:
        return 0
    return call("DEL", keys[0])


def beat(call: Call, keys: Sequence[bytes], argv: Sequence[bytes]) -> Reply:
    """Say that a worker is alive, and read who else is."""
    time = call("TIME")
    assert isinstance(time, list)
    secs, micros = time
    assert isinstance(secs, bytes)
    assert isinstance(micros, bytes)
    now = int(secs) * 1000 + int(micros) // 1000
    me = argv[0] + b" " + argv[1]
    call("ZREMRANGEBYSCORE", keys[0], "-inf", now - int(argv[2]))
    workers = call("ZRANGE", keys[0], 0, -1)
    assert isinstance(workers, list)
    if any(isinstance(other, bytes) and other != me and other.startswith(argv[0] + b" ") for other in workers):
        return [now]
    call("ZADD", keys[0], now, me)
    workers = call("ZRANGE", keys[0], 0, -1)
    assert isinstance(workers, list)
    return [now, *workers]


def journal(call: Call, keys: Sequence[bytes], argv: Sequence[bytes]) -> Reply:
    """Write the decisions of a batch of events, and how far the log has been decided; all of it or nothing."""
    if call("GET", keys[0]) != argv[0]:
        return 0
    if argv[2] and (call("GET", keys[2]) or b"0-0") != argv[2]:
        return -2
    if argv[3:]:
        try:
            call("XADD", keys[1], argv[3], "decision", argv[4])
        except ResponseError as refused:
            if "equal or smaller" in str(refused):
                return -1
            raise
        for cause, decision in zip(argv[5::2], argv[6::2], strict=True):
            call("XADD", keys[1], cause, "decision", decision)
    call("SET", keys[2], argv[1])
    return 1


def snapshot(call: Call, keys: Sequence[bytes], argv: Sequence[bytes]) -> Reply:
    """Keep a snapshot, and drop those that are no longer wanted; all of it or nothing."""
    if call("GET", keys[0]) != argv[0]:
        return 0
    call("HSET", keys[1], argv[1], argv[2])
    for dropped in argv[3:]:
        call("HDEL", keys[1], dropped)
    return 1


def trim(call: Call, keys: Sequence[bytes], argv: Sequence[bytes]) -> Reply:
    """Trim log and journal up to an event of which there is a snapshot; all of it or nothing."""
    if call("GET", keys[0]) != argv[0]:
        return -1
    if call("HEXISTS", keys[1], argv[1]) == 0:
        return -2
    call("SET", keys[4], argv[1])
    call("XTRIM", keys[3], "MINID", argv[2])
    return call("XTRIM", keys[2], "MINID", argv[2])


def publish(call: Call, keys: Sequence[bytes], argv: Sequence[bytes]) -> Reply:
    """Write views, drop others, and say as of when they are."""
    if call("GET", keys[0]) != argv[0]:
        return 0
    reply = 1
    if argv[2]:
        known = call("GET", keys[2])
        reply = 1 if not argv[1] or known == argv[1] else 2
        call("SET", keys[2], argv[2])
    first = 4 + int(argv[3])
    for dropped in argv[4:first]:
        call("HDEL", keys[1], dropped)
    for address, view in zip(argv[first::2], argv[first + 1 :: 2], strict=True):
        call("HSET", keys[1], address, view)
    return reply


#: Each script by where it lies: package and file, whose name the function has.
FILES: dict[Script, tuple[str, str]] = {
    append: ("ingress", "append.lua"),
    acquire: ("worker.runtime", "acquire.lua"),
    renew: ("worker.runtime", "renew.lua"),
    release: ("worker.runtime", "release.lua"),
    beat: ("worker.runtime", "beat.lua"),
    journal: ("worker.runtime", "journal.lua"),
    snapshot: ("worker.runtime", "snapshot.lua"),
    trim: ("worker.runtime", "trim.lua"),
    publish: ("worker.runtime", "publish.lua"),
}


def by_sha() -> dict[str, Script]:
    """Return the scripts by the digest that Redis knows them by."""
    return {
        hashlib.sha1(load_script(*place).encode()).hexdigest(): script  # noqa: S324
        for script, place in FILES.items()
    }
