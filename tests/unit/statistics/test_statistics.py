"""Statistics: days of 23 and 25 hours, each figure by its formula, and the same figures counted naively."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from worker.records import model as m
from worker.records.book import Standing
from worker.statistics.compute import agent_figures, queue_figures
from worker.statistics.intervals import Step, intervals_of

BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2026, 11, 20)
BEGIN_MS = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp() * 1000)
HOUR_MS = 3_600_000
THRESHOLD_MS = 20_000
ENDS: tuple[m.StayEnd, ...] = (
    "waiting", "answered", "abandoned", "short-abandoned", "overflowed", "timed-out", "refused", "dismissed", "moved",
    "unreached",
)  # fmt: skip


def stay(at_ms: int, end: m.StayEnd, waited_ms: int, queue: str = "support") -> m.Stay:
    return m.Stay(queue, at_ms, at_ms, end, left_ms=at_ms + waited_ms, waited_ms=waited_ms)


def record(number: int, stays: tuple[m.Stay, ...], **more: object) -> m.InteractionRecord:
    whole = m.InteractionRecord(
        id=f"r{number}", revision=1, tenant="t", call=f"c{number}", legs=(), number="", dialled="", rang_ms=0,
        answered_ms=None, ended_ms=0, result="ended", ended_by="caller", cause="", goals=(), stays=stays, offers=(),
        conversations=(), deeds=(), recordings=(),
    )  # fmt: skip
    return replace(whole, **more)


def test_a_conversation_with_who_was_handed_the_caller_counts_for_the_stay_and_for_that_agent() -> None:
    talks = tuple(
        m.Conversation(offer, "support", agent, at_ms, at_ms + 500, 500, 0, 0, 100)
        for offer, agent, at_ms in (("o1", "bob", BEGIN_MS + 100), ("room/colleague:1", "carol", BEGIN_MS + 600))
    )
    offer = m.OfferMade("o1", "support", "bob", BEGIN_MS, "connected")
    one = record(1, (stay(BEGIN_MS, "answered", 100),), offers=(offer,), conversations=talks)
    hours = intervals_of(DAY, DAY, "day", ZoneInfo("UTC"))
    (figures,) = queue_figures([one], hours, THRESHOLD_MS).values()
    assert (figures.answered, figures.offers, figures.conversations, figures.talk_ms) == (1, 1, 2, 1_000)
    agents = {cell.name: each for cell, each in agent_figures([one], (), hours, BEGIN_MS).items()}
    assert (agents["carol"].offers, agents["carol"].conversations, agents["carol"].wrap_up_ms) == (0, 1, 100)


def test_a_day_has_23_hours_when_the_clocks_go_forward_and_25_when_they_go_back() -> None:
    assert len(intervals_of(date(2026, 3, 29), date(2026, 3, 29), "hour", BERLIN).all) == 23
    back = intervals_of(date(2026, 10, 25), date(2026, 10, 25), "hour", BERLIN).all
    assert [each.label[11:] for each in back[1:4]] == ["01:00+02:00", "02:00+02:00", "02:00+01:00"]
    assert len(back) == 25
    (day,) = intervals_of(date(2026, 10, 25), date(2026, 10, 25), "day", BERLIN).all
    assert day.to_ms - day.from_ms == 25 * HOUR_MS
    assert len(intervals_of(date(2026, 10, 25), date(2026, 10, 25), "15min", BERLIN).all) == 100


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Asuncion"]),
    st.dates(date(2023, 1, 1), date(2026, 12, 31)),
    st.sampled_from(["15min", "hour", "day"]),
)
def test_intervals_are_the_whole_time_and_no_moment_is_in_two(zone: str, day: date, step: Step) -> None:
    found = intervals_of(day, day, step, ZoneInfo(zone))
    for one, next_one in zip(found.all, found.all[1:], strict=False):
        assert one.to_ms == next_one.from_ms
        assert found.of(one.to_ms - 1) is one
        assert found.of(one.to_ms) is next_one
    assert found.of(found.all[0].from_ms - 1) is None
    assert found.of(found.all[-1].to_ms) is None


def test_the_formulas_of_a_queue() -> None:
    stays = [("answered", 10_000), ("answered", 30_000), ("abandoned", 15_000), ("abandoned", 25_000),
             ("short-abandoned", 2_000), ("overflowed", 60_000)]  # fmt: skip
    records = [record(n, (stay(BEGIN_MS + n, end, ms),)) for n, (end, ms) in enumerate(stays)]  # type: ignore[arg-type]
    intervals = intervals_of(DAY, DAY, "day", ZoneInfo("UTC"))
    (figures,) = queue_figures(records, intervals, THRESHOLD_MS).values()
    assert figures.offered == 6
    assert figures.service_level == 1 / 3
    assert figures.service_level_all == 1 / 5
    assert figures.asa_ms == 20_000
    assert figures.abandonment == 2 / 6
    assert figures.longest_wait_ms == 60_000


def test_a_stay_is_counted_by_the_threshold_that_its_queue_had_unless_another_is_asked_for() -> None:
    stays = [replace(stay(BEGIN_MS + n, "answered", 15_000), threshold_ms=ms) for n, ms in enumerate((10_000, 30_000))]
    records = [record(n, (each,)) for n, each in enumerate(stays)]
    intervals = intervals_of(DAY, DAY, "day", ZoneInfo("UTC"))
    (figures,) = queue_figures(records, intervals).values()
    assert (figures.service_level, figures.threshold_ms) == (1 / 2, None)
    (figures,) = queue_figures(records[:1], intervals).values()
    assert (figures.service_level, figures.threshold_ms) == (0, 10_000)
    (figures,) = queue_figures(records, intervals, 15_000).values()
    assert (figures.service_level, figures.threshold_ms) == (1, 15_000)
    (figures,) = queue_figures([record(1, (stay(BEGIN_MS, "answered", 20_000),))], intervals).values()
    assert (figures.service_level, figures.threshold_ms) == (1, 20_000)


def test_of_two_changes_in_one_moment_the_later_one_counts_in_whatever_order_they_come() -> None:
    at_ms = BEGIN_MS + 1
    changes = [
        m.AgentStateChange("1", "t", "alice", at_ms, "reserved", "available", BEGIN_MS),
        m.AgentStateChange("2", "t", "alice", at_ms, "busy", "reserved", at_ms),
    ]
    intervals = intervals_of(DAY, DAY, "day", ZoneInfo("UTC"))
    for order in (changes, changes[::-1]):
        (figures,) = agent_figures(order, [], intervals, at_ms + 7).values()
        assert (figures.available_ms, figures.reserved_ms, figures.busy_ms) == (1, 0, 7)


def test_a_later_revision_replaces_the_earlier_one_in_whatever_order_they_come() -> None:
    first = record(1, (stay(BEGIN_MS, "answered", 1_000),))
    second = record(1, (stay(BEGIN_MS, "abandoned", 1_000),), revision=2)
    intervals = intervals_of(DAY, DAY, "day", ZoneInfo("UTC"))
    for records in ([first, second], [second, first, second]):
        (figures,) = queue_figures(records, intervals, THRESHOLD_MS).values()
        assert (figures.offered, figures.answered, figures.abandoned) == (1, 0, 1)


def test_an_agents_time_is_cut_at_the_ends_of_intervals_and_what_goes_on_counts_up_to_now() -> None:
    changes = [
        m.AgentStateChange("1", "t", "alice", BEGIN_MS + 30 * 60_000, "available", "offline", BEGIN_MS),
        m.AgentStateChange("2", "t", "alice", BEGIN_MS + 90 * 60_000, "busy", "available", BEGIN_MS + 30 * 60_000),
    ]
    standing = Standing("t", "bob", "paused", BEGIN_MS)
    intervals = intervals_of(DAY, DAY, "hour", ZoneInfo("UTC"))
    found = agent_figures(changes, [standing], intervals, BEGIN_MS + 2 * HOUR_MS)
    of = {(cell.name, cell.interval.from_ms): figures for cell, figures in found.items()}
    assert of["alice", BEGIN_MS].available_ms == 30 * 60_000
    assert of["alice", BEGIN_MS].offline_ms == 30 * 60_000
    assert of["alice", BEGIN_MS + HOUR_MS].busy_ms == 30 * 60_000
    assert of["alice", BEGIN_MS + HOUR_MS].occupancy == 0.5
    assert of["bob", BEGIN_MS + HOUR_MS].paused_ms == HOUR_MS
    assert of["bob", BEGIN_MS + HOUR_MS].utilisation == 0
    assert ("bob", BEGIN_MS + 2 * HOUR_MS) not in of


@given(
    st.lists(
        st.tuples(
            st.integers(0, 30 * HOUR_MS), st.sampled_from(ENDS), st.integers(0, 60_000), st.sampled_from(["a", "b"])
        ),
        max_size=40,
    ),
    st.sampled_from(["15min", "hour", "day"]),
)
def test_each_figure_is_what_counting_one_by_one_gives(
    stays: list[tuple[int, m.StayEnd, int, str]], step: Step
) -> None:
    records = [record(n, (stay(BEGIN_MS + at, end, ms, q),)) for n, (at, end, ms, q) in enumerate(stays)]
    intervals = intervals_of(DAY, DAY, step, ZoneInfo("UTC"))
    found = queue_figures(records, intervals, THRESHOLD_MS)
    for interval in intervals.all:
        for queue in ("a", "b"):
            here = [s for s in stays if interval.from_ms <= BEGIN_MS + s[0] < interval.to_ms and s[3] == queue]
            cells = [f for cell, f in found.items() if cell.interval is interval and cell.name == queue]
            assert len(cells) == (1 if here else 0)
            for figures in cells:
                counts = {end: sum(1 for s in here if s[1] == end) for end in ENDS}
                assert {end: getattr(figures, end.replace("-", "_")) for end in ENDS} == counts
                assert figures.offered == len(here) == sum(counts.values())
                assert figures.answered_in == sum(1 for s in here if s[1] == "answered" and s[2] <= THRESHOLD_MS)
                assert figures.wait_ms == sum(s[2] for s in here if s[1] == "answered")
