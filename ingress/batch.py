"""Appends of the same moment share one round trip: while one is under way, those that come gather for the next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import anyio

from ingress.envelope import LogEntry
from ingress.errors import LogUnavailableError
from ingress.log import Appended
from ingress.metrics import Metrics

MAX_BATCH = 512
#: More than this waiting means that Redis does not keep up; Telnyx is asked to come again.
MAX_WAITING = 8192
#: Telnyx waits 2 s by default; whoever has heard nothing by then asks again anyway.
PATIENCE_SECS = 1.5


class Appender(Protocol):
    """What takes batches: the log in Redis, or that log with a spool before it."""

    async def append(self, entries: Sequence[LogEntry]) -> list[Appended]:
        """Append *entries* in order; raise LogUnavailableError if not all of them are safe."""


class _Waiter:
    """One request's append. A bare future, for it is made for each webhook: an event costs five times as much."""

    __slots__ = ("entry", "future", "since")

    def __init__(self, entry: LogEntry, loop: asyncio.AbstractEventLoop) -> None:
        self.entry = entry
        self.since = loop.time()
        self.future: asyncio.Future[Appended] = loop.create_future()

    def end(self, result: Appended | LogUnavailableError) -> None:
        """Tell the request, if it still waits."""
        if self.future.done():
            return
        if isinstance(result, Appended):
            self.future.set_result(result)
        else:
            self.future.set_exception(result)


class Batcher:
    """Gathers appends. `run` belongs to the application's task group."""

    def __init__(
        self,
        log: Appender,
        metrics: Metrics,
        *,
        max_batch: int = MAX_BATCH,
        max_waiting: int = MAX_WAITING,
        patience_secs: float = PATIENCE_SECS,
    ) -> None:
        self._log = log
        self._metrics = metrics
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._patience_secs = patience_secs
        self._waiting: list[_Waiter] = []
        self._under_way: list[_Waiter] = []
        self._come = anyio.Event()

    async def append(self, entry: LogEntry) -> Appended:
        """Append *entry*, and return when Redis has said that it is in, or the spool that it is on the disk.

        Raises:
            LogUnavailableError: Nothing took it, or not in time, or too many wait.
        """
        if len(self._waiting) >= self._max_waiting:
            raise LogUnavailableError(f"{self._max_waiting} appends wait already")
        waiter = _Waiter(entry, asyncio.get_running_loop())
        if not self._waiting:
            self._come.set()
        self._waiting.append(waiter)
        return await waiter.future

    async def run(self) -> None:
        """Append what gathers, for ever. When cancelled, who waits is told that it was not done."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._end_late_ones, name="patience")
                while True:
                    if not self._waiting:
                        self._come = anyio.Event()
                        await self._come.wait()
                    self._under_way = self._waiting[: self._max_batch]
                    self._waiting = self._waiting[self._max_batch :]
                    await self._flush(self._under_way)
        finally:
            for waiter in (*self._under_way, *self._waiting):
                waiter.end(LogUnavailableError("the append was given up"))

    async def _end_late_ones(self) -> None:
        """Let nobody wait for longer than patience lasts: one look at all, rather than a timer for each."""
        while True:
            await anyio.sleep(self._patience_secs / 10)
            late = asyncio.get_running_loop().time() - self._patience_secs
            for waiter in (*self._under_way, *self._waiting):
                if waiter.since < late:
                    waiter.end(LogUnavailableError("it took too long to keep it"))

    async def _flush(self, batch: list[_Waiter]) -> None:
        self._metrics.batch.observe(len(batch))
        try:
            results = await self._log.append([waiter.entry for waiter in batch])
        except LogUnavailableError as exc:
            for waiter in batch:
                waiter.end(exc)
        else:
            for waiter, result in zip(batch, results, strict=True):
                waiter.end(result)
