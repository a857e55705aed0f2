"""Laws of the assignment of partitions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from worker.runtime.assign import assign

WORKERS = st.lists(st.text("abcdefgh0123", min_size=1, max_size=6), min_size=1, max_size=12, unique=True)


@given(WORKERS, st.integers(1, 96))
def test_every_partition_has_one_owner_and_the_load_is_balanced_within_one(workers: list[str], count: int) -> None:
    owners = assign(workers, count)
    assert sorted(owners) == list(range(count))
    loads = [list(owners.values()).count(worker) for worker in workers]
    assert max(loads) - min(loads) <= 1


@given(WORKERS, st.integers(1, 96))
def test_all_workers_compute_the_same_whatever_order_they_know_each_other_in(workers: list[str], count: int) -> None:
    assert assign(workers, count) == assign(sorted(workers), count) == assign(workers[::-1], count)


def test_nobody_owns_anything_when_nobody_lives() -> None:
    assert assign([], 16) == {}


def test_most_partitions_stay_where_they_are_when_a_worker_joins() -> None:
    before, after = assign(["a", "b", "c"], 64), assign(["a", "b", "c", "d"], 64)
    moved = sum(before[p] != after[p] for p in before)
    assert moved <= 2 * 64 // 4 + 2
