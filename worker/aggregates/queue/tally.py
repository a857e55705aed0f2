"""What a queue counts."""

from __future__ import annotations

import msgspec


class Tally(msgspec.Struct, frozen=True, gc=False):
    """Counts since the log began. offered = the ends together + those who wait; each caller ends once."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    overflowed: int = 0
    dismissed: int = 0
    refused: int = 0
    moved: int = 0
    #: Of the answered those whose wait was within the threshold of that moment's policy, and of the abandoned those
    #: whose wait was longer.
    answered_in_time: int = 0
    abandoned_late: int = 0
    #: Answered by being called back.
    called_back: int = 0
    #: Offers made, and callers who got their place back.
    offers: int = 0
    resumed: int = 0
    #: Of the answered, and the longest of all.
    wait_total_ms: int = 0
    longest_wait_ms: int = 0
    #: From a connection until the agent is free again: a mean that follows the last ones. 0: nothing is known.
    handling_ms: int = 0

    @property
    def ended(self) -> int:
        """Those who do not wait any more."""
        left = self.overflowed + self.dismissed + self.refused + self.moved
        return self.answered + self.called_back + self.abandoned + self.short_abandoned + left
