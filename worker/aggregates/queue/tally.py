"""What a queue counts."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec.structs import replace


class Parted(msgspec.Struct, frozen=True, gc=False):
    """A caller who hung up when he may just have met his agent: he is counted as gone until that is heard of."""

    call: str
    number: str
    arrived_ms: int
    since_ms: int
    at_ms: int
    called_back: bool
    #: How he was counted, and whether he was counted among those who left late too.
    end: Literal["abandoned", "short-abandoned"] = "abandoned"
    late: bool = False


class Met(msgspec.Struct, frozen=True, gc=False):
    """That one who had been counted as gone had met his agent, for this offer."""

    offer: str
    at_ms: int


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

    def corrected(self, parted: Parted, waited_ms: int) -> Tally:
        """Return the counts with one as met who was counted as gone. The longest wait stays what it is."""
        was = parted.end.replace("-", "_")
        now = "called_back" if parted.called_back else "answered"
        counts = {was: getattr(self, was) - 1, now: getattr(self, now) + 1}
        return replace(
            self,
            abandoned_late=self.abandoned_late - parted.late,
            wait_total_ms=self.wait_total_ms + waited_ms,
            **counts,
        )

    @property
    def ended(self) -> int:
        """Those who do not wait any more."""
        left = self.overflowed + self.dismissed + self.refused + self.moved
        return self.answered + self.called_back + self.abandoned + self.short_abandoned + left
