"""Time that passes only when a test says so."""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import anyio
from anyio.abc import TaskGroup


class Time:
    """A clock, and a sleep on it that ends when `passes` has brought the clock there."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.slept: list[float] = []
        self._sleepers: list[tuple[float, int, anyio.Event]] = []
        self._numbers = count()

    def now(self) -> float:
        return self.at

    async def sleep(self, secs: float) -> None:
        self.slept.append(secs)
        woken = anyio.Event()
        heapq.heappush(self._sleepers, (self.at + secs, next(self._numbers), woken))
        await woken.wait()

    async def passes(self, secs: float) -> None:
        """Go on by *secs*, waking each sleeper at its time, and return when everybody waits again."""
        end = self.at + secs
        await anyio.wait_all_tasks_blocked()
        while self._sleepers and self._sleepers[0][0] <= end:
            self.at = max(self.at, self._sleepers[0][0])
            while self._sleepers and self._sleepers[0][0] <= self.at:
                heapq.heappop(self._sleepers)[2].set()
            await anyio.wait_all_tasks_blocked()
        self.at = end


class Quick(Time):
    """One on which a sleep is over at once, for a test with one task."""

    async def sleep(self, secs: float) -> None:
        self.slept.append(secs)
        self.at += secs
        await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def group() -> AsyncIterator[TaskGroup]:
    """Run tasks beside a test, which fails when one of them never ends."""
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            yield tasks
