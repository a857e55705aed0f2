"""A recovery reads the newest snapshot and the log after it, and comes to the same state as the whole log does."""

from __future__ import annotations

import anyio
import pytest

from ingress.envelope import Address
from ingress.log import Partition
from tests.integration.runtime.conftest import PARTITIONS, Bench, until
from worker.events.intents import Enrol
from worker.ledger import image
from worker.ledger.ledger import Ledger
from worker.runtime.errors import FencedError, UnavailableError
from worker.runtime.journal import START, Journal
from worker.runtime.lease import Leases
from worker.runtime.snapshots import Snapshots, UnreadableSnapshotError
from worker.runtime.worker import Worker

CALLS = 60


async def busy(bench: Bench) -> None:
    for agent in ("alice", "bob"):
        await bench.append("agent", agent, Enrol("test"))
    for number in range(CALLS):
        await bench.ring(f"c{number}")


async def settled(bench: Bench, worker: Worker) -> None:
    """Wait until all that was appended is decided and every command has its outcome."""
    journal = Journal(bench.redis, bench.keys)
    with anyio.fail_after(20):
        while True:
            done = [
                await journal.last_id(Partition(n)) == await journal.position(Partition(n)) for n in range(PARTITIONS)
            ]
            if all(done) and not any(worker.pending(Partition(n)) for n in range(PARTITIONS)):
                return
            await anyio.sleep(0.02)


def digests(worker: Worker) -> dict[str, str]:
    return {k: v for ledger in worker.ledgers().values() for k, v in image.digest(ledger).items() if k}


async def from_the_log(bench: Bench) -> dict[str, str]:
    journal = Journal(bench.redis, bench.keys)
    found: dict[str, str] = {}
    for number in range(PARTITIONS):
        ledger = Ledger(Partition(number))
        async for event, decision in journal.history(ledger.partition, await journal.position(ledger.partition)):
            ledger.follow(event, decision.acts if decision else ())
        found |= {name: value for name, value in image.digest(ledger).items() if name}
    return found


async def test_snapshots_are_taken_by_count_and_at_the_end_and_shorten_the_recovery(bench: Bench) -> None:
    snapshots = Snapshots(bench.redis, bench.keys)
    async with bench.worker("a", snapshot_events=5) as a:
        await busy(bench)
        await settled(bench, a)
        await until(lambda: a.metrics.snapshots._value.get() > 0)
        live = digests(a)
    journal = Journal(bench.redis, bench.keys)
    for number in range(PARTITIONS):
        position = await journal.position(Partition(number))
        ledger, start = await snapshots.load(Partition(number), position)
        assert start == position
        assert len(ledger.aggregates) or position == START
    assert await from_the_log(bench) == live
    async with bench.worker("b") as b:
        await until(lambda: len(b.held) == PARTITIONS)
        await until(lambda: digests(b) == live)


async def test_a_snapshot_that_cannot_be_read_is_passed_over(bench: Bench) -> None:
    async with bench.worker("a", snapshot_events=5) as a:
        await busy(bench)
        await settled(bench, a)
        live = digests(a)
    for number in range(PARTITIONS):
        key = bench.keys.snapshots(Partition(number))
        for name in await bench.redis.hkeys(key):
            await bench.redis.hset(key, name, b"nonsense")
    async with bench.worker("b") as b:
        await until(lambda: len(b.held) == PARTITIONS)
        await until(lambda: digests(b) == live)


async def test_a_trimmed_log_without_its_beginning_is_not_run_and_says_why(bench: Bench) -> None:
    where = bench.log.partition_of(Address("default", "call", "c1"))
    await bench.ring("c1")
    await bench.redis.set(bench.keys.trimmed(where), "5-0")
    with pytest.raises(UnreadableSnapshotError, match="trimmed up to 5-0"):
        await Snapshots(bench.redis, bench.keys).load(where, START)
    async with bench.worker("a") as a:
        # It may be leased for the moment in which that is found out.
        await until(lambda: a.held == {*map(Partition, range(PARTITIONS))} - {where})


async def test_only_the_owner_keeps_snapshots_and_trims(bench: Bench) -> None:
    where = Partition(0)
    lease = await Leases(bench.redis, bench.keys, "w", ttl_secs=30).acquire(where)
    assert lease is not None
    snapshots = Snapshots(bench.redis, bench.keys)
    with pytest.raises(UnavailableError, match="no snapshot at 1-0"):
        await snapshots.trim(lease, "1-0")
    await bench.redis.set(bench.keys.lease(where), "other:9")
    with pytest.raises(FencedError):
        await snapshots.keep(lease, image.take(Ledger(where), "1-0", 1), [])
    assert await snapshots.ids(where) == []
