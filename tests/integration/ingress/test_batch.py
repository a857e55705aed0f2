"""Appends of the same moment share a round trip, and each caller hears what became of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import anyio
import pytest
from redis.asyncio import Redis

from ingress.batch import Batcher
from ingress.envelope import Address, LogEntry
from ingress.errors import LogUnavailableError
from ingress.log import Appended, EventLog, Keys
from ingress.metrics import Metrics
from ingress.redis_client import connect
from worker.runtime.journal import Entries


def entry(name: str) -> LogEntry:
    return LogEntry(name, Address("t", "call", "c"), "webhook", 5, b"raw")


class GatedLog(EventLog):
    """A log whose appends wait at a gate, and which notes who came together."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        super().__init__(redis, keys, 1)
        self.gate = anyio.Event()
        self.trips: list[list[str]] = []
        self.begun = anyio.Event()

    async def append(self, entries: Sequence[LogEntry]) -> list[Appended]:
        self.trips.append([entry.event_id for entry in entries])
        self.begun.set()
        await self.gate.wait()
        return await super().append(entries)


async def test_appends_that_come_while_one_is_under_way_share_the_next_round_trips(redis: Redis, keys: Keys) -> None:
    log = GatedLog(redis, keys)
    batcher = Batcher(log, Metrics(), max_batch=3)
    results: dict[str, Appended] = {}

    async def append(name: str) -> None:
        results[name] = await batcher.append(entry(name))

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(batcher.run)
            async with anyio.create_task_group() as callers:
                callers.start_soon(append, "first")
                await log.begun.wait()
                for name in ("a", "b", "c", "d"):
                    callers.start_soon(append, name)
                await anyio.wait_all_tasks_blocked()
                log.gate.set()
            tasks.cancel_scope.cancel()
    assert log.trips == [["first"], ["a", "b", "c"], ["d"]]
    found = cast("Entries", await redis.xrange(keys.log(log.partition_of(entry("a").address))))
    stored = [entry_id.decode() for entry_id, _ in found]
    assert [results[name].entry_id for name in ("first", "a", "b", "c", "d")] == stored


async def test_who_gives_up_harms_nobody_else(redis: Redis, keys: Keys) -> None:
    log = GatedLog(redis, keys)
    batcher = Batcher(log, Metrics())
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(batcher.run)
            with anyio.move_on_after(0.01) as impatient:
                await batcher.append(entry("impatient"))
            assert impatient.cancelled_caught
            log.gate.set()
            assert not (await batcher.append(entry("patient"))).duplicate
            # What was given up is in nevertheless, and is known when Telnyx sends it again.
            assert (await batcher.append(entry("impatient"))).duplicate
            tasks.cancel_scope.cancel()


async def test_nobody_waits_for_longer_than_patience_lasts(redis: Redis, keys: Keys) -> None:
    log = GatedLog(redis, keys)
    batcher = Batcher(log, Metrics(), max_batch=1, patience_secs=0.05)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(batcher.run)
            async with anyio.create_task_group() as callers:
                for name in ("under way", "waiting"):
                    callers.start_soon(_refused_late, batcher, name)
            log.gate.set()
            # What was under way is in nevertheless, and is known when it is sent again.
            assert (await batcher.append(entry("under way"))).duplicate
            tasks.cancel_scope.cancel()


async def _refused_late(batcher: Batcher, name: str) -> None:
    with pytest.raises(LogUnavailableError, match="too long"):
        await batcher.append(entry(name))


async def test_more_than_can_wait_are_refused_at_once(redis: Redis, keys: Keys) -> None:
    batcher = Batcher(GatedLog(redis, keys), Metrics(), max_waiting=2)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            for name in ("a", "b"):
                tasks.start_soon(batcher.append, entry(name))
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(LogUnavailableError, match="2 appends wait"):
                await batcher.append(entry("c"))
            tasks.cancel_scope.cancel()


async def test_when_it_ends_who_waits_is_told_that_nothing_is_sure(redis: Redis, keys: Keys) -> None:
    log = GatedLog(redis, keys)
    batcher = Batcher(log, Metrics())
    told: list[str] = []

    async def append(name: str) -> None:
        with pytest.raises(LogUnavailableError):
            await batcher.append(entry(name))
        told.append(name)

    with anyio.fail_after(10):
        async with anyio.create_task_group() as callers, anyio.create_task_group() as tasks:
            tasks.start_soon(batcher.run)
            callers.start_soon(append, "under way")
            await log.begun.wait()
            callers.start_soon(append, "waiting")
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
    assert sorted(told) == ["under way", "waiting"]


async def test_redis_away_is_said_to_each_and_the_next_batch_is_tried_again() -> None:
    away = connect("redis://127.0.0.1:1/0")
    batcher = Batcher(EventLog(away, Keys("x"), 1), Metrics())
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(batcher.run)
            for name in ("a", "b"):
                with pytest.raises(LogUnavailableError):
                    await batcher.append(entry(name))
            tasks.cancel_scope.cancel()
    await away.aclose()
