"""Workers and appends go on when another server takes the place of the one that they were at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import anyio
import pytest
from redis.asyncio import Redis

from ingress.durability import confirmation
from ingress.envelope import Address, LogEntry
from ingress.errors import LogUnavailableError
from ingress.log import EventLog, Keys, Partition, settle_topology
from ingress.redis_client import connect
from tests.integration.redis.servers import Cluster, Sentinels, command, sentinels
from tests.integration.redis.servers import until as until_so
from tests.integration.runtime.conftest import NUMBER, PARTITIONS, Bench, until
from worker.commands import command as c
from worker.runtime.worker import Worker
from worker.testing.redis_server import PrivateRedis

LEASE_SECS = 2.0


class Callers:
    """Rings without a pause through a log of its own, and notes who was promised to be in it."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.promised: list[str] = []
        self.refused = 0

    def require_nothing(self) -> None:
        """Count from now on what Redis has taken, be it in a replica or not."""
        self._log.require(None)

    async def ring(self) -> None:
        """Ring for ever; a call that is refused is tried again, as Telnyx tries."""
        number = 0
        while True:
            number += 1
            name = f"caller-{number}"
            body = (
                f'{{"data":{{"event_type":"call.initiated","id":"{name}","payload":{{"call_control_id":"{name}",'
                f'"direction":"incoming","state":"parked","to":"{NUMBER}"}}}}}}'
            )
            entry = LogEntry(name, Address("default", "call", name), "webhook", 0, body.encode())
            while True:
                try:
                    with anyio.fail_after(5):
                        await self._log.append([entry])
                except (LogUnavailableError, TimeoutError):
                    self.refused += 1
                    await anyio.sleep(0.05)
                else:
                    break
            self.promised.append(name)
            await anyio.sleep(0.005)


