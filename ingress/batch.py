"""Appends of the same moment share one round trip: while one is under way, those that come gather for the next."""

from __future__ import annotations

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


class Appender(Protocol):
    """What takes batches: the log in Redis, or that log with a spool before it."""

    async def append(self, entries: Sequence[LogEntry]) -> list[Appended]:
        """Append *entries* in order; raise LogUnavailableError if not all of them are safe."""


class _Waiter:
    """One request's append."""

    __slots__ = ("done", "entry", "result")

    def __init__(self, entry: LogEntry) -> None:
        self.entry = entry
        self.done = anyio.Event()
        self.result: Appended | LogUnavailableError | None = None


class Batcher:
    """Gathers appends. `run` belongs to the application's task group."""

    def __init__(
        self, log: Appender, metrics: Metrics, *, max_batch: int = MAX_BATCH, max_waiting: int = MAX_WAITING
    ) -> None:
        self._log = log
        self._metrics = metrics
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._waiting: list[_Waiter] = []
        self._come = anyio.Event()

    async def append(self, entry: LogEntry) -> Appended:
        """Append *entry*, and return when Redis has said that it is in, or the spool that it is on the disk.

        Raises:
            LogUnavailableError: Nothing took it, or too many wait.
        """
        if len(self._waiting) >= self._max_waiting:
            raise LogUnavailableError(f"{self._max_waiting} appends wait already")
        waiter = _Waiter(entry)
        self._waiting.append(waiter)
        self._come.set()
        await waiter.done.wait()
        if isinstance(waiter.result, Appended):
            return waiter.result
        raise waiter.result or LogUnavailableError("the append was given up")

    async def run(self) -> None:
        """Append what gathers, for ever. When cancelled, who waits is told that it was not done."""
        try:
            while True:
                if not self._waiting:
                    self._come = anyio.Event()
                    await self._come.wait()
                batch, self._waiting = self._waiting[: self._max_batch], self._waiting[self._max_batch :]
                await self._flush(batch)
        finally:
            for waiter in self._waiting:
                waiter.done.set()

    async def _flush(self, batch: list[_Waiter]) -> None:
        self._metrics.batch.observe(len(batch))
        try:
            results = await self._log.append([waiter.entry for waiter in batch])
        except LogUnavailableError as exc:
            for waiter in batch:
                waiter.result = exc
        else:
            for waiter, result in zip(batch, results, strict=True):
                waiter.result = result
        finally:
            for waiter in batch:
                waiter.done.set()
