"""The spool's disk: full, failing, damaged, and how durable it is."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import anyio
import anyio.from_thread
import pytest
from redis.asyncio import Redis

from ingress.errors import LogUnavailableError, SpoolFailedError, SpoolFullError
from ingress.log import EventLog
from ingress.metrics import Metrics
from ingress.readiness import Readiness
from ingress.redis_client import connect
from ingress.spool.log import SpooledLog
from ingress.spool.settings import Fsync
from tests.integration.ingress.spooling import (
    KEYS,
    drained,
    entries,
    entry,
    files,
    names,
    nothing,
    opened,
    running,
    settled,
)
from worker.testing.redis_server import PrivateRedis


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
