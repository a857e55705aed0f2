"""The model Redis of the simulation answers as a real redis-server does: commands, and the real Lua scripts."""

from __future__ import annotations

import contextvars
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as sync_redis
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from redis.exceptions import ResponseError

from ingress.log import load_script
from worker.testing.redis_server import PrivateRedis
from worker.testing.simulation.redis.scripts import FILES
from worker.testing.simulation.redis.server import Server
from worker.testing.simulation.redis.streams import Waiting

#: What depends on the time at which it was said.
TIMES = re.compile(rb"1[78]\d{11}")
#: Scripts that only people's tools, the recorder and the deliverer of records run, which are not simulated.
NOT_OF_THE_ENGINE = {"look.lua", "records.lua", "deliver.lua"}
SCRIPTS = {name: load_script(package, name) for package, name in FILES.values()}
ROOT = Path(__file__).parents[3]

keys = st.sampled_from([b"a", b"b", b"c", b"d"])
values = st.sampled_from([b"x", b"y", b"1", b"7", b"w:1", b"w:2"])
fields = st.sampled_from([b"f", b"g", b"h"])
ids = st.sampled_from([b"0-0", b"1-1", b"2", b"2-5", b"3-0", b"3-1", b"9-9", b"nonsense"])
positions = st.sampled_from([b"", b"0-0", b"x", b"2-5"])
edges = st.sampled_from([b"-", b"+", b"1-1", b"2", b"(2-5", b"(3-0", b"9"])
scores = st.sampled_from([b"1", b"2.5", b"10", b"-3"])
numbers = st.sampled_from([b"0", b"1", b"2", b"-1"])
spans = st.sampled_from([b"60000", b"120000"])


def said(*parts: st.SearchStrategy[bytes] | bytes) -> st.SearchStrategy[tuple[bytes, ...]]:
    return st.tuples(*(st.just(part) if isinstance(part, bytes) else part for part in parts))


COMMANDS = st.one_of(
    said(b"GET", keys), said(b"SET", keys, values), said(b"SET", keys, values, b"NX"),
    said(b"SET", keys, values, b"PX", spans), said(b"SET", keys, values, b"XX", b"KEEPTTL"), said(b"DEL", keys, keys),
    said(b"EXISTS", keys, keys), said(b"INCR", keys), said(b"INCRBY", keys, numbers), said(b"PEXPIRE", keys, spans),
    said(b"EXPIRE", keys, numbers), said(b"HSET", keys, fields, values),
    said(b"HSET", keys, fields, values, fields, values),
    said(b"HSETNX", keys, fields, values), said(b"HGET", keys, fields), said(b"HMGET", keys, fields, fields),
    said(b"HKEYS", keys), said(b"HLEN", keys), said(b"HEXISTS", keys, fields), said(b"HDEL", keys, fields, fields),
    said(b"HINCRBY", keys, fields, numbers), said(b"ZADD", keys, scores, values), said(b"ZREM", keys, values),
    said(b"ZREMRANGEBYSCORE", keys, b"-inf", scores), said(b"ZRANGE", keys, numbers, numbers), said(b"ZCARD", keys),
    said(b"XADD", keys, ids, fields, values), said(b"XADD", keys, b"*", fields, values),
    said(b"XADD", keys, b"MAXLEN", b"2", ids, fields, values), said(b"XLEN", keys), said(b"XRANGE", keys, edges, edges),
    said(b"XRANGE", keys, edges, edges, b"COUNT", b"2"), said(b"XREVRANGE", keys, edges, edges, b"COUNT", b"1"),
    said(b"XTRIM", keys, b"MINID", ids), said(b"XTRIM", keys, b"MAXLEN", b"1"), said(b"XDEL", keys, ids),
    said(b"XREAD", b"STREAMS", keys, ids),
    # Nobody names a stream twice, and Redis would answer it twice.
    said(b"XREAD", b"COUNT", b"1", b"STREAMS", keys, keys, ids, ids).filter(lambda words: words[4] != words[5]),
    said(b"PING"), said(b"TIME"),
)  # fmt: skip


def ran(name: str, count: int, *argv: st.SearchStrategy[bytes] | bytes) -> st.SearchStrategy[tuple[bytes, ...]]:
    """Return runs of a script on *count* keys, each key of its own kind as in the engine."""
    places = [b"k%d" % place for place in range(count)]
    return said(b"RUN", name.encode(), b"%d" % count, *places, *argv)


