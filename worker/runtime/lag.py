"""How far a partition is behind: since when the oldest event that is known to wait for its decision waits."""

from __future__ import annotations

from worker.runtime.clock import RedisClock


class Lag:
    """The lag of one partition. Until it has been read for the first time, all of it is taken to wait."""

    def __init__(self, clock: RedisClock) -> None:
        self._clock = clock
        self._since_ms: int | None = clock.now_ms()

    @property
    def secs(self) -> float | None:
        """How long the oldest event waits, as far as is known; None when all is decided."""
        return None if self._since_ms is None else max(0.0, (self._clock.now_ms() - self._since_ms) / 1000)

    def stall(self) -> None:
        """Note that nothing is read for now: whatever comes from here on waits."""
        if self._since_ms is None:
            self._since_ms = self._clock.now_ms()

    def take(self, received_ms: int | None) -> None:
        """Note when the first of the events was received that are in hand; None: there are none, nor any more."""
        self._since_ms = received_ms
