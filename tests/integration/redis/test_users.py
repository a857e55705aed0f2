"""The users of `deploy/redis/users.acl` may do what their processes do, and nothing more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from ingress.durability import confirmation
from ingress.envelope import Address, LogEntry
from ingress.errors import ConfigError
from ingress.log import EventLog, Keys, Partition, settle_topology
from ingress.redis_check import check_redis
from ingress.redis_client import connect, when_redis_answers
from tests.integration.redis.servers import Cluster, command, sentinels
from tests.integration.runtime.conftest import PARTITIONS, Bench, until
from worker.console.look import overview
from worker.console.verify import Verifier
from worker.replay.source import LogReader
from worker.testing.redis_server import PrivateRedis, find_redis_server

FILE = Path(__file__).parents[3] / "deploy" / "redis" / "users.acl"
CALL = Address("default", "call", "c1")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PrivateRedis]:
    """Return a server that knows these users, and one who may do everything, for the test itself."""
    text = FILE.read_text()
    # WAITAOF is of 7.2, and an older Redis refuses a rule that names what it does not know.
    text = text.replace(" +waitaof", "").replace("user default off", "user default on nopass ~* +@all")
    users = tmp_path / "users.acl"
    users.write_text(text)
    with PrivateRedis(find_redis_server(), options={"aclfile": str(users)}) as running:
        yield running


@pytest.fixture
def keys() -> Keys:
    """Return the keys that the rules are for."""
    return Keys()


def url_of(server: PrivateRedis, name: str) -> str:
    found = re.search(rf"user switchhook-{name} on >(\S+)", FILE.read_text())
    assert found
    return server.url.replace("redis://", f"redis://switchhook-{name}:{found.group(1)}@")


async def test_the_ingress_user_starts_appends_and_keeps_what_cannot_be_routed(
    server: PrivateRedis, keys: Keys
) -> None:
    url = url_of(server, "ingress")
    async with connect(url) as redis:
        found = await check_redis(redis, url)
        assert (found.persistence, found.warnings) == ("aof", ())
        await settle_topology(redis, keys, PARTITIONS)
        log = EventLog(redis, keys, PARTITIONS)
        await log.append([LogEntry("e1", CALL, "webhook", 0, b"{}")])
        await log.keep_unrouted("default", "no id", 0, b"{}")
        assert await redis.ping()
        wanted = await confirmation(redis, "replica", replicas=1, wait_ms=1)
        assert wanted is not None
        assert await redis.execute_command(*wanted.command) == 0  # type: ignore[no-untyped-call]
        await _may_nothing_else(redis, keys)


async def test_the_worker_user_takes_decides_keeps_and_trims(server: PrivateRedis, keys: Keys) -> None:
    url = url_of(server, "worker")
    async with connect(url) as redis, connect(server.url) as all_powerful:
        await check_redis(redis, url)
        await settle_topology(redis, keys, PARTITIONS)
        bench = Bench(redis, url, keys)
        where = bench.log.partition_of(CALL)
        async with bench.worker("a", crash=True, snapshot_events=1, retention_hours=1e-7) as a:
            await bench.ring("c1")
            await until(lambda: bench.phone.kinds() == ["answer"])
            await until(lambda: not a.pending(where))
        async with bench.worker("b", snapshot_events=1, retention_hours=1e-7) as b:
            await until(lambda: CALL in b.aggregates())
            await bench.ring("c2")
            await until(lambda: b.metrics.trimmed._value.get() > 0)
            await until(lambda: b.is_ready)
        assert await all_powerful.exists(keys.workers(), *[keys.lease(Partition(n)) for n in range(PARTITIONS)]) == 0
        await _may_nothing_else(redis, keys)


async def test_in_a_cluster_the_worker_user_needs_two_rules_more(own_nodes: Cluster, keys: Keys) -> None:
    rules = next(line for line in FILE.read_text().splitlines() if line.startswith("user switchhook-worker")).split()[
        1:
    ]
    for node in own_nodes.nodes:
        await command(node, "ACL", "SETUSER", *rules, "+cluster", "+asking")
    url = own_nodes.url.replace("://", f"://{rules[0]}:{rules[2][1:]}@")
    async with connect(url) as redis:
        await check_redis(redis, url)
        await settle_topology(redis, keys, PARTITIONS)
        bench = Bench(redis, url, keys)
        async with bench.worker("a") as a:
            await bench.ring("c1")
            await until(lambda: bench.phone.kinds() == ["answer"])
            await until(lambda: a.is_ready)


async def test_by_sentinels_the_worker_user_needs_one_rule_more(tmp_path: Path, keys: Keys) -> None:
    rules = next(line for line in FILE.read_text().splitlines() if line.startswith("user switchhook-worker")).split()[
        1:
    ]
    async with sentinels(tmp_path, count=1) as servers:
        await command(servers.master, "ACL", "SETUSER", *rules, "+role")
        url = servers.url.replace("://", f"://{rules[0]}:{rules[2][1:]}@")
        async with connect(url) as redis:
            await check_redis(redis, url)
            await settle_topology(redis, keys, PARTITIONS)


async def test_the_operator_user_looks_verifies_and_tells(server: PrivateRedis, keys: Keys) -> None:
    url = url_of(server, "operator")
    async with connect(url_of(server, "worker")) as theirs, connect(url) as redis:
        await settle_topology(theirs, keys, PARTITIONS)
        bench = Bench(theirs, url_of(server, "worker"), keys)
        async with bench.worker("a", snapshot_events=1):
            await bench.ring("c1")
            await until(lambda: bench.phone.kinds() == ["answer"])
            seen = await overview(redis, keys, await LogReader(redis, keys).partitions())
            assert [beat.worker for beat in seen.workers] == ["a"]
            verdict = await Verifier(redis, keys, wait_secs=10).verify(bench.log.partition_of(CALL))
            assert verdict.agrees
            assert verdict.live == []
        # An operator's word to an aggregate is an event like any other.
        await EventLog(redis, keys, PARTITIONS).append([LogEntry("said", CALL, "intent", 0, b"{}")])
        await check_redis(redis, url)
        await _may_nothing_else(redis, keys)


async def _may_nothing_else(redis: Redis, keys: Keys) -> None:
    for words in (
        ("FLUSHALL",), ("KEYS", "*"), ("CONFIG", "GET", "requirepass"), ("ACL", "LIST"), ("GET", "another:key"),
        ("DEBUG", "SLEEP", "0"), ("EVAL", "return 1", "0"), ("RENAME", keys.topology(), keys.workers()),
        ("PUBLISH", "channel", "word"), ("SUBSCRIBE", "channel"),
    ):  # fmt: skip
        with pytest.raises(NoPermissionError):
            await redis.execute_command(*words)  # type: ignore[no-untyped-call]


async def test_a_start_says_which_right_is_missing(server: PrivateRedis, keys: Keys) -> None:
    url = server.url.replace("redis://", "redis://poor:pass@")
    async with connect(server.url) as redis:

        async def start(rules: str) -> None:
            await redis.execute_command("ACL", "SETUSER", "poor", "reset", "on", ">pass", *rules.split())  # type: ignore[no-untyped-call]
            async with connect(url) as poor:

                async def settle() -> None:
                    await check_redis(poor, url)
                    await settle_topology(poor, keys, PARTITIONS)
                    await EventLog(poor, keys, PARTITIONS).append([LogEntry("e", CALL, "webhook", 0, b"{}")])

                await when_redis_answers(settle, url)

        with pytest.raises(ConfigError, match=r"lacks \+info .*users\.acl"):
            await start("~switchhook:* -@all +ping")
        with pytest.raises(ConfigError, match=r"lacks \+hsetnx "):
            await start("~switchhook:* -@all +info")
        with pytest.raises(ConfigError, match=r"lacks ~PREFIX:\*"):
            await start("~elsewhere:* +@all")
        with pytest.raises(ConfigError, match="lacks the commands that its scripts use"):
            await start("~switchhook:* -@all +info +hsetnx +hget +evalsha +script|load +get")
        await start("~switchhook:* -@all +info +hsetnx +hget +evalsha +script|load +get +set +xadd")


async def test_a_right_that_is_taken_away_makes_redis_unavailable_until_it_is_given_again(
    server: PrivateRedis, keys: Keys
) -> None:
    url = url_of(server, "worker")
    async with connect(server.url) as redis:
        await settle_topology(redis, keys, PARTITIONS)
        bench = Bench(redis, url, keys)
        async with bench.worker("a", lease_secs=1.0) as a:
            await until(lambda: a.is_ready)
            await redis.execute_command("ACL", "SETUSER", "switchhook-worker", "-evalsha")  # type: ignore[no-untyped-call]
            await until(lambda: not a.held)
            await redis.execute_command("ACL", "SETUSER", "switchhook-worker", "+evalsha")  # type: ignore[no-untyped-call]
            await until(lambda: len(a.held) == PARTITIONS)
            await bench.ring("c1")
            await until(lambda: bench.phone.kinds() == ["answer"])
