"""Opening hours: a week in a time zone, and the days that differ."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec

from worker.policy.model.basics import Name

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
#: From the first up to, not including, the second; "24:00" is midnight. One that ends before it begins ends next day.
Span = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$(?!\n)",
        description='a span such as "09:00-17:30"',
    ),
]
Date = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([0-9]{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$(?!\n)",
        description='a date such as "2026-12-24", or "12-25" for every year',
    ),
]


class Hours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When something is open."""

    #: A name of the tz database.
    zone: Name = "UTC"
    week: dict[Day, tuple[Span, ...]] = {}
    #: Days with other spans; with none it is closed all day.
    holidays: dict[Date, tuple[Span, ...]] = {}


DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def is_open(hours: Hours, at_ms: int) -> bool:
    """Return whether *hours* are open at a moment (Unix ms), by the clocks on the wall of their zone.

    A span that begins on one day and ends on the next belongs to the day on which it begins, so that a holiday does
    not cut short the night before it. Of an hour that comes twice in autumn both are open.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: There is no such zone.
    """
    local = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(hours.zone))
    clock = local.strftime("%H:%M")
    for begin, end in _spans(hours, local.date()):
        if begin <= clock and (clock < end or end <= begin):
            return True
    return any(end <= begin and clock < end for begin, end in _spans(hours, local.date() - timedelta(days=1)))


def _spans(hours: Hours, day: date) -> Iterator[tuple[str, str]]:
    of_year, of_any_year = day.isoformat(), f"{day:%m-%d}"
    spans = hours.holidays.get(of_year, hours.holidays.get(of_any_year))
    for span in hours.week.get(DAYS[day.weekday()], ()) if spans is None else spans:
        begin, _, end = span.partition("-")
        yield begin, end
