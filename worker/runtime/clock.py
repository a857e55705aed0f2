"""The two clocks of the runtime: one that never jumps, and Redis's."""

from __future__ import annotations

import time

#: Counts on while a machine sleeps, so that a suspended owner sees that its lease is over. Linux has it.
_MONOTONIC = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def monotonic() -> float:
    """Return seconds on a clock that nobody sets."""
    return time.clock_gettime(_MONOTONIC)


class RedisClock:
    """Redis's time, carried on by the monotonic clock between the heartbeats that read it."""

    def __init__(self) -> None:
        self._redis_ms = time.time_ns() // 1_000_000
        self._at = monotonic()

    def set(self, redis_ms: int) -> None:
        """Note that Redis has just said that it is *redis_ms*. The answer took time: so the clock is never ahead."""
        self._redis_ms, self._at = redis_ms, monotonic()

    def now_ms(self) -> int:
        """Return Redis's time in Unix milliseconds, as well as it is known."""
        return self._redis_ms + round((monotonic() - self._at) * 1000)
