"""`switchhook partitions` tells who owns what and what waits, in little time, and changes nothing."""

from __future__ import annotations

import time

import anyio
from redis.asyncio import Redis

from ingress.envelope import Address
from ingress.log import EventLog, Keys, Partition, settle_topology
from tests.integration.runtime.conftest import PARTITIONS, Bench, until
from worker.console.look import MOST, overview
from worker.console.partitions import row_of, summary_of
from worker.events.event import write_entry
from worker.events.intents import Enrol
from worker.runtime.journal import START

CALL = Address("default", "call", "c1")


async def test_owners_positions_and_snapshots_are_told(bench: Bench) -> None:
    where = bench.log.partition_of(CALL)
    async with bench.worker("a", snapshot_events=1) as a:
        await bench.ring("c1")
        await until(lambda: len(a.held) == PARTITIONS and CALL in a.aggregates() and not a.pending(where))
        with anyio.fail_after(20):
            while True:
                seen = await overview(bench.redis, bench.keys, PARTITIONS)
                look = seen.partitions[where]
                if look.standing and look.snapshot and not look.lag:
                    break
                await anyio.sleep(0.05)
        assert [beat.worker for beat in seen.workers] == ["a"]
        assert {each.owner for each in seen.partitions} == {"a"}
        assert (look.epoch, look.position) == (1, look.last)
        assert look.lease_secs is not None
        assert 0 < look.lease_secs <= 30
        assert look.snapshot.age_secs < 30
        assert look.snapshot.bytes > 0
        assert look.standing.quarantined == ()
        assert row_of(look)[:3] == [str(where), "a", "1"]
        assert summary_of(seen)[1].startswith("16 partitions, 16 owned")


async def test_what_waits_is_counted_and_its_age_told(bench: Bench) -> None:
    where = bench.log.partition_of(CALL)
    for number in range(3):
        await bench.append("call", CALL.id, Enrol(f"test {number}"))
    looks = (await overview(bench.redis, bench.keys, PARTITIONS)).partitions
    look = looks[where]
    assert (look.owner, look.position, look.lag, look.snapshot, look.standing) == (None, START, 3, None, None)
    assert look.lag_secs < 30
    assert row_of(look)[1] == "nobody"
    assert sum(each.lag for each in looks) == 3


async def test_of_many_only_so_many_are_counted(bench: Bench) -> None:
    entries = [write_entry(f"e{number}", CALL, Enrol("test"), 0) for number in range(MOST + 5)]
    await bench.log.append(entries)
    look = (await overview(bench.redis, bench.keys, PARTITIONS)).partitions[bench.log.partition_of(CALL)]
    assert row_of(look)[6] == f"{MOST}+"


async def test_a_thousand_partitions_are_looked_at_in_a_moment_and_nothing_is_written(redis: Redis, keys: Keys) -> None:
    await settle_topology(redis, keys, 1024)
    log = EventLog(redis, keys, 1024)
    await log.append(
        [write_entry(f"e{n}", Address("default", "call", f"c{n}"), Enrol("test"), 0) for n in range(5_000)]
    )
    before = sorted(await redis.keys(f"{keys.prefix}:*"))
    await overview(redis, keys, 1)
    began = time.perf_counter()
    seen = await overview(redis, keys, 1024)
    assert time.perf_counter() - began < 3
    assert sum(look.lag for look in seen.partitions) == 5_000
    assert seen.partitions[1023].partition == Partition(1023)
    assert sorted(await redis.keys(f"{keys.prefix}:*")) == before
