"""What a wallboard shows and aggregates keep for it: since when an agent is what he is, and who was served in time."""

from __future__ import annotations

from worker.testing.centre import Centre


def test_an_agent_knows_since_when_he_is_what_he_is(centre: Centre) -> None:
    centre.agent_up("alice")
    up_ms = centre.now_ms
    centre.advance(7)
    assert (centre.agent("alice").duty, centre.agent("alice").since_ms) == ("available", up_ms)
    centre.ring("c1")
    centre.join("c1")
    centre.advance(3)
    busy = centre.agent("alice")
    assert (busy.duty, busy.since_ms) == ("busy", busy.busy_since_ms)
    centre.hang_up("c1", "room-alice")
    assert (centre.agent("alice").duty, centre.agent("alice").since_ms) == ("wrapping-up", centre.now_ms)


def test_who_is_answered_within_the_threshold_is_counted_once_as_in_time(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.ring("c1")
    centre.ring("c2")
    centre.join("c1")
    assert (centre.queue().tally.answered, centre.queue().tally.answered_in_time) == (1, 1)
    centre.advance(30)
    centre.hang_up("c1", "room-alice")
    centre.advance(6)
    centre.join("c2")
    centre.hang_up("c2", "room-alice")
    centre.advance(6)
    assert (centre.queue().tally.answered, centre.queue().tally.answered_in_time) == (2, 1)


def test_who_hangs_up_after_the_threshold_is_counted_as_abandoned_late(centre: Centre) -> None:
    for call, secs in (("c1", 2), ("c2", 10), ("c3", 21)):
        centre.ring(call)
        centre.advance(secs)
        centre.hang_up(call)
    tally = centre.queue().tally
    assert (tally.short_abandoned, tally.abandoned, tally.abandoned_late) == (1, 2, 1)
