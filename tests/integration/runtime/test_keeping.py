"""What is older than the retention is archived and trimmed, and nothing that is still needed."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from ingress.envelope import Address
from ingress.log import Keys
from tests.integration.runtime.conftest import PARTITIONS, Bench, until
from tests.integration.runtime.ground import DAY_MS, Ground, P, ground_on, ten_days
from worker.aggregates import machine
from worker.console.look import overview
from worker.decisions.decision import Quarantine
from worker.events.event import Event
from worker.events.intents import Release
from worker.events.webhooks import CallHold
from worker.ledger import forms, image
from worker.ledger.ledger import Ledger
from worker.runtime.archive import Archive, ArchiveError
from worker.runtime.journal import Journal, order_of
from worker.runtime.keeping import superfluous
from worker.runtime.snapshots import Snapshots, UnreadableSnapshotError


@pytest.fixture
async def ground(redis: Redis, keys: Keys) -> Ground:
    return await ground_on(redis, keys)


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


@pytest.mark.parametrize("released", [False, True])
async def test_a_log_begins_with_no_state_that_needs_an_event_before_it(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, released: bool
) -> None:
    fold = machine.fold

    def raising(state: machine.AggregateState, cause: Event) -> machine.AggregateState:
        if cause.address.id == "bad":
            raise ZeroDivisionError
        return fold(state, cause)

    async def day(number: int, call: str) -> None:
        name = await ground.event(now_ms - number * DAY_MS, call)
        await ground.snapshots.keep(ground.lease, image.take(ground.ledger, name, now_ms), [])

    now_ms = ground.clock.now_ms()
    await day(10, "c1")
    with monkeypatch.context() as broken:
        broken.setattr(machine, "fold", raising)
        await day(9, "bad")
        await day(8, "c2")
    if released:
        await ground.release(now_ms - 7 * DAY_MS, "bad")
    await ground.keeper(retention_secs=7.5 * 24 * 3600.0).trim()
    assert len(await ground.ids()) == (3 if released else 2)
    ledger, start = await ground.snapshots.beginning(P)
    assert start == f"{now_ms - 10 * DAY_MS}-0"
    async for event, decision in ground.journal.history(P, (await ground.ids())[-1], after=start):
        ledger.follow(event, decision.acts if decision else ())
    assert image.digest(ledger) == image.digest(ground.ledger)


@pytest.mark.parametrize("lost", [True, False], ids=["lost", "unreadable"])
async def test_a_snapshot_whose_quarantine_lacks_an_event_is_passed_over(ground: Ground, lost: bool) -> None:
    ledger, first = Ledger(P), await ground.event(1, "c1")
    await ground.snapshots.keep(ground.lease, image.take(ground.ledger, first, 1), [])
    waits = Event("2-0", "e2", Address("default", "call", "bad"), 2, 2, CallHold("bad"))
    ledger.follow(waits, (Quarantine("of the test"),))
    if not lost:
        await ground.redis.xadd(ground.keys.log(P), {"id": "x"}, id="2-0")
    await ground.snapshots.keep(ground.lease, image.take(ledger, "2-0", 2), [])
    found, start = await ground.snapshots.load(P, "2-0")
    assert (start, image.digest(found)) == (first, image.digest(ground.ledger))


async def test_no_snapshot_is_kept_of_a_past_that_this_release_cannot_bear(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(_: machine.AggregateState, __: Event) -> machine.AggregateState:
        raise ZeroDivisionError

    name = await ground.event(1, "c1")
    monkeypatch.setattr(machine, "fold", raising)
    ledger = Ledger(P)
    async for event, decision in ground.journal.history(P, name):
        ledger.follow(event, decision.acts if decision else ())
    for kept, each in enumerate((ledger, ground.ledger)):
        keeper = ground.keeper(events=1)
        keeper.note(each, name, 1)
        await keeper.finish(each, name)
        assert len(await ground.snapshots.ids(P)) == kept


async def test_a_log_begins_with_no_state_that_this_release_cannot_read(ground: Ground) -> None:
    ends = await ten_days(ground)
    await ground.redis.hset(ground.keys.snapshots(P), ends[5], b"nonsense")
    await ground.keeper(retention_secs=4.5 * 24 * 3600.0).trim()
    assert await ground.snapshots.trimmed(P) == ends[4]


async def test_a_trimmed_log_is_read_by_a_release_with_another_form_of_the_state(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = await ten_days(ground)
    await ground.keeper(retention_secs=4.5 * 24 * 3600.0).trim()
    monkeypatch.setattr(image, "_FINGERPRINT", "a later one")
    monkeypatch.setattr(forms, "STEPS", (forms.Step(),))
    ledger, start = await ground.snapshots.load(P, ends[-1])
    # Not from a snapshot that a release before has made of what it saw in the events.
    assert start == ends[5]
    async for event, decision in ground.journal.history(P, ends[-1], after=start):
        ledger.follow(event, decision.acts if decision else ())
    assert image.digest(ledger) == image.digest(ground.ledger)
    # A quiet partition, too, becomes smaller in time: this release reads those snapshots.
    await ground.keeper(retention_secs=2.5 * 24 * 3600.0).trim()
    assert await ground.snapshots.trimmed(P) == ends[7]


async def test_of_a_beginning_that_cannot_be_read_it_is_said_why_and_what_to_do(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = await ten_days(ground)
    with monkeypatch.context() as later:
        later.setattr(forms, "STEPS", (forms.Step(),))
        await ground.snapshots.keep(ground.lease, image.take(ground.ledger, ends[-1], 1), [])
        await ground.keeper(retention_secs=0.5 * 24 * 3600.0).trim()
    with pytest.raises(UnreadableSnapshotError) as said:
        await ground.snapshots.beginning(P)
    assert str(said.value) == (
        f"the log of partition 0 was trimmed up to {ends[-1]}, and the snapshot that it begins with cannot be read by "
        "this release: it is of form 2, and this release knows the forms up to 1. Start the release that made it, or a "
        "later one; if that cannot read it either, restore Redis from a copy"
    )


async def test_a_partition_that_has_become_quiet_is_trimmed_too(bench: Bench) -> None:
    address = Address("default", "call", "c1")
    where = bench.log.partition_of(address)
    await bench.append("call", "c1", Release("test"))
    async with bench.worker("a", crash=True) as a:
        await until(lambda: where in a.held and address in a.aggregates())
    snapshots = Snapshots(bench.redis, bench.keys)
    for name in await snapshots.ids(where):
        await bench.redis.hdel(bench.keys.snapshots(where), name)
    # Its only event is taken in by a recovery, and none comes after it.
    async with bench.worker("b", snapshot_secs=0.5, retention_hours=1 / 3600) as b:
        await until(lambda: where in b.held)
        with anyio.fail_after(10):
            while await bench.redis.xlen(bench.keys.log(where)):
                await anyio.sleep(0.05)
        assert address in b.aggregates()
    position = await Journal(bench.redis, bench.keys).position(where)
    assert await snapshots.trimmed(where) == position
    (look,) = [each for each in (await overview(bench.redis, bench.keys, PARTITIONS)).partitions if each.trimmed]
    assert (look.last, look.lag) == (position, 0)
    async with bench.worker("c") as c:
        await until(lambda: where in c.held and address in c.aggregates())
        await bench.append("call", "c1", Release("again"))
        await until(lambda: c.metrics.events.labels("call")._value.get() == 1)


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


async def test_it_is_said_once_that_the_folder_was_made(ground: Ground, tmp_path: Path) -> None:
    await ten_days(ground)
    folder = tmp_path / "disk" / "archive"
    with capture_logs() as said:
        await ground.keeper(retention_secs=8 * 24 * 3600.0, archive=folder).trim()
        await ground.keeper(retention_secs=4.5 * 24 * 3600.0, archive=folder).trim()
    assert [line["directory"] for line in said if line["event"] == "archive.made"] == [str(folder)]


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
