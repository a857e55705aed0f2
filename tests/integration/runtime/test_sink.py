"""Databases hold each record once, in its last revision, whatever ended their writers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from ingress.errors import ConfigError
from ingress.log import Keys, Partition
from worker.records.book import Book
from worker.records.model import AgentStateChange, InteractionRecord, Record
from worker.runtime.lease import Leases
from worker.runtime.metrics import Metrics
from worker.runtime.recording.keys import RecordKeys
from worker.runtime.recording.sink import Sink, SinkError, driven
from worker.runtime.recording.store import RecordStore, decode_record

CALLER = InteractionRecord(
    id="r1", revision=1, tenant="t", call="c1", legs=("c1",), number="+1555", dialled="+1312", rang_ms=1, answered_ms=2,
    ended_ms=3, result="answered", ended_by="caller", cause="normal_clearing", goals=(), stays=(), offers=(),
    conversations=(), deeds=(), recordings=(),
)  # fmt: skip
CHANGE = AgentStateChange("s1", "t", "alice", 2_000, "available", "offline", 1_000)


class Office:
    """Records in Redis, and a database that they go to."""

    def __init__(self, redis: Redis, keys: Keys, url: str) -> None:
        self.url, self.keys, self._redis = url, RecordKeys(keys.prefix), redis
        self.store = RecordStore(redis, self.keys)
        self._reached: int | None = None

    async def write(self, *records: Record) -> None:
        await self._redis.delete(self.keys.lease(Partition(0)))
        lease = await Leases(self._redis, self.keys, "w", ttl_secs=30).acquire(Partition(0))
        assert lease is not None
        before, self._reached = self._reached, (self._reached or 0) + 1
        await self.store.write(lease, before, self._reached, records, Book())

    def sink(self) -> Sink:
        return Sink(self.url, self.keys.prefix)

    @asynccontextmanager
    async def following(self) -> AsyncIterator[Metrics]:
        sink, metrics = self.sink(), Metrics()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(sink.follow, self.store, metrics)
                yield metrics
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await sink.close()

    async def rows(self, table: str) -> list[Record]:
        engine = create_async_engine(driven(self.url))
        try:
            async with engine.connect() as connection:
                found = await connection.execute(text(f"SELECT record FROM {table} WHERE tenant = 't' ORDER BY id"))
                return [decode_record(row[0].encode()) for row in found]
        finally:
            await engine.dispose()

    async def until(self, table: str, wanted: list[Record]) -> None:
        with anyio.fail_after(10):
            while await self.rows(table) != wanted:
                await anyio.sleep(0.02)


@pytest.fixture
async def office(redis: Redis, keys: Keys, database: str) -> Office:
    office = Office(redis, keys, database)
    sink = office.sink()
    await sink.prepare()
    await sink.close()
    return office


async def test_each_record_is_in_the_database_and_a_later_revision_replaces_it(office: Office) -> None:
    later = replace(CALLER, revision=2, result="voicemail")
    async with office.following():
        await office.write(CALLER, CHANGE)
        await office.until("interactions", [CALLER])
        await office.until("agent_states", [CHANGE])
        await office.write(later)
        await office.until("interactions", [later])


async def test_a_writer_that_begins_anew_goes_on_where_the_last_one_was(office: Office) -> None:
    await office.write(CALLER)
    async with office.following():
        await office.until("interactions", [CALLER])
    sink = office.sink()
    assert await sink.prepare() == await office.store.last()
    await sink.close()
    await office.write(CHANGE)
    async with office.following():
        await office.until("agent_states", [CHANGE])


async def test_a_transaction_that_fails_leaves_nothing_and_writing_again_changes_nothing(office: Office) -> None:
    later = replace(CALLER, revision=2)
    await office.write(CALLER, later, CHANGE)
    kept = await office.store.page("0-0", 10)
    sink = office.sink()
    await sink.prepare()
    broken = replace(kept[1], record=replace(later, number=None))
    with pytest.raises(SinkError):
        await sink.write([kept[0], broken])
    assert await office.rows("interactions") == []
    assert await sink.prepare() == "0-0"
    await sink.write(kept)
    await sink.write(kept[:1])
    await sink.close()
    assert await office.rows("interactions") == [later]
    assert await office.rows("agent_states") == [CHANGE]


async def test_a_database_that_is_away_is_tried_again(redis: Redis, keys: Keys, tmp_path: Path) -> None:
    folder = tmp_path / "later"
    office = Office(redis, keys, f"sqlite:///{folder / 'records.db'}")
    await office.write(CALLER)
    async with office.following() as metrics:
        with anyio.fail_after(10):
            while metrics.registry.get_sample_value("switchhook_worker_sink_failures_total") == 0:
                await anyio.sleep(0.02)
        folder.mkdir()
        with anyio.fail_after(10):
            while not (folder / "records.db").exists():
                await anyio.sleep(0.02)
        await anyio.sleep(0.1)
        await office.until("interactions", [CALLER])


def test_an_address_of_another_kind_is_refused_without_being_repeated() -> None:
    with pytest.raises(ConfigError) as raised:
        driven("mysql://user:secret@host/db")
    assert "secret" not in str(raised.value)
