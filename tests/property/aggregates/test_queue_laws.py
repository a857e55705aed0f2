"""Laws of the queue's fold and of what its state is made of: order and repetition do not matter where they must not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingress.envelope import Address
from worker.aggregates.queue.fold import fold
from worker.aggregates.queue.ranks import Rank, Ranks
from worker.aggregates.queue.shards import Shards
from worker.aggregates.queue.state import Queue
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.event import Body, Event

ADDRESS = Address("default", "queue", "support")
END: list[tuple[int, Body]] = [
    (1, w.CallEnqueued("c1", "support")),
    (2, n.Told(ADDRESS, n.CallerWaiting("c1", "+15550100", 2))),
    (5, w.CallDequeued("c1", "support", reason="timeout")),
    (9, w.CallDequeued("c1", "support", reason="hangup")),
    (9, n.Told(ADDRESS, n.CallerGone("c1", 9))),
]
TURNS: list[n.AnyNotice] = [
    n.AgentFree("ann", 1, 100, "room", 0, 0, 1, 1, {}),
    n.AgentGone("ann", 2, None, "busy", 1),
    n.AgentFree("ann", 3, 300, "room", 4, 70, 2, 1, {"french": 3}),
    n.AgentGone("ann", 4, None, "offline", 2),
    n.AgentFree("ann", 5, 500, "room", 5, 80, 3, 7, {"french": 3}),
    n.AgentFree("ben", 1, 200, "room", 0, 0, 1, 2, {}),
    n.AgentGone("ben", 2, None, "paused", 1),
]
RANKS = st.tuples(st.integers(0, 3), st.integers(0, 20), st.sampled_from("abcdefgh"))


def folded(facts: list[tuple[int, Body]]) -> Queue:
    """Fold *facts* in the order given."""
    queue = Queue(ADDRESS)
    for number, (occurred_ms, body) in enumerate(facts):
        queue = fold(queue, Event(f"{number}-0", str(number), ADDRESS, 1_000 + number, occurred_ms, body))
    return queue


@given(st.data())
def test_a_caller_who_has_ended_is_gone_in_whatever_order_it_is_told(data: st.DataObject) -> None:
    mixed = data.draw(st.permutations(END + data.draw(st.lists(st.sampled_from(END), max_size=6))))
    queue = folded(mixed)
    assert not queue.callers
    assert not queue.present
    assert "c1" in queue.departed


@given(st.data())
def test_the_last_turn_of_an_agent_counts_in_whatever_order_they_are_told(data: st.DataObject) -> None:
    told: list[tuple[int, Body]] = [(0, n.Told(ADDRESS, notice)) for notice in TURNS]
    mixed = data.draw(st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=6))))
    queue, expected = folded(mixed), folded(told)
    assert {name: (known.turn, known.state, known.free) for name, known in queue.agents.items()} == {
        name: (known.turn, known.state, known.free) for name, known in expected.agents.items()
    }
    assert (queue.groups, queue.staff, queue.working) == (expected.groups, expected.staff, expected.working)


@given(st.lists(st.tuples(st.booleans(), RANKS), max_size=400))
def test_ranks_are_a_sorted_set(steps: list[tuple[bool, Rank]]) -> None:
    ranks, known = Ranks(), set[Rank]()
    for here, rank in steps:
        ranks = ranks.add(rank) if here else ranks.drop(rank)
        known = known | {rank} if here else known - {rank}
    order = sorted(known)
    assert list(ranks) == order
    assert len(ranks) == len(order)
    assert bool(ranks) == bool(order)
    for index, rank in enumerate(order):
        assert ranks.at(index) == rank
        assert ranks.before(rank) == index
        assert ranks.after(rank) == (order[index + 1] if index + 1 < len(order) else None)


@given(st.integers(200, 2_000))
def test_many_ranks_are_a_sorted_set_too(many: int) -> None:
    numbers = [(number * 7919 % many, 0, "x") for number in range(many)]
    ranks = Ranks()
    for rank in numbers:
        ranks = ranks.add(rank)
    for rank in numbers[: many // 2]:
        ranks = ranks.drop(rank)
    assert list(ranks) == sorted(set(numbers[many // 2 :]) - set(numbers[: many // 2]))
    assert all(ranks.chunks)


@given(st.lists(st.tuples(st.booleans(), st.text(max_size=3), st.integers()), max_size=200))
def test_shards_are_a_dict(steps: list[tuple[bool, str, int]]) -> None:
    shards, known = Shards[int](), dict[str, int]()
    for here, key, value in steps:
        shards = shards.put(key, value) if here else shards.without(key)
        known = {**known, key: value} if here else {k: v for k, v in known.items() if k != key}
    assert dict(shards.items()) == known
    assert len(shards) == len(known)
    assert set(shards) == set(known)
    assert sorted(shards.values()) == sorted(known.values())
    assert all(key in shards and shards[key] == shards.get(key) == value for key, value in known.items())
    again = Shards[int]()
    for key, value in sorted(known.items(), reverse=True):
        again = again.put(key, value)
    assert again == shards
