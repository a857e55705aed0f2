"""When opening hours are open."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from worker.policy.model import Hours, is_open

SHOP = Hours(
    "Europe/Vienna",
    {"mon": ("09:00-12:00", "13:00-17:30"), "fri": ("22:00-02:00",), "sun": ("00:00-24:00",)},
    {"12-25": (), "2026-11-23": ("10:00-11:00",), "11-23": (), "2026-11-27": ()},
)


def at(text: str, zone: str = "Europe/Vienna", *, fold: int = 0) -> int:
    """Return a local time as Unix ms."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp() * 1000)


@pytest.mark.parametrize(
    ("when", "is_so"),
    [
        ("2026-11-16T08:59:59", False),
        ("2026-11-16T09:00", True),
        ("2026-11-16T12:00", False),
        ("2026-11-16T17:29:59", True),
        ("2026-11-17T10:00", False),
        ("2026-11-22T00:00", True),
        ("2026-11-22T23:59:59", True),
    ],
)
def test_it_is_open_from_the_first_time_up_to_the_second(when: str, is_so: bool) -> None:
    assert is_open(SHOP, at(when)) is is_so


def test_a_span_over_midnight_goes_on_the_next_day_and_no_longer() -> None:
    assert is_open(SHOP, at("2026-11-20T23:00"))
    assert is_open(SHOP, at("2026-11-21T01:59"))
    assert not is_open(SHOP, at("2026-11-21T02:00"))
    assert not is_open(SHOP, at("2026-11-20T01:00"))


def test_a_holiday_has_its_own_spans_and_its_year_goes_before_any_year() -> None:
    assert not is_open(SHOP, at("2028-12-25T10:00"))
    assert is_open(SHOP, at("2026-11-23T10:30"))
    assert not is_open(SHOP, at("2026-11-23T13:30"))
    assert not is_open(SHOP, at("2026-11-28T01:00"))


def test_a_holiday_leaves_the_night_before_it_whole() -> None:
    hours = Hours("UTC", {"thu": ("22:00-02:00",)}, {"2026-11-27": ()})
    assert is_open(hours, at("2026-11-27T01:00", "UTC"))


def test_the_clock_on_the_wall_counts_in_summer_and_winter() -> None:
    night = Hours("Europe/Vienna", {"sun": ("02:00-03:00",)})
    assert is_open(night, at("2026-10-25T02:30"))
    assert is_open(night, at("2026-10-25T02:30", fold=1))
    assert not is_open(night, at("2026-10-25T03:00"))
    begins = at("2026-03-29T01:59:59")
    assert not is_open(night, begins)
    assert not is_open(night, begins + 1_000)
