"""The spool before a real Redis: nothing is lost, nothing is twice, and the order stays."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import anyio
import anyio.from_thread
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

from ingress.durability import Confirmation
from ingress.envelope import Address, LogEntry
from ingress.errors import LogUnavailableError, SpoolFailedError, SpoolFullError, TopologyError
from ingress.log import EventLog, Keys, Partition
from ingress.metrics import Metrics
from ingress.readiness import Readiness
from ingress.redis_client import connect
from ingress.spool.log import SpooledLog
from ingress.spool.settings import Fsync, SpoolSettings
from ingress.spool.spool import Spool
from worker.runtime.journal import Entries
from worker.testing.redis_server import PrivateRedis

KEYS = Keys("x")


def entry(name: str, *, received_ms: int = 5, raw: bytes = b"raw") -> LogEntry:
    return LogEntry(name, Address("t", "call", "c"), "webhook", received_ms, raw)


def entries(start: int, count: int) -> list[LogEntry]:
    return [entry(f"e{number}") for number in range(start, start + count)]


async def nothing() -> None:
    """Settle nothing: the log is as it should be."""


def opened(path: Path, metrics: Metrics | None = None, *, fsync: Fsync = "always", max_bytes: int = 10**7) -> Spool:
    spool = Spool(SpoolSettings(path, fsync, 10, max_bytes), metrics or Metrics())
    spool.open()
    return spool


@asynccontextmanager
async def running(
    redis: Redis,
    spool: Spool,
    settle: Callable[[], Awaitable[None]] = nothing,
    confirm: Confirmation | None = None,
) -> AsyncIterator[SpooledLog]:
    event_log = EventLog(redis, KEYS, 1)
    event_log.require(confirm)
    log = SpooledLog(event_log, spool, settle, confirm_ms=100)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(log.run)
            yield log
            tasks.cancel_scope.cancel()


async def names(redis: Redis) -> list[str]:
    found = cast("Entries", await redis.xrange(KEYS.log(Partition(0))))
    return [fields[b"id"].decode() for _, fields in found]


async def drained(spool: Spool) -> None:
    with anyio.fail_after(20):
        while spool.records:
            await anyio.sleep(0.01)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
async def server(private_redis: Callable[[], PrivateRedis]) -> PrivateRedis:
    return private_redis()


@pytest.fixture
async def client(server: PrivateRedis) -> AsyncIterator[Redis]:
    async with connect(server.url) as redis:
        # Under everysec a write may wait for the fsync before it, and be lost when the server is killed.
        await redis.config_set("appendfsync", "always")
        yield redis


async def settled(log: SpooledLog) -> None:
    await log.settle()


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


async def test_a_full_spool_refuses_and_takes_again_when_redis_has_made_room(
    server: PrivateRedis, client: Redis, tmp_path: Path
) -> None:
    metrics = Metrics()
    spool = opened(tmp_path, metrics, max_bytes=5000)
    readiness = Readiness(client, metrics, spool)
    async with running(client, spool) as log:
        await settled(log)
        server.kill()
        readiness.redis_ok = False
        taken: list[str] = []
        with pytest.raises(SpoolFullError, match="SWITCHHOOK_SPOOL_MAX_BYTES"):
            for number in range(1000):
                await log.append([entry(f"e{number}")])
                taken.append(f"e{number}")
                assert readiness.ready
        assert 10 < len(taken) < 1000
        assert spool.size <= 5000
        assert not readiness.ready
        assert readiness.details()["spool_takes"] is False
        server.start()
        await drained(spool)
        readiness.redis_ok = True
        assert readiness.ready
        assert (await log.append([entry("after")]))[0].spooled is False
    assert await names(client) == [*taken, "after"]
    assert metrics.registry.get_sample_value("switchhook_ingress_spool_refused_total") == 1


async def test_a_full_spool_takes_again_when_its_first_file_is_in_redis(tmp_path: Path) -> None:
    spool = opened(tmp_path, max_bytes=200_000)
    with pytest.raises(SpoolFullError):
        for number in range(1000):
            await spool.write([entry(f"e{number}", raw=bytes(10_000))])
    while not spool.takes:
        records = spool.records
        await spool.read()
        await spool.acknowledge()
        assert spool.records < records
    assert spool.records
    await spool.write([entry("again", raw=bytes(10_000))])


@pytest.mark.parametrize("call", ["write", "fsync"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
async def test_a_disk_that_fails_is_said_and_used_again_when_it_is_mended(
    server: PrivateRedis, client: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    metrics = Metrics()
    spool = opened(tmp_path, metrics)
    async with running(client, spool) as log:
        await settled(log)
        server.kill()
        await log.append([entry("a")])
        with monkeypatch.context() as patch:
            patch.setattr(os, call, refuse)
            for _ in range(2):
                with pytest.raises(SpoolFailedError, match=os.strerror(number)):
                    await log.append([entry("refused")])
            assert not spool.takes
        with anyio.fail_after(5):
            while not spool.takes:
                await anyio.sleep(0.01)
        await log.append([entry("b")])
        server.start()
        await drained(spool)
    assert await names(client) == ["a", "b"]
    assert (metrics.registry.get_sample_value("switchhook_ingress_spool_errors_total") or 0) >= 2


async def test_a_damaged_file_is_appended_up_to_the_damage_and_kept_and_the_next_ones_wholly(
    client: Redis, tmp_path: Path
) -> None:
    spool = opened(tmp_path)
    await spool.write(entries(0, 5))
    spool.close()
    first = tmp_path / "0000000001.spool"
    content = first.read_bytes()
    first.write_bytes(content[:-3] + b"\x00" + content[-2:])
    spool = opened(tmp_path)
    await spool.write(entries(5, 5))
    spool.close()
    torn = tmp_path / "0000000002.spool"
    torn.write_bytes(torn.read_bytes() + b"torn")
    metrics = Metrics()
    spool = opened(tmp_path, metrics)
    async with running(client, spool):
        await drained(spool)
    assert await names(client) == [f"e{number}" for number in (0, 1, 2, 3, 5, 6, 7, 8, 9)]
    assert files(tmp_path) == ["0000000001.spool.damaged", "0000000002.spool.damaged", "lock"]
    assert (tmp_path / "0000000001.spool.damaged").stat().st_size == len(content)
    assert metrics.registry.get_sample_value("switchhook_ingress_spool_damaged_total") == 2


async def test_a_file_that_is_damaged_while_it_waits_does_not_stop_what_comes_after(
    server: PrivateRedis, client: Redis, tmp_path: Path
) -> None:
    spool = opened(tmp_path)
    async with running(client, spool) as log:
        await settled(log)
        server.kill()
        await log.append(entries(0, 5))
        path = tmp_path / "0000000001.spool"
        path.write_bytes(path.read_bytes()[:-3])
        server.start()
        await drained(spool)
        await log.append([entry("after")])
    assert await names(client) == ["e0", "e1", "e2", "e3", "after"]
    assert (tmp_path / "0000000001.spool.damaged").exists()


@pytest.mark.parametrize("fsync", ["interval", "never"])
async def test_what_was_written_survives_the_process_under_every_policy(tmp_path: Path, fsync: Fsync) -> None:
    spool = opened(tmp_path, fsync=fsync)
    await spool.write(entries(0, 3))
    # As after SIGKILL: nothing is finished, only the lock is gone.
    spool._directory.close()
    again = opened(tmp_path, fsync=fsync)
    assert list(await again.read()) == entries(0, 3)


async def test_interval_makes_durable_within_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool, synced, fsync = opened(tmp_path, fsync="interval"), anyio.Event(), os.fsync

    def note(file: int) -> None:
        fsync(file)
        anyio.from_thread.run_sync(synced.set)

    await spool.write(entries(0, 1))
    monkeypatch.setattr(os, "fsync", note)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(spool.look_after)
            await synced.wait()
            tasks.cancel_scope.cancel()


async def test_the_age_of_the_oldest_is_known_from_the_start(tmp_path: Path) -> None:
    before = opened(tmp_path)
    await before.write([entry("a", received_ms=1), entry("b", received_ms=2)])
    before.close()
    metrics = Metrics()
    opened(tmp_path, metrics)
    assert (metrics.registry.get_sample_value("switchhook_ingress_spool_oldest_seconds") or 0) > 1.5e9


async def test_neither_redis_nor_a_spool_that_failed_says_so_to_the_caller(tmp_path: Path) -> None:
    spool = opened(tmp_path, max_bytes=4096)
    async with connect("redis://127.0.0.1:1/0") as away:
        log = SpooledLog(EventLog(away, KEYS, 1), spool, nothing)
        await log.settle()
        with pytest.raises(LogUnavailableError):
            await log.append([entry("a", raw=bytes(5000))])
