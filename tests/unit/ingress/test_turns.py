"""Events that have to follow each other are put into turns, and those of a partition keep their order."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from ingress.envelope import Address, LogEntry
from ingress.log import EventLog, Keys

PARTITIONS = 4
_numbers = itertools.count()


def entry(partition: int) -> LogEntry:
    """Return an entry that falls into *partition*."""
    for number in _numbers:
        made = LogEntry(f"e{number}", Address("default", "call", f"c{number}"), "notice", 0, b"")
        if log().partition_of(made.address) == partition:
            return made
    raise AssertionError("there is always one")


def log() -> EventLog:
    return EventLog(Redis(), Keys(), PARTITIONS)


def test_what_falls_into_one_partition_needs_no_turns() -> None:
    groups = [[entry(1), entry(1)], [entry(1)], [entry(2)]]
    assert [len(turn) for turn in log()._turns(groups)] == [4]


def test_a_decisions_notices_go_one_after_another() -> None:
    first, second, other = entry(0), entry(1), entry(1)
    assert log()._turns([[first, second], [other]]) == [[first], [second, other]]


@given(st.lists(st.lists(st.integers(0, PARTITIONS - 1), max_size=4), max_size=12))
def test_turns_keep_both_orders_and_lose_nothing(wanted: list[list[int]]) -> None:
    groups = [[entry(partition) for partition in group] for group in wanted]
    turns = log()._turns(groups)
    assert all(turns)
    turn_of = {one.event_id: number for number, turn in enumerate(turns) for one in turn}
    place_of = {one.event_id: place for turn in turns for place, one in enumerate(turn)}
    entries = [one for group in groups for one in group]
    assert sorted(turn_of) == sorted(one.event_id for one in entries)
    of = log().partition_of
    for group in groups:
        for before, after in itertools.pairwise(group):
            apart = of(before.address) != of(after.address)
            assert turn_of[before.event_id] + apart <= turn_of[after.event_id]
    for before, after in itertools.combinations(entries, 2):
        if of(before.address) == of(after.address):
            one, other = before.event_id, after.event_id
            assert (turn_of[one], place_of[one]) < (turn_of[other], place_of[other])
