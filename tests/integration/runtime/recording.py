"""A recorder inside a test, on a log that a centre has written."""

from __future__ import annotations

from redis.asyncio import Redis

from ingress.log import Keys, Partition
from tests.integration.runtime.conftest import PARTITIONS
from worker.records.model import AgentStateChange, InteractionRecord, Record
from worker.runtime.journal import Journal
from worker.runtime.lease import Leases
from worker.runtime.metrics import Metrics
from worker.runtime.recording.keys import RecordKeys
from worker.runtime.recording.reader import Together
from worker.runtime.recording.recorder import Recorder
from worker.runtime.recording.store import RecordStore
from worker.runtime.snapshots import Snapshots

#: Later than anything that settles.
FAR_MS = 3_600_000


class Stopped(Together):
    """A log of which nobody decides any more: what is not decided never will be."""

    async def known_ms(self, now_ms: int) -> int:
        return now_ms


class Recording:
    """The records under one prefix, and who writes them."""

    def __init__(self, redis: Redis, keys: Keys, name: str = "") -> None:
        self._redis = redis
        self._log = keys
        self.keys = RecordKeys(f"{keys.prefix}{name}")
        self.store = RecordStore(redis, self.keys)
        self.now_ms = 0

    async def recorder(self, owner: str = "r", store: RecordStore | None = None) -> Recorder:
        """Take the lease, whoever has it, and begin."""
        await self._redis.delete(self.keys.lease(Partition(0)))
        lease = await Leases(self._redis, self.keys, owner, ttl_secs=30).acquire(Partition(0))
        assert lease is not None
        journal, snapshots = Journal(self._redis, self._log), Snapshots(self._redis, self._log)
        together = Stopped(journal, snapshots, PARTITIONS, slack_ms=0)
        recorder = Recorder(lease, store or self.store, together, now_ms=lambda: self.now_ms, metrics=Metrics())
        await recorder.recover()
        return recorder

    async def write(self) -> list[Record]:
        """Write all records of what the log holds now, as if an hour had gone by, and return all that there are."""
        self.now_ms = await self.present_ms() + FAR_MS
        recorder = await self.recorder()
        while await recorder.advance():
            pass
        return await self.all()

    async def present_ms(self) -> int:
        seconds, micros = await self._redis.time()
        return int(seconds) * 1000 + int(micros) // 1000

    async def all(self) -> list[Record]:
        return [kept.record async for kept in self.store.records()]


def callers(records: list[Record]) -> list[InteractionRecord]:
    return [record for record in records if isinstance(record, InteractionRecord)]


def changes(records: list[Record], agent: str) -> list[AgentStateChange]:
    return [r for r in records if isinstance(r, AgentStateChange) and r.agent == agent]
