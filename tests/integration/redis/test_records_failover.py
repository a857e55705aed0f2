"""Each caller has one record, also when the Redis that has the records changes masters while they are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from redis.asyncio import Redis

from ingress.log import Keys, Partition
from ingress.redis_client import connect
from tests.integration.redis.servers import Cluster, sentinels
from tests.integration.redis.test_whole_centre import SETTINGS
from tests.integration.runtime.recording import callers
from tests.integration.runtime.test_lost_webhooks import at_rest, talking
from tests.integration.runtime.whole import Whole, whole
from worker.records import book
from worker.records.model import InteractionRecord
from worker.runtime.errors import UnavailableError
from worker.runtime.metrics import Metrics
from worker.runtime.recording.keys import RecordKeys
from worker.runtime.recording.role import RecorderRole
from worker.runtime.recording.store import RecordStore
from worker.settings import WorkerSettings
from worker.testing.emulator.legs import Leg

#: A record is whole so long after the last thing that was heard.
SETTLE_MS = 500
#: A failover takes seconds, and what stands still then holds the records up.
PATIENCE_SECS = 90.0


class Centre:
    """A centre, its recorders, and what they have written."""

    def __init__(self, whole: Whole, store: RecordStore) -> None:
        self.whole = whole
        self.store = store
        self.legs: list[Leg] = []

    def rings(self, count: int, *, talk_secs: float = 0.2) -> list[Leg]:
        """So many callers ring."""
        rung = [self.whole.ring(talk_secs=talk_secs) for _ in range(count)]
        self.legs += rung
        return rung

    async def records(self) -> list[InteractionRecord]:
        """Return what there is; nothing while Redis does not answer."""
        try:
            return callers([kept.record async for kept in self.store.records()])
        except UnavailableError:
            return []

    async def recorded(self, legs: list[Leg]) -> None:
        """Wait until each of these callers has a record."""
        wanted = {leg.id for leg in legs}
        with anyio.fail_after(PATIENCE_SECS):
            while not wanted <= {record.call for record in await self.records()}:
                await anyio.sleep(0.05)


@asynccontextmanager
async def recorded(redis: Redis, url: str, keys: Keys) -> AsyncIterator[Centre]:
    """Run a centre with two who may be the recorder; in the end each caller has one record, and it is right."""
    store = RecordStore(redis, RecordKeys(keys.prefix))
    async with whole(redis, url, keys, SETTINGS) as running, anyio.create_task_group() as tasks:
        for name in ("w1", "w2"):
            settings = WorkerSettings(redis_url=url, policy="", prefix=keys.prefix, worker_id=name, lease_secs=2)
            tasks.start_soon(RecorderRole(settings, redis, Metrics(), now_ms=running.worker.now_ms).run)
        centre = Centre(running, store)
        yield centre
        with anyio.fail_after(PATIENCE_SECS):
            while any(leg.alive for leg in centre.legs):
                await anyio.sleep(0.05)
        await at_rest(running, secs=PATIENCE_SECS)
        await centre.recorded(centre.legs)
        tasks.cancel_scope.cancel()
    found = await centre.records()
    assert {record.call for record in found} == {leg.id for leg in centre.legs}
    assert len({record.id for record in found}) == len(centre.legs)
    assert set(Counter((record.id, record.revision) for record in found).values()) == {1}
    newest = {record.id: record for record in sorted(found, key=lambda record: record.revision)}
    assert {record.result for record in newest.values()} == {"answered"}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have records written soon after their callers have gone."""
    monkeypatch.setattr(book, "SETTLE_MS", SETTLE_MS)


async def talk(centre: Centre, legs: list[Leg]) -> None:
    """Wait until these callers talk with agents."""
    with anyio.fail_after(30):
        while not all(talking(centre.whole, leg) for leg in legs):
            await anyio.sleep(0.02)


async def test_each_caller_has_one_record_when_a_cluster_loses_the_master_that_has_the_records(
    own_nodes: Cluster, keys: Keys
) -> None:
    async with connect(own_nodes.url) as redis, recorded(redis, own_nodes.url, keys) as centre:
        await centre.recorded(centre.rings(3))
        # Two talk while the records' place is lost, and end while it is found again.
        await talk(centre, centre.rings(2, talk_secs=2))
        await own_nodes.lose(RecordKeys(keys.prefix).records())
        centre.rings(3)


async def test_each_caller_has_one_record_when_a_cluster_loses_a_master_that_has_the_log(
    own_nodes: Cluster, keys: Keys
) -> None:
    async with connect(own_nodes.url) as redis, recorded(redis, own_nodes.url, keys) as centre:
        await centre.recorded(centre.rings(3))
        await talk(centre, centre.rings(2, talk_secs=2))
        await own_nodes.lose(keys.log(Partition(0)))
        centre.rings(3)


async def test_each_caller_has_one_record_when_sentinels_promote_a_replica(tmp_path: Path, keys: Keys) -> None:
    async with (
        sentinels(tmp_path) as servers,
        connect(servers.url) as redis,
        recorded(redis, servers.url, keys) as centre,
    ):
        await centre.recorded(centre.rings(3))
        await talk(centre, centre.rings(2, talk_secs=2))
        servers.master.kill()
        await servers.promoted()
        centre.rings(3)
