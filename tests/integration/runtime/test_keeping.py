"""What is older than the retention is archived and trimmed, and nothing that is still needed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import cast

import pytest
from redis.asyncio import Redis

from ingress.envelope import Address, LogEntry
from ingress.log import Keys, Partition, encode_entry
from tests.integration.runtime.conftest import NUMBER
from worker.decisions.decision import Decision
from worker.events.event import read_event
from worker.ledger import image
from worker.ledger.ledger import Ledger
from worker.policy.model import Policy
from worker.runtime.archive import Archive, ArchiveError
from worker.runtime.clock import RedisClock
from worker.runtime.journal import Entries, Journal, order_of
from worker.runtime.keeping import Keeper, Keeping, superfluous
from worker.runtime.lease import Lease, Leases
from worker.runtime.metrics import Metrics
from worker.runtime.snapshots import Snapshots
from worker.testing.centre import small_tenant

P = Partition(0)
POLICY = Policy({"default": small_tenant()})
DAY_MS = 24 * 3600 * 1000
RINGS = (
    '{"data":{"event_type":"call.initiated","id":"%s","payload":{"call_control_id":"%s","direction":"incoming",'
    '"state":"parked","to":"' + NUMBER + '"}}}'
)


class Ground:
    """A partition with a log that somebody else has written, a day after the other."""

    def __init__(self, redis: Redis, keys: Keys, lease: Lease) -> None:
        self.redis, self.keys, self.lease = redis, keys, lease
        self.journal = Journal(redis, keys)
        self.snapshots = Snapshots(redis, keys)
        self.ledger = Ledger(P)
        self.metrics = Metrics()
        self.clock = RedisClock()
        self.clock.set(int(time.time() * 1000))

    async def event(self, at_ms: int, call: str) -> str:
        raw = (RINGS % (f"i-{call}", call)).encode()
        entry = LogEntry(f"i-{call}", Address("default", "call", call), "webhook", at_ms, raw)
        fields = encode_entry(entry)
        name = f"{at_ms}-0"
        await self.redis.xadd(self.keys.log(P), dict(zip(fields[::2], fields[1::2], strict=True)), id=name)
        taken = self.ledger.decide(read_event(name, entry), POLICY)
        await self.journal.commit(self.lease, name, [(name, Decision(entry.address, taken.acts))])
        return name

    def keeper(self, **keeping: object) -> Keeper:
        return Keeper(
            self.lease,
            Keeping(**keeping),  # type: ignore[arg-type]
            snapshots=self.snapshots,
            journal=self.journal,
            clock=self.clock,
            metrics=self.metrics,
        )

    async def ids(self) -> list[str]:
        return [name.decode() for name, _ in cast("Entries", await self.redis.xrange(self.keys.log(P)))]


@pytest.fixture
async def ground(redis: Redis, keys: Keys) -> Ground:
    lease = await Leases(redis, keys, "w", ttl_secs=30).acquire(P)
    assert lease is not None
    return Ground(redis, keys, lease)


async def ten_days(ground: Ground) -> list[str]:
    """Write ten days of two calls each, with a snapshot at the end of each; return the last event of each day."""
    now_ms = ground.clock.now_ms()
    ends = []
    for day in range(10, 0, -1):
        at_ms = now_ms - day * DAY_MS
        await ground.event(at_ms, f"c{day}a")
        ends.append(await ground.event(at_ms + 1000, f"c{day}b"))
        await ground.snapshots.keep(ground.lease, image.take(ground.ledger, ends[-1], at_ms), [])
    return ends


async def test_what_is_older_than_the_retention_goes_and_the_state_stays(ground: Ground, tmp_path: Path) -> None:
    ends = await ten_days(ground)
    before = image.digest(ground.ledger)
    whole = await ground.ids()
    await ground.keeper(retention_secs=4.5 * 24 * 3600.0, archive=tmp_path).trim()
    assert await ground.snapshots.trimmed(P) == ends[5]
    assert await ground.ids() == [name for name in whole if order_of(name) > order_of(ends[5])]
    ledger, start = await ground.snapshots.beginning(P)
    assert start == ends[5]
    async for event, decision in ground.journal.history(P, ends[-1], after=start):
        ledger.follow(event, decision.acts if decision else ())
    assert image.digest(ledger) == before
    archive = Archive(tmp_path)
    archived = [event for path in archive.files(P) for event in archive.read(path).events]
    assert [event.id for event in archived] == [name for name in whole if order_of(name) <= order_of(ends[5])]
    assert all(event.decision for event in archived)
    assert len(archive.files(P)) == 6


async def test_without_a_retention_nothing_goes(ground: Ground) -> None:
    await ten_days(ground)
    await ground.keeper(retention_secs=0.0).trim()
    assert len(await ground.ids()) == 20


async def test_nothing_goes_that_cannot_be_archived(ground: Ground, tmp_path: Path) -> None:
    await ten_days(ground)
    (tmp_path / "file").write_text("in the way")
    await ground.keeper(retention_secs=1.0, archive=tmp_path / "file").trim()
    assert len(await ground.ids()) == 20
    assert ground.metrics.archive_failures._value.get() == 1


async def test_archiving_goes_on_where_it_stopped_and_repeats_nothing(ground: Ground, tmp_path: Path) -> None:
    await ten_days(ground)
    keeper = ground.keeper(retention_secs=8 * 24 * 3600.0, archive=tmp_path)
    await keeper.trim()
    await ground.redis.delete(ground.keys.trimmed(P))
    await ground.keeper(retention_secs=4.5 * 24 * 3600.0, archive=tmp_path).trim()
    archive = Archive(tmp_path)
    names = [event.id for path in archive.files(P) for event in archive.read(path).events]
    assert names == sorted(set(names), key=order_of)
    assert len(names) == 12


async def test_a_damaged_file_of_the_archive_is_named(ground: Ground, tmp_path: Path) -> None:
    await ten_days(ground)
    await ground.keeper(retention_secs=9.5 * 24 * 3600.0, archive=tmp_path).trim()
    archive = Archive(tmp_path)
    (path,) = archive.files(P)
    raw = path.read_bytes()
    for damaged in (raw[:-9], raw[:20] + b"\x00" + raw[21:], b""):
        path.write_bytes(damaged)
        with pytest.raises(ArchiveError, match=path.name.split("_", maxsplit=1)[0]):
            archive.read(path)


def test_snapshots_are_kept_spread_over_the_retention() -> None:
    known = [f"{hour * 3_600_000}-0" for hour in range(1, 101)]
    drop = superfluous(known, "5-0", 80 * 3_600_000)
    kept = [name for name in known if name not in drop]
    assert kept[-1] == known[-1]
    assert kept[:3] == ["3600000-0", "39600000-0", "75600000-0"]
    assert superfluous(known[:1], "0-0", 0) == []
    assert superfluous(known[:3], known[0], 0) == [known[1]]
