"""Keeps requests within what Telnyx allows, so that a 429 is rare: the account's window, and dials per second.

Sources: Telnyx's page on rate limiting (x-ratelimit-limit, -remaining, -reset in seconds), and on dials (30 a second
for each account by default, counted over five seconds). Both are the account's: what other processes use is seen in the
remaining count of the window; of dials they say nothing, and a 429 (90103) is then repeated like any other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

import anyio

from worker.telnyx.errors import HeldBackError

#: How many seconds dials are counted over.
DIAL_WINDOW_SECS = 5.0
DIALS_PER_SEC = 30.0
#: However late the deadline around a request is, it is held back no longer than this.
MOST_SECS = 60.0
#: x-ratelimit-reset is in whole seconds: one that ends the window by so much later is of the next window.
_ROUNDING_SECS = 1.0
#: How long a window that nobody has told of yet is believed in.
_GUESS_SECS = 1.0


class Pacer:
    """Holds back requests of one account."""

    def __init__(
        self,
        *,
        dials_per_sec: float = DIALS_PER_SEC,
        most_secs: float = MOST_SECS,
        now: Callable[[], float] = anyio.current_time,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        """Make one that allows everything until an answer tells more.

        Args:
            dials_per_sec: Averaged over five seconds.
            most_secs: The longest that a request is held back.
            now: The clock, seconds.
            sleep: Waits on that clock.
        """
        self._dials_in_window = max(1, int(dials_per_sec * DIAL_WINDOW_SECS))
        #: When the latest dials go out, or went out: those that wait have their turn in it, in the order they came.
        self._dials: deque[float] = deque()
        self._most_secs = most_secs
        self._now = now
        self._sleep = sleep
        self._limit = 0
        #: None until an answer tells.
        self._left: int | None = None
        self._ends_at = 0.0
        self._guessed = False

    async def admit(self, *, dial: bool) -> None:
        """Return when a request may go out.

        Raises:
            HeldBackError: That would be after the deadline of the scope around it, or too late altogether; nothing was
                sent.
        """
        patience = min(self._most_secs, anyio.current_effective_deadline() - anyio.current_time())
        give_up_at = self._now() + patience
        await self._window(give_up_at)
        if dial:
            await self._turn(give_up_at)
            await self._window(give_up_at)
        if self._left is not None:
            self._left -= 1

    def heed(self, header: Callable[[str], str | None]) -> None:
        """Learn from an answer's headers how much is left."""
        limit, left, reset = (_number(header(f"x-ratelimit-{name}")) for name in ("limit", "remaining", "reset"))
        if left is None or reset is None:
            return
        now = self._now()
        ends_at = now + reset
        self._limit = int(limit) if limit else max(self._limit, int(left))
        if self._left is None or now >= self._ends_at or ends_at > self._ends_at + _ROUNDING_SECS:
            self._left, self._ends_at = int(left), ends_at
        else:
            # Answers overtake one another: within a window only the lowest count is true. Its end stays where it was,
            # or a window of one second, which always ends in "1", would never end.
            self._left = min(int(left), self._left)
            if self._guessed or ends_at < self._ends_at - _ROUNDING_SECS:
                self._ends_at = ends_at
        self._guessed = False

    def _window_wait(self, now: float) -> float:
        if self._left is None:
            return 0.0
        if now >= self._ends_at:
            # A new window. Until an answer tells more, it is as large as the last one, so that those who waited for it
            # do not all rush in.
            self._left, self._ends_at, self._guessed = max(1, self._limit), now + _GUESS_SECS, True
        return self._ends_at - now if self._left <= 0 else 0.0

    async def _window(self, give_up_at: float) -> None:
        while (wait := self._window_wait(self._now())) > 0:
            if self._now() + wait > give_up_at:
                raise HeldBackError(wait)
            await self._sleep(wait)

    async def _turn(self, give_up_at: float) -> None:
        """Take the next turn to dial, and wait for it."""
        now = self._now()
        while len(self._dials) > self._dials_in_window and self._dials[0] <= now - DIAL_WINDOW_SECS:
            self._dials.popleft()
        full = len(self._dials) >= self._dials_in_window
        turn = max(now, self._dials[-self._dials_in_window] + DIAL_WINDOW_SECS) if full else now
        if turn > give_up_at:
            raise HeldBackError(turn - now)
        self._dials.append(turn)
        if turn > now:
            try:
                await self._sleep(turn - now)
            except BaseException:
                # It did not go out: the turn is another's.
                self._dials.remove(turn)
                raise


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < 1e9 else None
