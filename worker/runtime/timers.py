"""Fires the timers of a partition: appends an event for each when it is due by Redis's time, late ones in due order."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

import anyio

from ingress.errors import LogUnavailableError
from ingress.log import EventLog
from worker.events.event import write_entry
from worker.events.timers import TimerFired
from worker.ledger.ledger import Ledger, Timer
from worker.runtime.clock import RedisClock
from worker.runtime.errors import UnavailableError
from worker.runtime.lease import Lease
from worker.runtime.metrics import Metrics

#: The longest sleep: a bound on how long a wrong idea of Redis's time can delay a timer.
MAX_SLEEP_SECS = 5.0
BATCH = 256


class Timers:
    """The heap of a partition's timers. What the ledger holds is the truth; the heap may have cancelled ones in it."""

    def __init__(self, lease: Lease, ledger: Ledger, event_log: EventLog, clock: RedisClock, metrics: Metrics) -> None:
        self._lease = lease
        self._ledger = ledger
        self._log = event_log
        self._clock = clock
        self._metrics = metrics
        self._heap: list[tuple[int, str, Timer]] = []
        self._changed = anyio.Event()

    def add(self, timers: Iterable[Timer]) -> None:
        """Take timers into the heap."""
        before = self._heap[0] if self._heap else None
        for timer in timers:
            heapq.heappush(self._heap, (timer.due_ms, timer.event_id, timer))
        if self._heap and self._heap[0] is not before:
            self._changed.set()

    async def run(self) -> None:
        """Fire timers for ever.

        Raises:
            FencedError: The lease is over.
            UnavailableError: Redis could not take a firing.
        """
        while True:
            due = self._due()
            if due:
                await self._fire(due)
                continue
            self._changed = anyio.Event()
            with anyio.move_on_after(self._sleep_secs()):
                await self._changed.wait()

    def _due(self) -> list[Timer]:
        now_ms = self._clock.now_ms()
        due: list[Timer] = []
        while self._heap and self._heap[0][0] <= now_ms and len(due) < BATCH:
            timer = heapq.heappop(self._heap)[2]
            if self._ledger.timers.get((timer.address, timer.key)) == timer:
                due.append(timer)
        return due

    def _sleep_secs(self) -> float:
        if not self._heap:
            return MAX_SLEEP_SECS
        return min(MAX_SLEEP_SECS, max(0.001, (self._heap[0][0] - self._clock.now_ms()) / 1000))

    async def _fire(self, due: list[Timer]) -> None:
        self._lease.check()
        now_ms = self._clock.now_ms()
        try:
            await self._log.append(
                [write_entry(t.event_id, t.address, TimerFired(t.key, t.due_ms), now_ms) for t in due]
            )
        except LogUnavailableError as exc:
            raise UnavailableError(str(exc)) from exc
        self._metrics.timers.inc(len(due))
