"""The log on a real Redis: once, in order, in the right place."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import anyio
import pytest
from redis.asyncio import Redis

from ingress.envelope import Address, LogEntry
from ingress.errors import LogUnavailableError, TopologyError
from ingress.log import SEEN_TTL_MS, EventLog, Keys, Partition, decode_entry, settle_topology
from ingress.redis_client import connect
from worker.runtime.journal import Entries
from worker.testing.redis_server import PrivateRedis


def entry(name: str, call: str = "c") -> LogEntry:
    return LogEntry(name, Address("t", "call", call), "webhook", 5, b"\x00raw")


async def stored(redis: Redis, keys: Keys, log: EventLog) -> list[LogEntry]:
    found = cast("Entries", await redis.xrange(keys.log(log.partition_of(Address("t", "call", "c")))))
    return [decode_entry(fields) for _, fields in found]


async def test_an_event_is_appended_once_however_often_it_comes(redis: Redis, keys: Keys) -> None:
    log = EventLog(redis, keys, 4)
    first, again, other = await log.append([entry("a"), entry("a"), entry("b")])
    (later,) = await log.append([entry("a")])
    assert (first.duplicate, again.duplicate, other.duplicate, later.duplicate) == (False, True, False, True)
    assert first.entry_id == again.entry_id == later.entry_id
    assert await stored(redis, keys, log) == [entry("a"), entry("b")]


async def test_events_keep_the_order_in_which_they_were_appended(redis: Redis, keys: Keys) -> None:
    log = EventLog(redis, keys, 1)
    names = [f"e{number}" for number in range(300)]
    await log.append([entry(name, call=name) for name in names])
    assert [kept.event_id for kept in await stored(redis, keys, log)] == names


async def test_an_event_that_several_writers_append_at_once_is_in_the_log_once(
    redis_url: str, redis: Redis, keys: Keys
) -> None:
    ids: set[str] = set()
    fresh: list[bool] = []

    async def write() -> None:
        async with connect(redis_url) as client:
            log = EventLog(client, keys, 4)
            for number in range(50):
                (appended,) = await log.append([entry(f"e{number}")])
                ids.add(appended.entry_id)
                fresh.append(not appended.duplicate)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as writers:
            for _ in range(4):
                writers.start_soon(write)
    assert (len(ids), sum(fresh)) == (50, 50)
    assert [kept.event_id for kept in await stored(redis, keys, EventLog(redis, keys, 4))] == [
        f"e{number}" for number in range(50)
    ]


async def test_an_event_is_remembered_for_a_day_and_not_for_ever(redis: Redis, keys: Keys) -> None:
    log = EventLog(redis, keys, 1)
    await log.append([entry("a")])
    remembered_ms = await redis.pttl(keys.seen(Partition(0), "a"))
    assert SEEN_TTL_MS - 60_000 < remembered_ms <= SEEN_TTL_MS


async def test_what_cannot_be_routed_is_kept_with_its_reason_byte_for_byte(redis: Redis, keys: Keys) -> None:
    await EventLog(redis, keys, 4).keep_unrouted("acme", "no id", 5, b"\x00\xff raw")
    ((_, fields),) = cast("Entries", await redis.xrange(keys.unrouted("acme")))
    assert fields == {b"at": b"5", b"reason": b"no id", b"raw": b"\x00\xff raw"}
    assert [key async for key in redis.scan_iter(f"{keys.prefix}:*")] == [keys.unrouted("acme").encode()]


async def test_appending_nothing_writes_nothing(redis: Redis, keys: Keys) -> None:
    assert await EventLog(redis, keys, 4).append([]) == []
    assert [key async for key in redis.scan_iter(f"{keys.prefix}:*")] == []


async def test_the_number_of_partitions_is_fixed_when_the_log_is_made(redis: Redis, keys: Keys) -> None:
    await settle_topology(redis, keys, 8)
    await settle_topology(redis, keys, 8)
    with pytest.raises(TopologyError, match="SWITCHHOOK_PARTITIONS=8"):
        await settle_topology(redis, keys, 16)


async def test_a_batch_is_one_round_trip(private_redis: Callable[[], PrivateRedis]) -> None:
    redis = connect(private_redis().url)
    log = EventLog(redis, Keys("x"), 4)
    await log.append([entry("first")])
    await redis.config_resetstat()
    await log.append([entry("a", call="a"), entry("b", call="b")])
    calls = {name: stats["calls"] for name, stats in (await redis.info("commandstats")).items()}
    await redis.aclose()
    # Nothing is asked beside the scripts and what they do: no SCRIPT EXISTS before each batch.
    assert calls.pop("cmdstat_evalsha") == 2
    assert set(calls) <= {"cmdstat_get", "cmdstat_xadd", "cmdstat_set", "cmdstat_config", "cmdstat_config|resetstat"}


async def test_a_redis_that_has_forgotten_the_script_is_taught_it_again(
    private_redis: Callable[[], PrivateRedis],
) -> None:
    redis = connect(private_redis().url)
    log = EventLog(redis, Keys("x"), 4)
    await log.append([entry("a")])
    await redis.script_flush()
    again, new = await log.append([entry("a"), entry("b")])
    await redis.aclose()
    assert (again.duplicate, new.duplicate) == (True, False)


async def test_an_append_without_redis_says_so() -> None:
    away = connect("redis://127.0.0.1:1/0")
    with pytest.raises(LogUnavailableError):
        await EventLog(away, Keys("x"), 1).append([entry("a")])
    with pytest.raises(LogUnavailableError):
        await EventLog(away, Keys("x"), 1).keep_unrouted("t", "no id", 5, b"raw")
    await away.aclose()
