"""Which agent is offered, and whose turn it is."""

from __future__ import annotations

import pytest

from worker.aggregates.queue.state import Group
from worker.aggregates.queue.tiers import misfit
from worker.events import notices as n
from worker.policy.model import Queue, Relaxed, Requirement
from worker.policy.model.queues import Strategy
from worker.policy.rules import FreeAgent, WaitingCaller, strategy, use_rules
from worker.testing.line import OneQueue


def ordered(strategy: Strategy, *, callers: int = 3, tier_secs: float = 30) -> list[str]:
    """Return the agents in the order in which callers who wait are offered to them."""
    line = OneQueue(Queue(strategy=strategy, tier_secs=tier_secs))
    line.free("ann", idle=10, position=3, answered=5, talk_ms=100)
    line.free("ben", idle=30, position=1, answered=9, talk_ms=300)
    line.free("cat", idle=20, position=2, answered=1, talk_ms=200)
    for number in range(callers):
        line.come(f"c{number}")
    return [agent for _, agent in line.offers()]


@pytest.mark.parametrize(
    ("wanted", "order"),
    [
        ("longest-idle", ["ben", "cat", "ann"]),
        ("top-down", ["ben", "cat", "ann"]),
        ("fewest-calls", ["cat", "ann", "ben"]),
        ("least-talk-time", ["ann", "cat", "ben"]),
        ("round-robin", ["ben", "cat", "ann"]),
    ],
)
def test_a_strategy_puts_the_free_agents_in_its_order(wanted: Strategy, order: list[str]) -> None:
    assert ordered(wanted) == order


def test_round_robin_goes_on_where_it_stopped() -> None:
    line = OneQueue(Queue(strategy="round-robin"))
    for number, agent in enumerate(("ann", "ben", "cat")):
        line.free(agent, position=number + 1)
    line.come("c1")
    line.decline("ann")
    assert line.offers() == [("c1", "ann"), ("c1", "ben")]
    line.free("ann", position=1)
    line.come("c2")
    line.come("c3")
    assert line.offers()[2:] == [("c2", "cat"), ("c3", "ann")]


def test_random_is_the_same_at_each_replay_and_not_always_the_same_agent() -> None:
    chosen = set()
    for number in range(20):
        line, again = OneQueue(Queue(strategy="random")), OneQueue(Queue(strategy="random"))
        for each in (line, again):
            each.now_ms += number
            for agent in ("ann", "ben", "cat"):
                each.free(agent)
            each.come("c1")
        assert line.offers() == again.offers()
        chosen.add(line.offers()[0][1])
    assert chosen == {"ann", "ben", "cat"}


def test_a_higher_priority_goes_first_and_then_the_age_in_any_queue() -> None:
    line = OneQueue(Queue())
    line.come("young")
    line.come("old", since=100)
    line.come("vip", priority=5)
    for agent in ("ann", "ben", "cat"):
        line.free(agent)
    assert [call for call, _ in line.offers()] == ["vip", "old", "young"]


def test_a_lower_tier_is_asked_first_and_the_next_one_after_its_time() -> None:
    line = OneQueue(Queue(tier_secs=30, max_wait_secs=600, offer_secs=100))
    line.free("second", idle=100, tier=2)
    line.free("first", tier=1)
    line.come("c1")
    line.come("c2")
    assert line.offers() == [("c1", "first")]
    line.advance(28)
    assert len(line.offers()) == 1
    line.advance(4)
    assert line.offers()[1:] == [("c2", "second")]


def test_a_tier_that_nobody_is_logged_in_of_is_passed_over_at_once() -> None:
    line = OneQueue(Queue(tier_secs=30))
    line.free("third", tier=3)
    line.come("c1")
    assert line.offers() == [("c1", "third")]


def test_without_passing_over_an_empty_tier_is_waited_for_as_well() -> None:
    line = OneQueue(Queue(tier_secs=30, skip_empty_tiers=False, max_wait_secs=600))
    line.free("third", tier=3)
    line.come("c1")
    line.advance(59)
    assert not line.offers()
    line.advance(2)
    assert line.offers() == [("c1", "third")]


def test_a_tier_that_empties_lets_the_next_one_be_asked_at_once() -> None:
    line = OneQueue(Queue(tier_secs=30))
    line.free("first", tier=1)
    line.free("second", tier=2)
    line.come("c1")
    line.come("c2")
    assert line.offers() == [("c1", "first")]
    line.gone("first")
    assert line.offers()[1:] == [("c2", "second")]


