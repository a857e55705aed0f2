"""Intervals of a report: days of a time zone, and hours and quarters of an hour in them.

A day is from midnight to midnight by the clocks on the wall: 23 or 25 hours where they are changed. Hours and quarters
are counted from midnight and are as long as they say, so that all intervals together are the whole time, and no moment
is in two.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

Step = Literal["15min", "hour", "day"]
STEP_MS: dict[Step, int] = {"15min": 900_000, "hour": 3_600_000, "day": 90_000_000}


class Interval(msgspec.Struct, frozen=True):
    """From a moment (Unix ms) up to, not including, another; `label` is the beginning on the wall, with its offset."""

    from_ms: int
    to_ms: int
    label: str


class Intervals:
    """The intervals of some days, in order and without gaps."""

    def __init__(self, intervals: Sequence[Interval]) -> None:
        self.all = tuple(intervals)
        self._begins = [interval.from_ms for interval in self.all]

    def of(self, at_ms: int) -> Interval | None:
        """Return the interval that a moment is in, if it is in any."""
        index = bisect_right(self._begins, at_ms) - 1
        return self.all[index] if index >= 0 and at_ms < self.all[index].to_ms else None

    def within(self, from_ms: int, to_ms: int) -> Iterator[tuple[Interval, int]]:
        """Yield the intervals that a span of time touches, each with how much of it is inside (ms)."""
        index = max(0, bisect_right(self._begins, from_ms) - 1)
        for interval in self.all[index:]:
            if interval.from_ms >= to_ms:
                return
            inside_ms = min(to_ms, interval.to_ms) - max(from_ms, interval.from_ms)
            if inside_ms > 0:
                yield interval, inside_ms


def intervals_of(first: date, last: date, step: Step, zone: ZoneInfo) -> Intervals:
    """Return the intervals from the beginning of one day to the end of another, that day included."""
    found: list[Interval] = []
    day = first
    while day <= last:
        begin_ms, end_ms = midnight_ms(day, zone), midnight_ms(day + timedelta(days=1), zone)
        while begin_ms < end_ms:
            to_ms = min(begin_ms + STEP_MS[step], end_ms)
            label = datetime.fromtimestamp(begin_ms / 1000, zone).isoformat(timespec="minutes")
            found.append(Interval(begin_ms, to_ms, label))
            begin_ms = to_ms
        day += timedelta(days=1)
    return Intervals(found)


def midnight_ms(day: date, zone: ZoneInfo) -> int:
    """Return when a day begins; where the clocks pass over midnight, the first moment after it."""
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)
