"""Keeps requests within what Telnyx allows, so that a 429 is rare: the account's window, and dials per second.

Sources: Telnyx's page on rate limiting (x-ratelimit-limit, -remaining, -reset in seconds), and on dials (30 a second
for each account by default, counted over five seconds). Both are the account's: what other processes use is seen in the
remaining count of the window; of dials they say nothing, and a 429 (90103) is then repeated like any other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import anyio

from worker.telnyx.errors import RateLimitedError

#: How many seconds dials are counted over.
DIAL_WINDOW_SECS = 5.0
DIALS_PER_SEC = 30.0


class Pacer:
    """Holds back requests of one account."""

    def __init__(self, *, dials_per_sec: float = DIALS_PER_SEC) -> None:
        self._dials_in_window = max(1, int(dials_per_sec * DIAL_WINDOW_SECS))
        self._dials: deque[float] = deque()
        self._limit = 0
        self._left: int | None = None
        self._resets_at = 0.0

    async def admit(self, *, dial: bool) -> None:
        """Return when a request may go out.

        Raises:
            RateLimitedError: That would be after the deadline of the scope around it; nothing was sent.
        """
        while True:
            now = anyio.current_time()
            wait = max(self._window_wait(now), self._dial_wait(now) if dial else 0.0)
            if wait <= 0:
                break
            if now + wait > anyio.current_effective_deadline():
                raise RateLimitedError(429, "", "Not sent", f"the account's limit is used up for {wait:.1f} s more")
            await anyio.sleep(wait)
        if self._left is not None:
            self._left -= 1
        if dial:
            self._dials.append(now)

    def heed(self, header: Callable[[str], str | None]) -> None:
        """Learn from an answer's headers how much is left."""
        limit, left, reset = (_number(header(f"x-ratelimit-{name}")) for name in ("limit", "remaining", "reset"))
        if left is None or reset is None:
            return
        now = anyio.current_time()
        # Answers overtake one another: within a window only the lowest count is true.
        within = self._left is not None and now < self._resets_at
        self._left = min(int(left), self._left) if within and self._left is not None else int(left)
        self._resets_at = now + reset
        self._limit = int(limit) if limit is not None else self._limit

    def _window_wait(self, now: float) -> float:
        if self._left is None:
            return 0.0
        if now >= self._resets_at:
            # A new window: as large as the last one was, until an answer tells more.
            self._left = self._limit or None
            self._resets_at = float("inf")
            return 0.0
        return self._resets_at - now if self._left <= 0 and self._resets_at != float("inf") else 0.0

    def _dial_wait(self, now: float) -> float:
        while self._dials and self._dials[0] <= now - DIAL_WINDOW_SECS:
            self._dials.popleft()
        if len(self._dials) < self._dials_in_window:
            return 0.0
        return self._dials[0] + DIAL_WINDOW_SECS - now


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < 1e9 else None