def test_a_tier_that_comes_later_is_looked_forward_to_by_those_who_wait() -> None:
    line = OneQueue(Queue(tier_secs=30, max_wait_secs=600))
    line.gone("first", "paused")
    line.come("c1")
    line.advance(10)
    line.free("second", tier=2)
    assert not line.offers()
    line.advance(20)
    assert line.offers() == [("c1", "second")]


def test_an_agent_must_have_the_skill_and_a_longer_wait_asks_for_less() -> None:
    rules = Queue(
        strategy="skills",
        skills={"french": Requirement(3, (Relaxed(20, 1), Relaxed(40, 0)))},
        max_wait_secs=600,
        offer_secs=100,
    )
    line = OneQueue(rules)
    line.free("none")
    line.free("some", skills={"french": 1})
    line.come("c1")
    line.come("c2")
    assert not line.offers()
    line.advance(20)
    assert line.offers() == [("c1", "some")]
    line.advance(21)
    assert line.offers()[1:] == [("c2", "none")]


def test_the_best_fit_is_the_least_over_qualified() -> None:
    line = OneQueue(Queue(strategy="skills", skills={"french": Requirement(3), "billing": Requirement(1)}))
    line.free("expert", idle=100, skills={"french": 9, "billing": 9})
    line.free("fit", idle=1, skills={"french": 3, "billing": 2})
    line.free("lacks", idle=200, skills={"french": 9})
    line.come("c1")
    line.come("c2")
    line.come("c3")
    assert line.offers() == [("c1", "fit"), ("c2", "expert")]


def test_who_has_the_full_skill_fits_better_than_who_is_good_enough_only_by_now() -> None:
    rules = Queue(strategy="skills", skills={"french": Requirement(5, (Relaxed(10, 1),))})
    lacks, fits, surpasses = (Group(1, {"french": level}) for level in (4, 5, 100))
    assert misfit(fits, rules) < misfit(surpasses, rules) < misfit(lacks, rules)


def test_ring_all_rings_several_the_first_yes_has_the_caller_and_the_others_are_let_go() -> None:
    line = OneQueue(Queue(strategy="ring-all", ring_at_once=3))
    for agent in ("ann", "ben", "cat", "dan"):
        line.free(agent)
    line.come("c1")
    assert line.offers() == [("c1", "ann"), ("c1", "ben"), ("c1", "cat")]
    late = line.open("cat")
    line.accept("ben")
    assert line.withdrawn() == [("ann", "taken"), ("cat", "taken")]
    assert [offer.agent for offer in line.caller("c1").offers] == ["ben"]
    line.hear(n.OfferAccepted(late, "cat", "room-cat"))
    assert line.withdrawn()[-1] == ("cat", "unknown-offer")


def test_ring_all_rings_one_more_when_one_declines_and_another_gets_free() -> None:
    line = OneQueue(Queue(strategy="ring-all", ring_at_once=2))
    line.free("ann")
    line.come("c1")
    line.come("c2")
    line.free("ben")
    line.free("cat")
    assert line.offers() == [("c1", "ann"), ("c1", "ben"), ("c2", "cat")]
    line.decline("ann")
    assert len(line.offers()) == 3
    line.free("dan")
    assert line.offers()[3:] == [("c1", "dan")]


def test_an_own_strategy_chooses_and_may_leave_a_caller_waiting() -> None:
    @strategy
    def picky(caller: WaitingCaller, free: tuple[FreeAgent, ...]) -> list[str]:
        return [agent.name for agent in free if agent.name.startswith(caller.number[2])]

    use_rules({"picky": picky})
    try:
        line = OneQueue(Queue(rule="picky"))
        line.free("ann")
        line.free("ben")
        line.come("c1", number="+1x")
        line.come("c2", number="+1b")
        assert line.offers() == [("c2", "ben")]
    finally:
        use_rules({})


def test_a_queue_whose_own_strategy_is_not_there_uses_the_other_one() -> None:
    line = OneQueue(Queue(rule="absent", strategy="top-down"))
    line.free("ann", position=2)
    line.free("ben", position=1)
    line.come("c1")
    assert line.offers() == [("c1", "ben")]
