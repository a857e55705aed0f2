"""How much an account may ask for: requests in a window, and dials in five seconds."""

from __future__ import annotations

import math
from collections import deque

from worker.testing.emulator.clock import Clock
from worker.testing.emulator.problems import refuse
from worker.testing.emulator.settings import EmulatorSettings

#: How many seconds dials are counted over.
DIAL_WINDOW_SECS = 5.0


class Limits:
    """Counts requests and dials."""

    def __init__(self, settings: EmulatorSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._window_ends = 0.0
        self._left = settings.rate_limit
        self._dials: deque[float] = deque()

    def admit(self) -> None:
        """Count a request, or refuse it."""
        now = self._clock.now()
        if not self._settings.rate_limit:
            return
        if now >= self._window_ends:
            self._window_ends = now + self._settings.rate_window_secs
            self._left = self._settings.rate_limit
        if self._left <= 0:
            refuse("10011", wait_secs=self._window_ends - now)
        self._left -= 1

    def admit_dial(self) -> None:
        """Count a dial, or refuse it."""
        now = self._clock.now()
        while self._dials and self._dials[0] <= now - DIAL_WINDOW_SECS:
            self._dials.popleft()
        most = int(self._settings.dials_per_sec * DIAL_WINDOW_SECS)
        if most and len(self._dials) >= most:
            refuse("90103", wait_secs=self._dials[0] + DIAL_WINDOW_SECS - now)
        self._dials.append(now)

    def headers(self) -> dict[str, str]:
        """Return what every answer says of the window."""
        if not self._settings.rate_limit:
            return {}
        return {
            "x-ratelimit-limit": str(self._settings.rate_limit),
            "x-ratelimit-remaining": str(self._left),
            "x-ratelimit-reset": whole(self._window_ends - self._clock.now()),
        }


def whole(secs: float) -> str:
    """Return whole seconds as a header has them: who waits so long has waited long enough."""
    return str(max(0, math.ceil(secs)))
