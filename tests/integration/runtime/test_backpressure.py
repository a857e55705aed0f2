"""What waits is bounded: a partition with too many commands under way reads no further, and says that it is behind."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import aiohttp
import anyio

from ingress.envelope import Address
from ingress.log import Partition
from tests.integration.runtime.conftest import PARTITIONS, Bench, until
from worker.commands import command as c
from worker.runtime.health import serve_health
from worker.runtime.watch import FORGOTTEN_SECS

MOST = 3
LAG_SECS = 0.05


def callers(bench: Bench, where: Partition) -> Iterator[str]:
    """Yield callers whose events are in one partition."""
    names = (f"c{number}" for number in itertools.count())
    return (name for name in names if bench.log.partition_of(Address("default", "call", name)) == where)


async def test_a_partition_reads_no_further_while_too_many_of_its_commands_wait(bench: Bench) -> None:
    where = Partition(3)
    names = list(itertools.islice(callers(bench, where), 10))
    bench.phone.open = anyio.Event()
    async with bench.worker("a", max_waiting_commands=MOST, lag_secs=LAG_SECS) as a:
        for name in names[:MOST]:
            await bench.ring(name)
        await until(lambda: len(bench.phone.sent) == MOST)
        await until(lambda: a.metrics.crowded._value.get() == 1)
        for name in names[MOST:]:
            await bench.ring(name)
        await until(lambda: a.watch.lagging == {where})
        assert len(a.aggregates()) == MOST
        bench.phone.open.set()
        await until(lambda: len(a.aggregates()) == len(names))
        await until(lambda: not a.watch.lagging)
        await until(lambda: not a.pending(where))
        assert a.metrics.crowded._value.get() == 0
    answers = [name for name, _, _ in bench.phone.sent]
    assert len(answers) == len(set(answers)) == len(names)


async def test_a_partition_that_is_crowded_does_not_hold_up_the_others(bench: Bench) -> None:
    bench.phone.open = anyio.Event()
    async with bench.worker("a", max_waiting_commands=MOST, lag_secs=LAG_SECS) as a:
        for name in itertools.islice(callers(bench, Partition(3)), MOST + 1):
            await bench.ring(name)
        await until(lambda: a.metrics.crowded._value.get() == 1)
        other = next(callers(bench, Partition(4)))
        await bench.ring(other)
        await until(lambda: any(command == c.Answer(other) for _, command, _ in bench.phone.sent))
        bench.phone.open.set()


async def test_a_crowded_partition_is_handed_over_all_the_same(bench: Bench) -> None:
    where = Partition(3)
    bench.phone.open = anyio.Event()
    names = list(itertools.islice(callers(bench, where), MOST + 2))
    async with bench.worker("a", drain_secs=0.1, max_waiting_commands=MOST, lag_secs=LAG_SECS) as a:
        for name in names:
            await bench.ring(name)
        await until(lambda: a.metrics.crowded._value.get() == 1)
    bench.phone.open.set()
    async with bench.worker("b") as b:
        await until(lambda: len(b.aggregates()) == len(names))
        await until(lambda: not b.pending(where))


async def test_readiness_says_how_many_partitions_are_behind_and_stays_ready(bench: Bench) -> None:
    bench.phone.open = anyio.Event()
    async with bench.worker("a", max_waiting_commands=MOST, lag_secs=LAG_SECS) as a:
        await a.ready.wait()
        for name in itertools.islice(callers(bench, Partition(3)), MOST + 1):
            await bench.ring(name)
        await until(lambda: len(a.watch.lagging) == 1)
        async with (
            serve_health(a, a.metrics, host="127.0.0.1", port=0) as port,
            aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
        ):
            async with client.get("/health/ready") as answer:
                assert answer.status == 200
                assert (await answer.json())["lagging"] == 1
            async with client.get("/metrics") as answer:
                assert "switchhook_worker_lagging_partitions 1.0" in await answer.text()
        bench.phone.open.set()


async def test_an_idle_worker_is_not_behind_and_has_forgotten_nothing(bench: Bench) -> None:
    async with bench.worker("a") as a:
        await bench.ring("c1")
        await until(lambda: bench.phone.kinds() == ["answer"])
        await until(lambda: not any(a.pending(Partition(number)) for number in range(PARTITIONS)))
        await until(lambda: a.metrics.oldest_event_secs._value.get() == 0)
        assert a.metrics.oldest_command_secs._value.get() < FORGOTTEN_SECS
        assert a.metrics.forgotten._value.get() == 0
        assert not a.watch.lagging
