"""The emulator's time: as fast as is asked for, and moved on by hand where nobody wants to wait."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import anyio

MOST_SECS = 1e9


@dataclass(order=True)
class Timer:
    """Something to be done later."""

    due_secs: float
    number: int
    action: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Do it not."""
        self.cancelled = True


class Clock:
    """Counts seconds from the emulator's start. `run` belongs to its task group, and does what is due."""

    def __init__(self, *, speed: float = 1.0, began_at: datetime | None = None) -> None:
        """Make a clock that runs *speed* times as fast as the world's; 0: it stands until it is advanced.

        What it shows at first is *began_at*; none: the world's time.
        """
        self._speed = speed
        self._began = anyio.current_time()
        self._began_at = began_at or datetime.now(UTC)
        self._ahead_secs = 0.0
        self._at: float | None = None
        self._timers: list[Timer] = []
        self._numbers = itertools.count()
        self._changed = anyio.Event()

    def now(self) -> float:
        """Return the seconds since the start."""
        if self._at is not None:
            return self._at
        return (anyio.current_time() - self._began) * self._speed + self._ahead_secs

    def text(self, *, in_secs: float = 0.0) -> str:
        """Return the time in Telnyx's form, or that of in a while."""
        time = self._began_at + timedelta(seconds=self.now() + in_secs)
        return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def later(self, secs: float, action: Callable[[], None]) -> Timer:
        """Do *action* in a while, which is shortened to what a clock can count."""
        secs = min(secs, MOST_SECS)
        timer = Timer(self.now() + secs, next(self._numbers), action)
        heapq.heappush(self._timers, timer)
        self._changed.set()
        return timer

    async def sleep(self, secs: float) -> None:
        """Return in a while."""
        if secs <= 0:
            return
        over = anyio.Event()
        timer = self.later(secs, over.set)
        try:
            await over.wait()
        finally:
            timer.cancel()

    def advance(self, secs: float) -> None:
        """Move the time on at once; what is due meanwhile is done in its order, each at its own time."""
        end = self.now() + secs
        try:
            while self._timers and self._timers[0].due_secs <= end:
                timer = heapq.heappop(self._timers)
                self._at = max(self.now(), timer.due_secs)
                if not timer.cancelled:
                    timer.action()
            self._at = max(self.now(), end)
        finally:
            # After an error, the time is that of what raised it: no clock goes back.
            reached, self._at = self.now(), None
            self._ahead_secs += max(0.0, reached - self.now())
            self._changed.set()

    async def run(self) -> None:
        """Do what is due, for ever."""
        while True:
            self._changed = anyio.Event()
            self.advance(0.0)
            self._changed = anyio.Event()
            if not self._timers or not self._speed:
                await self._changed.wait()
                continue
            with anyio.move_on_after(max(0.0, (self._timers[0].due_secs - self.now()) / self._speed)):
                await self._changed.wait()


def secs_between(earlier: str, later: str) -> int:
    """Return the whole seconds from one written time to another."""
    between = datetime.fromisoformat(later) - datetime.fromisoformat(earlier)
    # Written times are cut to microseconds: what was meant as a whole second may lack one.
    return int(round(between.total_seconds(), 3))
