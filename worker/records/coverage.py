"""How much of the time the records of one place are of: what they leave out is said, and never passed over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from worker.records.book import LONGEST_MS

#: A recorder that is no further behind than this is well.
WELL_MS = 60_000


class Gap(msgspec.Struct, frozen=True, order=True):
    """Of these events (log's time, ms) nothing is in the records; `partition` is None where it is of all."""

    after_ms: int
    upto_ms: int
    partition: int | None = None


class Coverage(msgspec.Struct, frozen=True):
    """What the records of one place are of."""

    #: The moment up to which the log is in them; None: nothing is.
    reached_ms: int | None
    #: When the newest record was written of those that are there no more; None: all are there.
    dropped_ms: int | None = None
    gaps: Sequence[Gap] = ()

    def lacks(self, from_ms: int, to_ms: int) -> Iterator[str]:
        """Say what is missing of a span of time, a sentence for each."""
        if self.dropped_ms is not None and self.dropped_ms >= from_ms:
            yield f"records that were written up to {moment(self.dropped_ms)} are not kept any more"
        for gap in sorted(self.gaps):
            if gap.after_ms < to_ms and gap.upto_ms >= from_ms:
                where = "" if gap.partition is None else f" of partition {gap.partition}"
                since = f"from {moment(gap.after_ms)} " if gap.after_ms else ""
                yield f"what happened {since}up to {moment(gap.upto_ms)}{where} is in no record"

    def behind(self, to_ms: int, now_ms: int) -> Iterator[str]:
        """Say up to when the records go, where they should go further: whoever writes them is late, or away."""
        if self.reached_ms is not None and self.reached_ms + WELL_MS < min(to_ms, now_ms):
            yield f"the records go up to {moment(self.reached_ms)}: what has happened since is not counted"


def lost_records(after_ms: int, upto_ms: int) -> Gap:
    """Return the gap that is left by records that were written in that time: they tell of what was before."""
    return Gap(max(0, after_ms - LONGEST_MS), upto_ms)


def moment(ms: int) -> str:
    """Return Unix milliseconds as UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
