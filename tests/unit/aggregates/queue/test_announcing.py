"""What waiting callers hear, and when."""

from __future__ import annotations

from worker.events import notices as n
from worker.policy.model import Announcements, Queue
from worker.testing.line import OneQueue

POSITION = "You are {position}."


def announced(line: OneQueue, call: str) -> None:
    """The call has let its caller hear all of the announcement."""
    saying = line.caller(call).saying
    assert saying is not None
    line.hear(n.Announced(call, saying))


def test_positions_are_said_first_and_then_at_intervals() -> None:
    line = OneQueue(Queue(announcements=Announcements(30, 10, POSITION)))
    line.come("c1")
    line.come("c2")
    line.advance(9)
    assert not line.heard()
    line.advance(2)
    assert line.heard() == [("You are 1.",), ("You are 2.",)]
    announced(line, "c1")
    announced(line, "c2")
    line.go("c1")
    line.advance(30)
    assert line.heard()[2:] == [("You are 1.",)]


def test_nothing_is_said_over_what_is_still_heard() -> None:
    line = OneQueue(Queue(announcements=Announcements(10, 10, POSITION)))
    line.come("c1")
    line.advance(25)
    assert len(line.heard()) == 1
    announced(line, "c1")
    line.advance(10)
    assert len(line.heard()) == 2


def test_an_announcement_of_which_nothing_is_heard_does_not_silence_the_queue_for_ever() -> None:
    line = OneQueue(Queue(announcements=Announcements(10, 10, POSITION), max_wait_secs=600))
    line.come("c1")
    line.advance(100)
    assert len(line.heard()) > 1


def test_comfort_is_said_in_turn() -> None:
    line = OneQueue(Queue(announcements=Announcements(10, 10, None, None, ("One.", "Two."))))
    line.come("c1")
    for _ in range(3):
        line.advance(11)
        announced(line, "c1")
    assert line.heard() == [("One.",), ("Two.",), ("One.",)]


def test_nothing_is_said_to_who_is_with_an_agent() -> None:
    line = OneQueue(Queue(announcements=Announcements(10, 10, POSITION)))
    line.free("ann")
    line.come("c1")
    line.accept("ann")
    line.advance(9)
    line.hear(n.Connected(line.open("ann"), "c1", line.now_ms))
    line.advance(60)
    assert not line.heard()


def handled(line: OneQueue, agent: str, call: str, secs: float) -> None:
    """An agent takes a caller, and is free again after *secs*."""
    line.come(call)
    line.connect(agent)
    line.advance(secs - 0.001)
    line.end(agent)
    line.go(call)
    line.free(agent)


def test_the_expected_wait_is_position_times_handling_time_over_agents_rounded_up_to_minutes() -> None:
    rules = Queue(announcements=Announcements(3600, 10, None, "About {minutes} minutes."), max_wait_secs=14_400)
    line = OneQueue(rules)
    line.come("c0")
    line.advance(10)
    assert line.heard() == []
    line.go("c0", moved=True)
    line.free("ann")
    handled(line, "ann", "c1", 150)
    assert line.state.tally.handling_ms == 150_000
    line.gone("ann", "busy")
    line.gone("ben", "busy")
    line.gone("cat", "paused")
    line.come("c2")
    line.come("c3")
    line.advance(10)
    assert line.heard() == [("About 2 minutes.",), ("About 3 minutes.",)]
    line.come("c4")
    line.come("c5")
    line.advance(10)
    assert line.heard()[2:] == [("About 4 minutes.",), ("About 5 minutes.",)]


def test_those_who_give_up_before_make_the_expected_wait_shorter() -> None:
    line = OneQueue(Queue(announcements=Announcements(3600, 10, None, "{minutes}"), max_wait_secs=14_400))
    line.free("ann")
    handled(line, "ann", "c1", 120)
    line.gone("ann", "busy")
    line.come("c2")
    line.advance(6)
    line.go("c2")
    for call in ("c3", "c4", "c5"):
        line.come(call)
    line.advance(10)
    # Half of those who came have given up: c5 has one to wait for, and himself.
    assert line.heard() == [("2",), ("2",), ("4",)]
