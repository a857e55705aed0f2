"""What waits for an aggregate in quarantine stays in the log, and is read again when it is released."""

from __future__ import annotations

from typing import cast

import anyio
import pytest

from ingress.envelope import Address
from ingress.log import Partition
from tests.integration.runtime.conftest import Bench, until
from worker.aggregates.call.state import Call
from worker.events.intents import Release
from worker.ledger import image
from worker.replay.source import LogReader
from worker.runtime import partition as partition_module
from worker.runtime.journal import Entries, Journal
from worker.runtime.worker import Worker

CALL = Address("default", "call", "c1")
DTMF = 6


@pytest.fixture(autouse=True)
def few_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold two events in memory."""
    monkeypatch.setattr(partition_module, "MOST_HELD", 2)


async def hook(bench: Bench, event_type: str) -> None:
    body = f'{{"data":{{"event_type":"{event_type}","payload":{{"call_control_id":"{CALL.id}"}}}}}}'
    await bench.webhook(CALL, body.encode())


async def events(bench: Bench) -> None:
    """Append an event that raises, and more than are held; the last of them is one that shows in the state."""
    await hook(bench, "call.hold")
    for _ in range(DTMF):
        await hook(bench, "call.dtmf.received")
    await hook(bench, "call.answered")


async def agrees(bench: Bench, worker: Worker, where: Partition) -> None:
    """Wait until all is decided, and hold the owner's state against the log's."""
    journal = Journal(bench.redis, bench.keys)
    with anyio.fail_after(10):
        while worker.pending(where) or await journal.last_id(where) != await journal.position(where):
            await anyio.sleep(0.02)
    replayed, _ = await LogReader(bench.redis, bench.keys).state(where)
    assert image.digest(worker.ledgers()[where]) == image.digest(replayed)


def answered(worker: Worker, where: Partition) -> bool:
    state = worker.ledgers()[where].aggregates.get(CALL)
    return isinstance(state, Call) and state.answered_ms is not None


async def test_only_the_first_are_in_memory_and_a_release_takes_in_all(bench: Bench, poison: list[type]) -> None:
    where = bench.log.partition_of(CALL)
    await events(bench)
    async with bench.worker("a") as a:
        await until(lambda: where in a.held and CALL in a.ledgers()[where].quarantined)
        aside = a.ledgers()[where].quarantined[CALL]
        await until(lambda: aside.events == 2 + DTMF)
        assert len(aside.held) == 2
        await agrees(bench, a, where)
    # From the snapshot that was kept at the end: no more is read into memory.
    async with bench.worker("b") as b:
        await until(lambda: where in b.held and CALL in b.ledgers()[where].quarantined)
        aside = b.ledgers()[where].quarantined[CALL]
        assert (len(aside.held), aside.events) == (2, 2 + DTMF)
        await bench.append("call", CALL.id, Release("test", without=aside.held[0].id))
        await until(lambda: answered(b, where))
        assert not b.quarantined
        await agrees(bench, b, where)
    # And a recovery reads them again, too.
    for name in await bench.redis.hkeys(bench.keys.snapshots(where)):
        await bench.redis.hdel(bench.keys.snapshots(where), name)
    async with bench.worker("c") as c:
        await until(lambda: where in c.held and answered(c, where))
        await agrees(bench, c, where)


async def test_a_release_in_the_same_batch_finds_what_waits_for_it(bench: Bench, poison: list[type]) -> None:
    where = bench.log.partition_of(CALL)
    await events(bench)
    first = cast("Entries", await bench.redis.xrange(bench.keys.log(where)))[0][0].decode()
    await bench.append("call", CALL.id, Release("test", without=first))
    async with bench.worker("a") as a:
        await until(lambda: where in a.held and answered(a, where))
        assert not a.quarantined
        await agrees(bench, a, where)
