"""A caller who hangs up as he meets his agent: counted the same whatever the queue hears of first."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from worker.aggregates.queue.tally import Tally
from worker.commands import command as c
from worker.events import notices as n
from worker.events.outcomes import Observed, ParticipantsSeen
from worker.policy.model import Queue
from worker.testing.line import OneQueue


def assigned(secs: float, rules: Queue) -> tuple[OneQueue, n.Connected]:
    """Return a queue whose caller is on the way to an agent after so long, and what will be told of their meeting."""
    line = OneQueue(rules)
    line.come("c1", number="+15550100")
    line.advance(secs)
    line.free("ann")
    line.accept("ann")
    met = n.Connected(line.open("ann"), "c1", line.now_ms)
    line.now_ms += 500
    return line, met


def left(line: OneQueue, met: n.Connected) -> None:
    """The caller's end is told by all who tell of it."""
    line.hear(n.CallerGone("c1", line.now_ms))
    line.hear(n.CallerLeft(met.offer, "c1", line.now_ms))


def without_longest(tally: Tally) -> Tally:
    """Return a tally without the longest wait, which the end of the leg may have set."""
    return replace(tally, longest_wait_ms=0)


@pytest.mark.parametrize("secs", [1, 10, 30])
def test_whether_the_meeting_or_the_end_is_heard_of_first_is_all_the_same(secs: float) -> None:
    rules = Queue(service_level_secs=20, short_abandon_secs=5, resume_secs=60, max_wait_secs=600)
    in_order, met = assigned(secs, rules)
    in_order.hear(met)
    left(in_order, met)
    crossed, met = assigned(secs, rules)
    left(crossed, met)
    gone = crossed.state.tally
    assert (gone.answered, gone.abandoned + gone.short_abandoned) == (0, 1)
    crossed.hear(met)
    assert without_longest(crossed.state.tally) == without_longest(in_order.state.tally)
    assert (crossed.state.tally.answered, crossed.state.tally.ended) == (1, 1)
    assert crossed.state.tally.answered_in_time == (secs <= 20)
    assert crossed.state.tally.abandoned_late == 0


def test_a_meeting_that_is_told_again_counts_once() -> None:
    line, met = assigned(10, Queue())
    left(line, met)
    for _ in range(3):
        line.hear(met)
    assert (line.state.tally.answered, line.state.tally.abandoned, line.state.parted) == (1, 0, {})


def test_who_had_met_his_agent_has_no_place_to_come_back_to() -> None:
    line, met = assigned(10, Queue(resume_secs=60))
    left(line, met)
    assert line.state.lapsed
    line.hear(met)
    assert not line.state.lapsed
    line.come("c2", number="+15550100")
    assert line.state.tally.resumed == 0


def test_who_never_met_anybody_has_given_up() -> None:
    line, met = assigned(10, Queue())
    left(line, met)
    line.hear(n.Connected("another-offer", "c1", line.now_ms))
    assert (line.state.tally.answered, line.state.tally.abandoned) == (0, 1)


def test_those_who_may_have_met_their_agents_are_not_remembered_for_ever() -> None:
    line, met = assigned(10, Queue())
    left(line, met)
    line.advance(600)
    line.come("c2")
    line.free("ann")
    line.accept("ann")
    line.go("c2")
    assert met.offer not in line.state.parted
    assert len(line.state.parted) == 1


@pytest.mark.parametrize("secs", [1, 30])
def test_who_meets_his_agent_while_the_join_is_taken_back_was_answered_whatever_becomes_of_him(secs: float) -> None:
    line, met = assigned(secs, Queue(service_level_secs=20, connect_secs=5, max_attempts=1))
    line.advance(5)
    looked = Observed("look", c.ReadParticipants("room-ann"), ParticipantsSeen(()))
    line.tell(looked)
    assert line.with_agent("ann").offers[0].step == "undoing"
    line.hear(met)
    assert line.with_agent("ann").offers[0].step == "undoing"
    line.hear(n.Disconnected(met.offer, "c1"))
    assert [(call, went.reason) for call, went in line.sent_on()] == [("c1", "failed")]
    tally = line.state.tally
    assert (tally.answered, tally.dismissed, tally.answered_in_time) == (1, 0, secs <= 20)
