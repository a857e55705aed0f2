"""An event that kills its workers is set aside by the third who meets it; what is around it is taken care of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import anyio
import pytest

from ingress.envelope import Address
from ingress.log import Partition
from tests.integration.runtime.conftest import PARTITIONS, Bench, until
from worker.aggregates import machine
from worker.decisions.decision import Decision
from worker.events.event import Event
from worker.runtime.journal import Journal
from worker.runtime.lease import Lease
from worker.runtime.suspicion import ATTEMPTS, DEATHS, Suspicion

KILLER = Address("default", "call", "killer")


class Killed(BaseException):
    """What ends a process; no handler of exceptions sees it."""


@pytest.fixture
def killing(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Return the ids of the calls whose events kill."""
    calls = ["killer"]
    fold = machine.fold

    def fatal(state: machine.AggregateState, event: Event) -> machine.AggregateState:
        if event.address.id in calls:
            raise Killed
        return fold(state, event)

    monkeypatch.setattr(machine, "fold", fatal)
    return iter([calls])


def neighbours(bench: Bench) -> list[str]:
    """Return calls of the killer's own partition."""
    where = bench.log.partition_of(KILLER)
    names = (f"n{number}" for number in range(10_000))
    found = (name for name in names if bench.log.partition_of(Address("default", "call", name)) == where)
    return [next(found) for _ in range(4)]


async def test_it_is_set_aside_and_its_neighbours_are_answered(bench: Bench, killing: Iterator[list[str]]) -> None:
    before, after = neighbours(bench)[:2], neighbours(bench)[2:]
    for call in (*before, "killer", *after):
        await bench.ring(call)
    where, deaths = bench.log.partition_of(KILLER), 0
    while True:
        try:
            # The same id each time, as of a service that is started again.
            async with bench.worker("w", crash=True) as worker:
                await until(lambda: where in worker.held and KILLER in worker.ledgers()[where].quarantined)
            break
        except BaseExceptionGroup as ended:
            assert ended.subgroup(Killed) is not None
            deaths += 1
    assert deaths == DEATHS + ATTEMPTS
    async with bench.worker("last") as worker:
        await until(lambda: where in worker.held and KILLER in worker.ledgers()[where].quarantined)
        await until(lambda: len([c for c in bench.phone.sent if c[1].call in (*before, *after)]) >= 4)  # type: ignore[union-attr]
    calls = next(killing)
    calls.clear()
    async with bench.worker("mended") as worker:
        await until(lambda: where in worker.held and KILLER in worker.ledgers()[where].quarantined)


async def test_a_worker_that_lives_has_not_died_however_often_it_lost_a_partition(bench: Bench) -> None:
    where = Partition(0)
    notes = {"alive": frozenset({"a", "b"})}

    def of(me: str, life: str) -> Suspicion:
        return Suspicion(
            bench.redis, bench.keys, where, me=me, life=life, alive=lambda: notes["alive"], turn=anyio.Lock()
        )

    for _ in range(5):
        for me in ("a", "b"):
            suspicion = of(me, "1")
            await suspicion.begin()
            assert not suspicion.careful
            assert not await suspicion.kills("1-0")
    notes["alive"] = frozenset({"c"})
    suspicion = of("c", "1")
    await suspicion.begin()
    assert suspicion.careful
    assert await suspicion.kills("1-0")
    assert not await suspicion.kills("2-0")
    await suspicion.survived()
    await of("c", "2").begin()
    assert not await of("c", "3").kills("1-0")


async def test_workers_that_end_in_good_order_raise_no_suspicion(bench: Bench) -> None:
    for number in range(DEATHS + 2):
        async with bench.worker(f"w{number}") as worker:
            await until(lambda worker=worker: len(worker.held) == 16)  # type: ignore[misc]
    assert await bench.redis.keys(f"{bench.keys.prefix}:*deaths") == []


async def test_commands_that_outlast_the_time_to_drain_raise_no_suspicion(bench: Bench) -> None:
    bench.phone.open = anyio.Event()
    await bench.ring("c1")
    for number in range(DEATHS + 1):
        async with bench.worker(f"w{number}", drain_secs=0.3):
            await until(lambda sent=number + 1: len(bench.phone.sent) == sent)  # type: ignore[misc]
    assert await bench.redis.keys(f"{bench.keys.prefix}:*deaths") == []


async def test_no_two_partitions_of_a_process_are_in_the_middle_of_an_attempt(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way: list[int] = []
    most = 0
    kills, commit = Suspicion.kills, Journal.commit

    async def noted(suspicion: Suspicion, entry_id: str) -> bool:
        nonlocal most
        under_way.append(1)
        most = max(most, len(under_way))
        return await kills(suspicion, entry_id)

    async def survived(
        journal: Journal, lease: Lease, position: str, decisions: Sequence[tuple[str, Decision]], *, after: str = ""
    ) -> None:
        await commit(journal, lease, position, decisions, after=after)
        if under_way:
            under_way.pop()

    monkeypatch.setattr(Suspicion, "kills", noted)
    monkeypatch.setattr(Journal, "commit", survived)
    for number in range(PARTITIONS):
        for life in range(DEATHS):
            await bench.redis.hset(bench.keys.deaths(Partition(number)), f" w {life}", "1")
    for number in range(3 * PARTITIONS):
        await bench.ring(f"c{number}")
    async with bench.worker("w") as worker:
        await until(lambda: len(worker.aggregates()) >= 3 * PARTITIONS)
    assert most == 1


async def test_a_redis_that_comes_back_without_its_newest_writes_is_said(bench: Bench) -> None:
    where = bench.log.partition_of(Address("default", "call", "c1"))
    async with bench.worker("a") as worker:
        await bench.ring("c1")
        await until(lambda: where in worker.held and bool(worker.ledgers()[where].aggregates))
        await until(lambda: not worker.pending(where))
        await bench.redis.set(bench.keys.position(where), "1-0")
        await bench.redis.set(bench.keys.lease(where), "somebody:99", px=50)
        await until(lambda: worker.metrics.regressions._value.get() == 1)
