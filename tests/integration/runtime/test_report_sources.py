"""A report says the same of Redis, of a database, and of an archive; what is not all there is no report."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner, Result

from ingress.log import Keys, Partition
from tests.integration.runtime.conftest import PARTITIONS
from tests.integration.runtime.recording import Recording, Stopped
from tests.integration.runtime.test_lost_webhooks import at_rest, settings_of
from tests.integration.runtime.whole import whole
from worker.cli import app
from worker.console import sources
from worker.console.exits import Exit
from worker.records.book import Book
from worker.replay import recorded
from worker.runtime.archive import Archive
from worker.runtime.clock import RedisClock
from worker.runtime.journal import Journal
from worker.runtime.keeping import Keeper, Keeping
from worker.runtime.lease import Leases
from worker.runtime.metrics import Metrics
from worker.runtime.recording.awaited import Awaited
from worker.runtime.recording.sink import Sink
from worker.runtime.snapshots import Snapshots

DAY_MS = 24 * 3600 * 1000


class Office:
    """A centre's day that is over, in Redis, and wherever it was kept besides."""

    def __init__(self, redis: Redis, url: str, keys: Keys) -> None:
        self.redis, self.url, self.keys = redis, url, keys
        self.recording = Recording(redis, keys)

    async def to_database(self, database: str) -> None:
        """Let the recorder's database follow until it has all."""
        sink = Sink(database, self.keys.prefix)
        try:
            await sink.prepare()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(sink.follow, self.recording.store, Metrics())
                with anyio.fail_after(20):
                    while await sink.reached() is None:
                        await anyio.sleep(0.02)
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await sink.close()

    async def to_archive(self, archive: Path) -> int:
        """Archive and trim all that the log has; return how many events went."""
        snapshots, metrics, clock = Snapshots(self.redis, self.keys), Metrics(), RedisClock()
        clock.set(self.recording.now_ms)
        for number in range(PARTITIONS):
            lease = await Leases(self.redis, self.keys, "keeper", ttl_secs=30).acquire(Partition(number))
            assert lease is not None
            await Keeper(
                lease, Keeping(retention_secs=1, archive=archive), snapshots=snapshots, clock=clock, metrics=metrics,
                journal=Journal(self.redis, self.keys), awaited=Awaited(self.redis, self.keys.prefix),
            ).trim()  # fmt: skip
        return int(metrics.trimmed._value.get())

    async def drop(self, *, all_of_it: bool = True) -> None:
        """Drop the records from Redis, as for their age."""
        await self.redis.delete(self.recording.keys.lease(Partition(0)))
        lease = await Leases(self.redis, self.recording.keys, "r", ttl_secs=30).acquire(Partition(0))
        assert lease is not None
        reached = await self.recording.store.reached()
        drop = await self.recording.present_ms() + 1 if all_of_it else 1
        await self.recording.store.write(lease, reached, reached or 0, [], Book(), drop=str(drop))

    async def report(self, *words: str, by: str = "queue", day: int = 0, form: str = "csv") -> Result:
        """Ask for a day's report by the command."""
        date = (datetime.now(UTC) + timedelta(days=day)).date().isoformat()
        command = ["report", "--from", date, "--by", by, "--interval", "15min", "--format", form, *words]
        environment = {"SWITCHHOOK_REDIS_URL": self.url, "SWITCHHOOK_PREFIX": self.keys.prefix}
        return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(app, command, env=environment))

    async def told(self, *words: str, by: str = "queue") -> str:
        """Return a report that is told without a doubt."""
        found = await self.report(*words, by=by)
        assert found.exit_code == Exit.OK, found.output
        return found.stdout