def answered(bench: Bench) -> dict[str, set[str]]:
    """Return by which commands each caller was answered."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for command_id, sent, _ in bench.phone.sent:
        if isinstance(sent, c.Answer):
            found[sent.call].add(command_id)
    return found


async def confirmed_log(redis: Redis, keys: Keys) -> EventLog:
    """Return a log whose appends count when a replica has them."""
    await settle_topology(redis, keys, PARTITIONS)
    log = EventLog(redis, keys, PARTITIONS)
    log.require(await confirmation(redis, "replica", replicas=1, wait_ms=300))
    return log


class Ringing:
    """Workers, and callers who ring."""

    def __init__(self, bench: Bench, callers: Callers, workers: list[Worker]) -> None:
        self.bench = bench
        self.callers = callers
        self._workers = workers

    async def goes_on(self, *, more: int) -> None:
        """Wait until so many more are promised, and all that were have been answered."""
        enough = len(self.callers.promised) + more
        await until(lambda: len(self.callers.promised) >= enough, secs=30)
        names = set(self.callers.promised)
        await until(lambda: names <= answered(self.bench).keys(), secs=30)
        held = [partition for worker in self._workers for partition in worker.held]
        assert len(held) == len(set(held))

    @property
    def each_once(self) -> bool:
        """Whether every caller was answered by one command."""
        return all(len(ids) == 1 for ids in answered(self.bench).values())


@asynccontextmanager
async def ringing(redis: Redis, url: str, keys: Keys, *names: str) -> AsyncIterator[Ringing]:
    """Run workers of these names, and let callers ring, for the length of a block."""
    callers = Callers(await confirmed_log(redis, keys))
    bench = Bench(redis, url, keys)
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(bench.worker(name, lease_secs=LEASE_SECS)) for name in names]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(callers.ring)
            yield Ringing(bench, callers, workers)
            tasks.cancel_scope.cancel()


async def test_a_cluster_loses_a_master_and_nothing_that_was_promised(own_nodes: Cluster, keys: Keys) -> None:
    async with connect(own_nodes.url) as redis:
        async with ringing(redis, own_nodes.url, keys, "a", "b") as calls:
            await calls.goes_on(more=20)
            # The one that has the workers' heartbeats.
            await own_nodes.lose(keys.workers())
            # The new one has nobody to confirm: from now on its reply has to do.
            calls.callers.require_nothing()
            await calls.goes_on(more=60)
        assert calls.callers.refused
        assert calls.each_once


async def test_a_replica_of_a_cluster_takes_over_and_the_demoted_master_is_left(own_nodes: Cluster, keys: Keys) -> None:
    async with connect(own_nodes.url) as redis:
        async with ringing(redis, own_nodes.url, keys, "a") as calls:
            await calls.goes_on(more=20)
            for replica in own_nodes.replicas:
                await command(replica, "CLUSTER", "FAILOVER", "TAKEOVER")
            await calls.goes_on(more=60)
        assert calls.each_once
        assert await redis.get(keys.position(Partition(0)))


async def test_sentinels_promote_a_replica_and_nothing_that_was_promised_is_lost(tmp_path: Path, keys: Keys) -> None:
    async with sentinels(tmp_path) as servers, connect(servers.url) as redis:
        async with ringing(redis, servers.url, keys, "a", "b") as calls:
            await calls.goes_on(more=20)
            servers.master.kill()
            await servers.promoted()
            # Nobody is left to confirm: from now on its reply has to do.
            calls.callers.require_nothing()
            await calls.goes_on(more=60)
        assert calls.callers.refused
        assert calls.each_once


@pytest.mark.soak
async def test_a_master_that_is_demoted_while_it_lives_is_left_by_reads_and_writes(tmp_path: Path, keys: Keys) -> None:
    async with sentinels(tmp_path) as servers, connect(servers.url) as redis:
        async with ringing(redis, servers.url, keys, "a") as calls:
            await calls.goes_on(more=20)
            await command(servers.sentinels[0], "SENTINEL", "FAILOVER", Sentinels.SERVICE)
            await servers.promoted()
            await calls.goes_on(more=60)
        assert (await redis.info("replication"))["role"] == "master"
        # What only the old master had is decided again, and sent under the same ids or others.
        assert answered(calls.bench).keys() >= set(calls.callers.promised)


async def test_a_promoted_replica_that_lacks_what_was_decided_is_said(tmp_path: Path, keys: Keys) -> None:
    async with sentinels(tmp_path) as servers, connect(servers.url) as redis:
        await settle_topology(redis, keys, PARTITIONS)
        bench = Bench(redis, servers.url, keys)
        async with bench.worker("a", lease_secs=LEASE_SECS) as a:
            await until(lambda: len(a.held) == PARTITIONS)
            await bench.ring("kept")
            await until(lambda: "kept" in answered(bench))
            where = bench.log.partition_of(Address("default", "call", "kept"))
            await until_so(lambda: _same(servers, keys, where))
            # Nobody listens there: it hears of nothing more, and the Sentinels set that right only after some seconds.
            await command(servers.replica, "REPLICAOF", "127.0.0.1", 1)
            for number in range(PARTITIONS * 4):
                await bench.ring(f"lost-{number}")
            await until(lambda: len(answered(bench)) == PARTITIONS * 4 + 1)
            servers.master.kill()
            await servers.promoted()
            await until(lambda: a.metrics.regressions._value.get() > 0, secs=30)
            await until(lambda: len(a.held) == PARTITIONS, secs=30)
            with anyio.fail_after(30):
                while True:
                    try:
                        await bench.ring("after")
                    except LogUnavailableError:
                        await anyio.sleep(0.05)
                    else:
                        break
            await until(lambda: "after" in answered(bench), secs=30)


async def _same(servers: Sentinels, keys: Keys, partition: Partition) -> bool:
    one, other = [
        await command(server, "GET", keys.position(partition)) for server in (servers.master, servers.replica)
    ]
    return one == other and one is not None


@pytest.mark.soak
async def test_a_cluster_changes_its_masters_ten_times_under_load(own_nodes: Cluster, keys: Keys) -> None:
    async with connect(own_nodes.url) as redis:
        async with ringing(redis, own_nodes.url, keys, "a", "b") as calls:
            masters, replicas = own_nodes.masters, own_nodes.replicas
            for number in range(10):
                await calls.goes_on(more=40)
                place = number % 3
                await command(replicas[place], "CLUSTER", "FAILOVER")
                await until_so(lambda: _is_master(replicas[place]))  # noqa: B023  # called here only
                masters[place], replicas[place] = replicas[place], masters[place]
            await calls.goes_on(more=40)
        assert calls.each_once


async def _is_master(server: PrivateRedis) -> bool:
    reply = await command(server, "ROLE")
    return isinstance(reply, list) and reply[0] == b"master"
