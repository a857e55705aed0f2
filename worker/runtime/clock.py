"""The two clocks of the runtime: one that never jumps, and Redis's; and the wall clock, which rules nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar

#: Counts on while a machine sleeps, so that a suspended owner sees that its lease is over. Linux has it.
_MONOTONIC = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

#: What the simulation puts in the place of this machine's clocks: Unix seconds, which never go back.
virtual_time: ContextVar[Callable[[], float] | None] = ContextVar("virtual_time", default=None)


def monotonic() -> float:
    """Return seconds on a clock that nobody sets."""
    now = virtual_time.get()
    return time.clock_gettime(_MONOTONIC) if now is None else now()


def wall_ms() -> int:
    """Return what this machine's wall clock shows, Unix milliseconds."""
    now = virtual_time.get()
    return time.time_ns() // 1_000_000 if now is None else round(now() * 1000)


class RedisClock:
    """Redis's time, carried on by the monotonic clock between the heartbeats that read it."""

    def __init__(self) -> None:
        self._redis_ms = wall_ms()
        self._at = monotonic()

    def set(self, redis_ms: int) -> None:
        """Note that Redis has just said that it is *redis_ms*. The answer took time: so the clock is never ahead."""
        self._redis_ms, self._at = redis_ms, monotonic()

    def now_ms(self) -> int:
        """Return Redis's time in Unix milliseconds, as well as it is known."""
        return self._redis_ms + round((monotonic() - self._at) * 1000)
