"""What the tests of the spool share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import anyio
import anyio.from_thread
from redis.asyncio import Redis

from ingress.durability import Confirmation
from ingress.envelope import Address, LogEntry
from ingress.log import EventLog, Keys, Partition
from ingress.metrics import Metrics
from ingress.spool.log import SpooledLog
from ingress.spool.settings import Fsync, SpoolSettings
from ingress.spool.spool import Spool
from worker.runtime.journal import Entries

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


async def settled(log: SpooledLog) -> None:
    await log.settle()
