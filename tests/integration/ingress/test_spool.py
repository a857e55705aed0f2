"""The spool before a real Redis: nothing is lost, nothing is twice, and the order stays."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.from_thread
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

from ingress.durability import Confirmation
from ingress.errors import TopologyError
from ingress.metrics import Metrics
from ingress.redis_client import connect
from tests.integration.ingress.spooling import (
    drained,
    entries,
    entry,
    files,
    names,
    opened,
    running,
    settled,
)
from worker.testing.redis_server import PrivateRedis


async def test_with_redis_there_nothing_goes_to_the_disk(client: Redis, tmp_path: Path) -> None:
    spool = opened(tmp_path)
    async with running(client, spool) as log:
        await settled(log)
        (appended,) = await log.append([entry("a")])
        (again,) = await log.append([entry("a")])
        assert await log.append([]) == []
    assert (appended.spooled, appended.duplicate, again.duplicate) == (False, False, True)
    assert files(tmp_path) == ["lock"]


async def test_what_comes_while_redis_is_away_is_in_the_log_in_order_when_it_is_back(
    server: PrivateRedis, client: Redis, tmp_path: Path
) -> None:
    metrics = Metrics()
    spool = opened(tmp_path, metrics)
    async with running(client, spool) as log:
        await settled(log)
        await log.append(entries(0, 3))
        server.kill()
        for start in range(3, 1803, 60):
            assert all(appended.spooled for appended in await log.append(entries(start, 60)))
        assert spool.records == 1800
        assert spool.size > 1800 * 50
        server.start()
        # These come while the others are being appended, and stay behind them.
        for start in range(1803, 2103, 5):
            await log.append(entries(start, 5))
        await drained(spool)
        (direct,) = await log.append([entry("direct")])
    assert not direct.spooled
    assert await names(client) == [*(f"e{number}" for number in range(2103)), "direct"]
    assert files(tmp_path) == ["lock"]
    assert metrics.registry.get_sample_value("switchhook_ingress_spool_records") == 0
    assert metrics.registry.get_sample_value("switchhook_ingress_spool_bytes") == 0
    assert (metrics.registry.get_sample_value("switchhook_ingress_spool_drained_total") or 0) >= 1800


async def test_a_redis_that_stands_still_is_not_waited_for_and_has_each_event_once(
    server: PrivateRedis, client: Redis, tmp_path: Path
) -> None:
    spool = opened(tmp_path)
    async with running(client, spool) as log:
        await settled(log)
        await log.append([entry("a")])
        os.kill(server.pid, 19)
        with anyio.fail_after(1.4):
            # It lies in the socket of the server that stands, too.
            assert (await log.append([entry("b")]))[0].spooled
        assert (await log.append([entry("c")]))[0].spooled
        os.kill(server.pid, 18)
        await drained(spool)
        await log.append([entry("d")])
    assert await names(client) == ["a", "b", "c", "d"]


async def test_a_redis_that_has_no_memory_left_is_as_one_that_is_away(client: Redis, tmp_path: Path) -> None:
    spool = opened(tmp_path)
    async with running(client, spool) as log:
        await settled(log)
        await client.config_set("maxmemory", 1)
        assert (await log.append([entry("a")]))[0].spooled
        await client.config_set("maxmemory", 0)
        await drained(spool)
    assert await names(client) == ["a"]


async def test_what_no_replica_confirmed_stays_in_the_spool_until_one_does(
    server: PrivateRedis, client: Redis, private_redis: Callable[[], PrivateRedis], tmp_path: Path
) -> None:
    replica = private_redis()
    spool = opened(tmp_path)
    async with connect(replica.url) as follower:
        async with running(client, spool, confirm=Confirmation(("WAIT", 1, 100), 1)) as log:
            await settled(log)
            assert (await log.append([entry("a")]))[0].spooled
            assert await names(client) == ["a"]
            assert spool.records == 1
            await follower.replicaof("127.0.0.1", str(server.port))
            await drained(spool)
            assert await names(follower) == ["a"]
            assert not (await log.append([entry("b")]))[0].spooled
        assert await names(follower) == ["a", "b"]
    # One that still writes its first append-only file does not heed SIGTERM (Redis 6.2).
    replica.kill()


async def test_it_is_said_that_the_folder_was_made(tmp_path: Path) -> None:
    folder = tmp_path / "disk" / "spool"
    with capture_logs() as said:
        opened(folder).close()
        opened(folder).close()
    assert [line for line in said if line["event"] == "spool.made"] == [
        {"event": "spool.made", "log_level": "info", "directory": str(folder)}
    ]


async def test_a_start_with_a_spool_appends_it_first(client: Redis, tmp_path: Path) -> None:
    before = opened(tmp_path)
    for start in range(0, 30, 3):
        await before.write(entries(start, 3))
    before.close()
    spool = opened(tmp_path)
    assert spool.records == 30
    async with running(client, spool) as log:
        await log.append(entries(30, 1))
        await drained(spool)
    assert await names(client) == [f"e{number}" for number in range(31)]


async def test_when_it_is_empty_it_is_said_how_long_the_oldest_event_had_waited(client: Redis, tmp_path: Path) -> None:
    before = opened(tmp_path)
    hour_ago_ms = round((time.time() - 3600) * 1000)
    await before.write([entry("a", received_ms=hour_ago_ms), entry("b", received_ms=hour_ago_ms + 60_000)])
    before.close()
    spool = opened(tmp_path)
    with capture_logs() as said:
        async with running(client, spool):
            await drained(spool)
            with anyio.fail_after(10):
                while not (lines := [line for line in said if line["event"] == "spool.drained"]):
                    await anyio.sleep(0.01)
    (line,) = lines
    assert line["records"] == 2
    assert 3600 <= line["secs"] < 3660


async def test_a_start_without_redis_takes_events_and_settles_before_it_appends_any(
    client: Redis, tmp_path: Path
) -> None:
    spool, may = opened(tmp_path), anyio.Event()

    async def settle() -> None:
        if not may.is_set():
            raise RedisConnectionError("away")

    async with running(client, spool, settle) as log:
        assert (await log.append([entry("a")]))[0].spooled
        assert await names(client) == []
        may.set()
        await drained(spool)
    assert await names(client) == ["a"]


async def test_a_log_of_another_size_ends_the_ingress_and_keeps_the_spool(client: Redis, tmp_path: Path) -> None:
    spool = opened(tmp_path)
    await spool.write([entry("a")])

    async def settle() -> None:
        raise TopologyError(16, 8)

    with pytest.RaisesGroup(TopologyError, flatten_subgroups=True):
        async with running(client, spool, settle):
            await anyio.sleep_forever()
    spool.close()
    assert await names(client) == []
    assert opened(tmp_path).records == 1
