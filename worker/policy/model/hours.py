"""Opening hours: a week in a time zone, and the days that differ."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from worker.policy.model.basics import Name

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
#: From the first up to, not including, the second; "24:00" is midnight. One that ends before it begins ends next day.
Span = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        description='a span such as "09:00-17:30"',
    ),
]
Date = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([0-9]{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
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
