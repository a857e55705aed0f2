"""The circuit of one account: while Telnyx does not answer, its requests wait, and one at a time finds out.

Without it, every caller of the account has a request of his own run into its deadline, again and again, and the first
thing that a recovering Telnyx sees is all of them at once.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Literal

import anyio

from worker.telnyx.errors import ApiError, HeldBackError, NetworkError, TelnyxError, UnsendableError, error_class

#: So many requests in a row without an answer, or with a 5xx, open the circuit.
FAILURES = 5
#: Before a probe: up to the first at first, then twice as much after each one that fails, up to the second.
PAUSE_SECS = (0.5, 5.0)
#: A refused account is asked again so often at most.
REFUSED_SECS = 30.0
#: Codes of a 403 that is about the account (inactive, blocked) and not about what it asked for.
_ACCOUNT_CODES = frozenset({"20012", "20013"})

Verdict = Literal["works", "fails", "refused", "none"]


class Circuit(Enum):
    """Whether requests go out; the values are those of the metric."""

    CLOSED = 0
    #: One is under way, by whose end it is judged whether Telnyx works again.
    HALF_OPEN = 1
    OPEN = 2


class Breaker:
    """The circuit. `admit` comes before each request, `learn` after it."""

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        pause_secs: tuple[float, float] = PAUSE_SECS,
        refused_secs: float = REFUSED_SECS,
        changed: Callable[[Circuit, TelnyxError | None], None] = lambda _circuit, _error: None,
        jitter: random.Random | None = None,
        now: Callable[[], float] = anyio.current_time,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        """Make one that is closed.

        Args:
            failures: So many in a row open it.
            pause_secs: The bounds of the pause before a probe: the first one's, and the longest.
            refused_secs: The longest pause after an answer that refuses the account.
            changed: Told of each change; with the error that opened it.
            jitter: Chance for the pauses, which are between half their bound and all of it.
            now: The clock, seconds.
            sleep: Waits on that clock.
        """
        self.state = Circuit.CLOSED
        self._most_failures = failures
        self._pause_secs = pause_secs
        self._refused_secs = refused_secs
        self._changed = changed
        self._jitter = jitter or random.Random()
        self._now = now
        self._sleep = sleep
        #: How many requests have failed in a row: while it is open, only the probes are counted, and the pause grows.
        self.failed = 0
        self._pause = 0.0
        self._until = 0.0
        #: The answer that refused the account: while it stands, nobody waits.
        self._refusal: ApiError | None = None
        #: Who waits, in order. The first sleeps through the pause and makes the probe, the others wait for him.
        self._line: OrderedDict[anyio.Event, None] = OrderedDict()

    async def admit(self) -> bool:
        """Return when a request may be made; True: it is the probe. What comes of it is to be told by `learn`.

        Raises:
            ApiError: The account is refused, and it is not yet time to ask again: nothing is to be sent.
        """
        while self.state is not Circuit.CLOSED:
            if self._refusal is not None:
                self._ask_again(self._refusal)
                return True
            ticket = anyio.Event()
            self._line[ticket] = None
            try:
                if self.state is Circuit.HALF_OPEN or next(iter(self._line)) is not ticket:
                    await ticket.wait()
                if ticket in self._line:
                    # Nothing but a probe changes an open circuit, and nobody but the first in the line makes one.
                    await self._sleep(max(0.0, self._until - self._now()))
                    self._become(Circuit.HALF_OPEN, None)
                    return True
            finally:
                self._line.pop(ticket, None)
                if self.state is Circuit.OPEN:
                    self._call_first()
        return False

    def _ask_again(self, refusal: ApiError) -> None:
        """Make the one who comes when it is time the probe; send everybody else away."""
        if self.state is Circuit.HALF_OPEN or self._now() < self._until:
            told = f"not sent, for the account was refused before: {refusal.detail or refusal.title}"
            raise error_class(refusal.status)(refusal.status, refusal.code, refusal.title, told)
        self._become(Circuit.HALF_OPEN, None)

    def learn(self, verdict: Verdict, error: TelnyxError | None, *, probe: bool) -> None:
        """Learn from the end of a request that was admitted (as the *probe*): its verdict, and the error if any."""
        if not probe and self.state is not Circuit.CLOSED:
            # It was under way when the circuit opened: the probe, which is younger, knows better.
            return
        match verdict:
            case "works":
                self.failed = 0
                if probe:
                    self._refusal = None
                    self._become(Circuit.CLOSED, None)
                    self._let_go()
            case "fails":
                self.failed += 1
                if probe or self.failed >= self._most_failures:
                    self._refusal = None
                    least, most = self._pause_secs
                    # The bound is reached long before the twentieth; 2**1100 is no float.
                    growth = min(max(0, self.failed - self._most_failures), 20)
                    self._open(min(most, least * 2**growth), error)
            case "refused":
                self._refusal = error if isinstance(error, ApiError) else None
                self._open(self._refused_secs, error)
                self._let_go()
            case "none" if probe:
                # It was cut off, or held back before it was sent.
                self._open(self._pause, None)

    def _open(self, pause: float, error: TelnyxError | None) -> None:
        self._pause = pause
        self._until = self._now() + self._jitter.uniform(pause / 2, pause)
        self.failed = max(self.failed, self._most_failures)
        self._become(Circuit.OPEN, error)
        self._call_first()

    def _become(self, state: Circuit, error: TelnyxError | None) -> None:
        self.state = state
        self._changed(state, error)

    def _call_first(self) -> None:
        for ticket in self._line:
            ticket.set()
            return

    def _let_go(self) -> None:
        """Wake everybody who waits; each sees for himself why."""
        line, self._line = self._line, OrderedDict()
        for ticket in line:
            ticket.set()


def judged(error: TelnyxError) -> Verdict:
    """Return what the end of a request by *error* says of Telnyx: any answer but a 5xx says that it works."""
    match error:
        case HeldBackError() | UnsendableError():
            return "none"
        case NetworkError():
            return "fails"
        case ApiError(status=status, code=code):
            if status == 401 or (status == 403 and code in _ACCOUNT_CODES):
                return "refused"
            return "fails" if status >= 500 else "works"
        case _:
            return "works"
