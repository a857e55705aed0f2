"""Redis's time as the runtime knows it."""

from __future__ import annotations

from worker.runtime.clock import RedisClock, monotonic


def test_the_clock_is_rediss_and_runs_on_between_two_readings() -> None:
    clock = RedisClock()
    began = monotonic()
    clock.set(1_000_000)
    now_ms = clock.now_ms()
    assert 1_000_000 <= now_ms <= 1_000_000 + (monotonic() - began) * 1000 + 1
