"""How long an own rule may take: one that hangs must not stop the partitions, nor the lease be lost over it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from worker.runtime.clock import monotonic

#: A rule ought to take less than a millisecond; a machine may be busy, and Python collect its garbage.
LIMIT_SECS = 0.25
#: A rule that took longer is not asked for so long: events come by hundreds.
OFF_SECS = 60.0


class TooSlowError(Exception):
    """Raised in a rule that takes too long, and instead of asking it for a while afterwards."""


class RuleLimit:
    """Interrupts rules by SIGALRM, so for the main thread of a process that uses the signal for nothing else.

    What it cannot interrupt is one long call into C that never looks at signals.
    """

    def __init__(self, limit_secs: float = LIMIT_SECS, off_secs: float = OFF_SECS) -> None:
        self._limit_secs = limit_secs
        self._off_secs = off_secs
        self._asking = False
        #: Until when (monotonic) rules are not asked.
        self._off: dict[str, float] = {}
        signal.signal(signal.SIGALRM, self._interrupt)

    @contextmanager
    def within(self, rule: str) -> Iterator[None]:
        """Let the block, in which *rule* is asked, take so long and no longer.

        Raises:
            TooSlowError: It took longer, or did lately.
        """
        if monotonic() < self._off.get(rule, 0.0):
            raise TooSlowError(f"it took more than {self._limit_secs:g} s lately, and is not asked for a while")
        self._asking = True
        # Again and again: the rule may catch what is raised in it.
        signal.setitimer(signal.ITIMER_REAL, self._limit_secs, self._limit_secs)
        try:
            yield
        except TooSlowError:
            self._off[rule] = monotonic() + self._off_secs
            raise
        finally:
            self._asking = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self._asking:
            raise TooSlowError(f"it took more than {self._limit_secs:g} s")
