"""Who holds which partition, and what a zombie can do: nothing."""

from __future__ import annotations

import anyio
import pytest

from ingress.envelope import Address
from ingress.errors import ConfigError
from ingress.log import Partition
from tests.integration.runtime.conftest import PARTITIONS, Bench, until
from worker.decisions.decision import CancelTimer, Decision
from worker.runtime import lease as lease_module
from worker.runtime.errors import FencedError
from worker.runtime.journal import Journal
from worker.runtime.lease import Leases

P0 = Partition(0)
DECISION = Decision(Address("default", "queue", "support"), (CancelTimer("x"),))


async def test_a_zombie_can_neither_journal_nor_renew(bench: Bench) -> None:
    zombie = Leases(bench.redis, bench.keys, "zombie", ttl_secs=5)
    heir = Leases(bench.redis, bench.keys, "heir", ttl_secs=5)
    old = await zombie.acquire(P0)
    assert old is not None
    await bench.redis.delete(bench.keys.lease(P0))
    new = await heir.acquire(P0)
    assert new is not None
    assert new.epoch == old.epoch + 1
    journal = Journal(bench.redis, bench.keys)
    with pytest.raises(FencedError):
        await journal.commit(old, "1-0", [("1-0", DECISION)])
    assert await bench.redis.xlen(bench.keys.journal(P0)) == 0
    # Nor move the position, with a batch upon which nothing was decided.
    with pytest.raises(FencedError):
        await journal.commit(old, "1-0", [])
    assert await journal.position(P0) == "0-0"
    with pytest.raises(FencedError):
        await zombie.renew(old)
    assert not old.held
    await journal.commit(new, "1-0", [("1-0", DECISION)])
    assert await bench.redis.xlen(bench.keys.journal(P0)) == 1


async def test_an_event_is_decided_once(bench: Bench) -> None:
    leases = Leases(bench.redis, bench.keys, "w", ttl_secs=5)
    lease = await leases.acquire(P0)
    assert lease is not None
    journal = Journal(bench.redis, bench.keys)
    await journal.commit(lease, "5-0", [("5-0", DECISION)])
    with pytest.raises(FencedError):
        await journal.commit(lease, "5-0", [("5-0", DECISION)])
    assert await bench.redis.xlen(bench.keys.journal(P0)) == 1
    assert not lease.held


async def test_a_batch_is_refused_upon_a_state_that_redis_has_lost(bench: Bench) -> None:
    lease = await Leases(bench.redis, bench.keys, "w", ttl_secs=30).acquire(P0)
    assert lease is not None
    journal = Journal(bench.redis, bench.keys)
    await journal.commit(lease, "5-0", [("5-0", DECISION)], after="0-0")
    await bench.redis.delete(bench.keys.position(P0), bench.keys.journal(P0))
    with pytest.raises(FencedError, match="position"):
        await journal.commit(lease, "6-0", [("6-0", DECISION)], after="5-0")
    assert await journal.position(P0) == "0-0"


async def test_a_lease_that_is_not_renewed_ends_by_our_own_clock_before_it_ends_in_redis(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Our clock is moved, and Redis's is asked how much is left: however busy the machine is, minutes are not lost.
    now = 1_000.0
    monkeypatch.setattr(lease_module, "monotonic", lambda: now)
    leases = Leases(bench.redis, bench.keys, "w", ttl_secs=600)
    lease = await leases.acquire(P0)
    assert lease is not None
    left_secs = await bench.redis.pttl(bench.keys.lease(P0)) / 1000
    now = 1_000.0 + 539
    assert lease.held
    now = 1_000.0 + 541
    assert not lease.held
    assert left_secs > 541
    with pytest.raises(FencedError):
        lease.check()


async def test_a_lease_is_another_workers_until_it_is_released(bench: Bench) -> None:
    one = Leases(bench.redis, bench.keys, "one", ttl_secs=5)
    two = Leases(bench.redis, bench.keys, "two", ttl_secs=5)
    lease = await one.acquire(P0)
    assert lease is not None
    assert await two.acquire(P0) is None
    await one.release(lease)
    assert await two.acquire(P0) is not None


async def test_two_workers_share_the_partitions_and_one_takes_over_within_a_second_when_the_other_ends(
    bench: Bench,
) -> None:
    # Long leases: what is handed over within a second was given back, not waited for.
    async with bench.worker("a", lease_secs=30) as a:
        await until(lambda: len(a.held) == PARTITIONS)
        async with bench.worker("b", lease_secs=30) as b:
            await until(lambda: len(a.held) == len(b.held) == PARTITIONS // 2)
            b.stop()
            await until(lambda: len(a.held) == PARTITIONS, secs=1)


async def test_a_dead_workers_partitions_are_taken_over_within_a_second_of_its_leases_end(bench: Bench) -> None:
    async with bench.worker("a", lease_secs=1) as a:
        async with bench.worker("b", crash=True) as b:
            await until(lambda: len(a.held) == len(b.held) == PARTITIONS // 2)
        owners = [await bench.redis.get(bench.keys.lease(Partition(number))) for number in range(PARTITIONS)]
        assert sum(str(owner).startswith("b'b:") for owner in owners) == PARTITIONS // 2
        await until(lambda: len(a.held) == PARTITIONS, secs=1 + 1)


async def test_a_second_worker_with_the_same_id_takes_nothing_and_ends(bench: Bench) -> None:
    async with bench.worker("a") as first:
        await until(lambda: len(first.held) == PARTITIONS)
        epochs = [lease.epoch for lease in first.leases().values()]
        with (
            anyio.fail_after(20),
            pytest.RaisesGroup(
                pytest.RaisesExc(ConfigError, match="another worker with the id a is running"), flatten_subgroups=True
            ),
        ):
            async with bench.worker("a", lease_secs=4) as second:
                await until(lambda: not second.redis_ok)
                await anyio.sleep_forever()
        assert second.held == frozenset()
        assert not second.ready.is_set()
        assert [lease.epoch for lease in first.leases().values()] == epochs
        assert first.is_ready
        assert await bench.redis.zcard(bench.keys.workers()) == 1


async def test_a_worker_that_is_started_again_under_its_id_waits_for_its_last_heartbeat_to_end(bench: Bench) -> None:
    async with bench.worker("a", crash=True) as before:
        await until(lambda: len(before.held) == PARTITIONS)
    async with bench.worker("a") as after:
        await until(lambda: len(after.held) == PARTITIONS)
        assert after.is_ready


async def test_a_second_worker_that_is_told_to_end_while_it_waits_leaves_the_first_alone(bench: Bench) -> None:
    async with bench.worker("a") as first:
        await until(lambda: len(first.held) == PARTITIONS)
        async with bench.worker("a"):
            await anyio.lowlevel.checkpoint()
        assert await bench.redis.zcard(bench.keys.workers()) == 1


async def test_stopping_gives_everything_back_at_once(bench: Bench) -> None:
    async with bench.worker("a", lease_secs=30) as a:
        await until(lambda: len(a.held) == PARTITIONS)
    for number in range(PARTITIONS):
        assert await bench.redis.exists(bench.keys.lease(Partition(number))) == 0
    with anyio.fail_after(5):
        assert await bench.redis.zcard(bench.keys.workers()) == 0
