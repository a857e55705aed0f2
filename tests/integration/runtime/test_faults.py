"""What is wrong from outside: a log that cannot be read, a Redis that refuses or hangs, an account that is closed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, MutableMapping

import anyio
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from ingress.envelope import Address, LogEntry
from ingress.log import Keys, Partition, settle_topology
from ingress.redis_client import connect
from tests.integration.runtime.conftest import PARTITIONS, Bench, until
from worker.decisions.decision import CancelTimer, Decision
from worker.replay.source import LogReader
from worker.runtime.clock import monotonic
from worker.runtime.errors import UnavailableError
from worker.runtime.journal import Journal
from worker.runtime.lease import Leases
from worker.testing.redis_server import PrivateRedis

LOSSES = {"partition.fenced", "partition.interrupted", "partition.unreadable", "partition.released"}
CALL = Address("default", "call", "c1")


async def test_an_event_that_cannot_be_read_is_passed_over_live_and_in_recovery_and_in_replay(bench: Bench) -> None:
    where = bench.log.partition_of(CALL)
    await bench.log.append([LogEntry("later", CALL, "notice", 0, b'{"type":"of-a-later-release"}')])
    await bench.redis.xadd(bench.keys.log(where), {"by": "hand"})
    async with bench.worker("a") as a:
        await bench.ring("c1")
        await until(lambda: bench.phone.kinds() == ["answer"])
        await until(lambda: not a.pending(where))
        assert a.metrics.unread._value.get() == 2
    async with bench.worker("b") as b:
        await until(lambda: CALL in b.aggregates())
        assert len(bench.phone.sent) == 1
    steps = [step async for step in LogReader(bench.redis, bench.keys).steps(where)]
    assert CALL in {step.event.address for step in steps}


async def test_the_position_moves_past_an_event_that_cannot_be_read(bench: Bench) -> None:
    where = Partition(0)
    await bench.redis.xadd(bench.keys.log(where), {"by": "hand"})
    journal = Journal(bench.redis, bench.keys)
    unread = await journal.last_id(where)
    async with bench.worker("a"):
        with anyio.fail_after(10):
            while await journal.position(where) != unread:
                await anyio.sleep(0.01)


async def test_a_redis_that_is_full_is_unavailable_and_not_another_owner(
    private_redis: Callable[[], PrivateRedis], keys: Keys
) -> None:
    server = private_redis()
    redis = Redis.from_url(server.url)
    lease = await Leases(redis, keys, "w", ttl_secs=30).acquire(Partition(0))
    assert lease is not None
    journal = Journal(redis, keys)
    decided = [("1-0", Decision(CALL, (CancelTimer("x"),)))]
    await redis.config_set("maxmemory", "1")
    with pytest.raises(UnavailableError):
        await journal.commit(lease, "1-0", decided)
    await redis.config_set("maxmemory", "0")
    assert lease.held
    await journal.commit(lease, "1-0", decided)
    assert await journal.position(Partition(0)) == "1-0"
    await redis.aclose()


async def test_a_command_under_way_is_stopped_before_the_lease_ends_when_redis_hangs(
    private_redis: Callable[[], PrivateRedis], keys: Keys
) -> None:
    server = private_redis()
    redis = Redis.from_url(server.url)
    await settle_topology(redis, keys, PARTITIONS)
    bench = Bench(redis, server.url, keys)
    bench.phone.open = anyio.Event()
    lease_secs = 2.0
    async with bench.worker("a", lease_secs=lease_secs):
        await bench.ring("c1")
        await until(lambda: bench.phone.kinds() == ["answer"])
        hung = monotonic()
        os.kill(server.pid, signal.SIGSTOP)
        try:
            await until(lambda: bool(bench.phone.cut))
            assert bench.phone.cut[0] - hung < lease_secs
        finally:
            os.kill(server.pid, signal.SIGCONT)
    await redis.aclose()


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
async def test_each_partition_that_is_lost_is_said_once_and_that_redis_is_the_reason(
    private_redis: Callable[[], PrivateRedis], keys: Keys, how: signal.Signals
) -> None:
    server = private_redis()
    async with connect(server.url) as redis:
        await settle_topology(redis, keys, PARTITIONS)
        bench = Bench(redis, server.url, keys)
        with capture_logs() as said:

            def lost() -> list[MutableMapping[str, object]]:
                return [line for line in said if line["event"] in LOSSES]

            async with bench.worker("a", lease_secs=2.0) as a:
                await until(lambda: a.is_ready)
                os.kill(server.pid, how)
                try:
                    await until(lambda: len(lost()) == PARTITIONS)
                    await until(lambda: not a.redis_ok and not a.held)
                finally:
                    if how is signal.SIGSTOP:
                        os.kill(server.pid, signal.SIGCONT)
                a.stop()
    assert sorted(str(line["partition"]) for line in lost()) == sorted(str(number) for number in range(PARTITIONS))
    for line in lost():
        assert any(why in str(line["reason"]) for why in ("Redis did not answer", "could not be", "onnect", "Timeout"))


async def test_a_worker_that_gives_a_partition_up_no_longer_counts_its_refused_account(bench: Bench) -> None:
    bench.phone.refuse = lambda _: True
    async with bench.worker("a") as a:
        await bench.ring("c1")
        stopped = a.metrics.stopped_tenants
        await until(lambda: stopped._value.get() == 1)
        async with bench.worker("b"):
            await until(lambda: len(a.held) == PARTITIONS // 2)
    assert stopped._value.get() == 0