@asynccontextmanager
async def day(redis: Redis, url: str, keys: Keys) -> AsyncIterator[Office]:
    async with whole(redis, url, keys, settings_of()) as centre:
        legs = [centre.ring(talk_secs=0.3) for _ in range(4)]
        hasty = [
            centre.emulator.actors.ring("+15550199", legs[0].to, patience_secs=0.7, talk_secs=0.3) for _ in range(3)
        ]
        with anyio.fail_after(30):
            while any(leg.alive for leg in (*legs, *hasty)):
                await anyio.sleep(0.02)
        await at_rest(centre, secs=60)
    office = Office(redis, url, keys)
    await office.recording.write()
    yield office


@pytest.fixture
async def office(redis: Redis, redis_url: str, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    async with day(redis, redis_url, keys) as office:
        # All is known up to the moment that the records go to.
        monkeypatch.setattr(recorded, "Together", Stopped)
        monkeypatch.setattr(sources, "now_ms", lambda: office.recording.now_ms)
        yield office


@pytest.mark.parametrize("by", ["queue", "agent"])
async def test_redis_a_database_and_an_archive_give_equal_tables(
    office: Office, database: str, tmp_path: Path, by: str
) -> None:
    await office.to_database(database)
    once = await office.told(by=by)
    assert once.count("\n") > 1
    assert await office.told("--database", database, by=by) == once
    assert await office.to_archive(tmp_path / "archive") > 0
    assert await office.told("--archive", str(tmp_path / "archive"), by=by) == once
    await office.drop()
    assert await office.told("--database", database, by=by) == once
    assert await office.told("--archive", str(tmp_path / "archive"), by=by) == once


async def test_what_redis_has_dropped_is_said_and_not_left_out(office: Office, database: str) -> None:
    once = await office.told()
    await office.drop(all_of_it=False)
    assert await office.told() == once
    await office.drop()
    refused = await office.report()
    assert refused.exit_code == Exit.NOT_FOUND
    assert refused.stdout == ""
    assert "records that were written up to" in refused.stderr
    assert "--database, --archive" in refused.stderr
    partial = await office.report("--partial")
    assert (partial.exit_code, partial.stdout) == (Exit.OK, "")
    assert "are not kept any more" in partial.stderr
    # Of a later day all that there is is there.
    assert (await office.report(day=2)).exit_code == Exit.OK
    # Nor does a database have it that begins now.
    await office.to_database(database)
    refused = await office.report("--database", database)
    assert refused.exit_code == Exit.NOT_FOUND
    assert "is in no record" in refused.stderr


async def test_an_archive_that_lacks_a_file_gives_no_report(office: Office, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    await office.to_archive(archive)
    files = [path for number in range(PARTITIONS) for path in Archive(archive).files(Partition(number))]
    files[0].unlink()
    refused = await office.report("--archive", str(archive))
    assert refused.exit_code == Exit.NOT_FOUND
    assert "is in no record" in refused.stderr
    assert (await office.report("--archive", str(archive), "--partial")).exit_code == Exit.OK


async def test_a_place_without_records_is_no_empty_report(
    redis_url: str, redis: Redis, keys: Keys, tmp_path: Path
) -> None:
    office = Office(redis, redis_url, keys)
    nobody = await office.report()
    assert nobody.exit_code == Exit.NOT_FOUND
    assert "no worker has run there yet" in nobody.stderr
    path = tmp_path / "none.db"
    absent = await office.report("--database", f"sqlite:///{path}")
    assert (absent.exit_code, path.exists()) == (Exit.USAGE, False)
    assert "there is no file" in absent.stderr
    both = await office.report("--database", "sqlite:///x", "--archive", str(tmp_path))
    assert "name one of them" in both.stderr
    (tmp_path / "empty.db").touch()
    empty = await office.report("--database", f"sqlite:///{tmp_path / 'empty.db'}")
    assert empty.exit_code == Exit.UNREACHABLE
    assert "no such table" in empty.stderr


async def test_that_the_records_are_behind_is_said_beside_the_report(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "now_ms", lambda: office.recording.now_ms + DAY_MS)
    found = await office.report()
    assert found.exit_code == Exit.OK
    assert "the records go up to" in found.stderr
    assert found.stdout