entries = (b"id", fields, b"addr", values, b"kind", values, b"at", numbers, b"raw", values)
RUNS = st.one_of(
    ran("append.lua", 2, spans, *entries),
    ran("append.lua", 3, spans, *entries, *entries),
    ran("acquire.lua", 2, st.sampled_from([b"w", b"v"]), spans),
    ran("renew.lua", 1, values, spans),
    ran("release.lua", 1, values),
    ran("beat.lua", 1, st.sampled_from([b"w", b"v"]), st.sampled_from([b"1", b"2"]), spans),
    ran("journal.lua", 3, values, ids, positions),
    ran("journal.lua", 3, values, ids, positions, ids, values),
    ran("journal.lua", 3, values, ids, positions, ids, values, ids, values),
    ran("snapshot.lua", 2, values, ids, values, ids),
    ran("trim.lua", 5, values, ids, ids),
    ran("publish.lua", 3, values, positions, positions, b"0"),
    ran("publish.lua", 3, values, b"", b"", b"1", fields, fields, values),
    said(b"DEL", st.sampled_from([b"k0", b"k1", b"k2", b"k3"])),
    said(b"SET", b"k0", values),
    said(b"XRANGE", st.sampled_from([b"k0", b"k1", b"k2"]), b"-", b"+"),
)


class Real:
    """A real server, whose replies are taken as they come over the wire."""

    def __init__(self, port: int) -> None:
        self._connection = sync_redis.Connection(host="127.0.0.1", port=port, protocol=2)  # type: ignore[no-untyped-call]
        self._shas: dict[str, bytes] = {}

    def ask(self, *args: bytes) -> object:
        self._connection.send_command(*args)  # type: ignore[no-untyped-call]
        try:
            return self._connection.read_response()
        except ResponseError as refused:
            return refused

    def close(self) -> None:
        self._connection.disconnect()  # type: ignore[no-untyped-call]


class Model:
    """The model, as far as it is the same for all connections."""

    def __init__(self) -> None:
        self._server = Server(lambda: 1_800_000_000_000, random.Random(0), contextvars.copy_context())

    def ask(self, *args: bytes) -> object:
        try:
            reply = self._server.execute(args)
        except ResponseError as refused:
            return refused
        assert not isinstance(reply, Waiting)
        return reply


@pytest.fixture(scope="module")
def real() -> Iterator[Real]:
    with PrivateRedis() as server:
        real = Real(server.port)
        yield real
        real.close()


def told(reply: object) -> object:
    """Return a reply without the moment at which it was made."""
    match reply:
        case bytes():
            return re.sub(rb"#-\d+", b"#", TIMES.sub(b"#", reply))
        case list():
            return [told(part) for part in reply]
        case int():
            return 0 if reply > 10**12 else reply
        case _:
            return reply


def compare(real: Real, commands: list[tuple[bytes, ...]]) -> None:
    model = Model()
    real.ask(b"FLUSHALL")
    for name in {command[1].decode() for command in commands if command[0] == b"RUN"}:
        assert real.ask(b"SCRIPT", b"LOAD", SCRIPTS[name].encode()) == model.ask(
            b"SCRIPT", b"LOAD", SCRIPTS[name].encode()
        )
    for number, command in enumerate(commands):
        args = command
        if command[0] == b"RUN":
            sha = model.ask(b"SCRIPT", b"LOAD", SCRIPTS[command[1].decode()].encode())
            assert isinstance(sha, bytes)
            args = (b"EVALSHA", sha, *command[2:])
        theirs, ours = real.ask(*args), model.ask(*args)
        where = f"after {commands[:number]}: {command}"
        if isinstance(theirs, ResponseError):
            assert isinstance(ours, ResponseError), where
            # Which of two mistakes is named, nobody relies on.
            if command[0] != b"RUN" and not str(theirs).startswith("WRONGTYPE"):
                assert str(theirs) == str(ours), where
        elif command[0] == b"TIME":
            assert isinstance(ours, list), where
        elif command[1:2] == (b"beat.lua",):
            # Whoever beats in the same millisecond is in another order.
            assert isinstance(theirs, list), where
            assert isinstance(ours, list), where
            assert set(theirs[1:]) == set(ours[1:]), where
        else:
            assert told(theirs) == told(ours), where


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commands=st.lists(COMMANDS, min_size=1, max_size=25))
@example(commands=[(b"HSET", b"a", b"f", b"x"), (b"HINCRBY", b"a", b"f", b"0")])
def test_commands_are_answered_as_by_a_real_server(real: Real, commands: list[tuple[bytes, ...]]) -> None:
    compare(real, commands)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commands=st.lists(RUNS, min_size=1, max_size=25))
def test_scripts_are_answered_as_by_a_real_server(real: Real, commands: list[tuple[bytes, ...]]) -> None:
    compare(real, commands)


def test_every_script_of_the_engine_is_said_again_in_python() -> None:
    files = {path.name for folder in ("ingress", "worker") for path in (ROOT / folder).rglob("lua/*.lua")}
    assert files - NOT_OF_THE_ENGINE == set(SCRIPTS)


def test_a_script_that_is_not_loaded_is_refused_alike(real: Real) -> None:
    args = (b"EVALSHA", b"0" * 40, b"0")
    theirs, ours = real.ask(*args), Model().ask(*args)
    assert (type(theirs), str(theirs)) == (type(ours), str(ours))
