"""A log that was trimmed is shown from its beginning on, or from the archive's; no gap is unsaid."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import anyio.to_thread
import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner, Result

from ingress.log import Keys, settle_topology
from tests.integration.runtime.ground import Ground, P, ground_on, ten_days
from worker.cli import app
from worker.console.archives import examine, files_of
from worker.console.exits import Exit
from worker.console.verify import Verifier
from worker.ledger import image
from worker.replay.past import Gap
from worker.replay.source import Follower, LogReader, TrimmedMeanwhileError
from worker.runtime.archive import Archive, ArchiveError
from worker.runtime.journal import order_of

RETENTION_SECS = 4.5 * 24 * 3600.0
DAY_SECS = 24 * 3600.0


@pytest.fixture
async def ground(redis: Redis, keys: Keys) -> Ground:
    await settle_topology(redis, keys, 1)
    return await ground_on(redis, keys)


@pytest.fixture
def reader(ground: Ground) -> LogReader:
    return LogReader(ground.redis, ground.keys)


async def switchhook(redis_url: str, keys: Keys, *arguments: str) -> Result:
    environment = {"SWITCHHOOK_REDIS_URL": redis_url, "SWITCHHOOK_PREFIX": keys.prefix}
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(app, list(arguments), env=environment))


async def test_steps_begin_with_the_state_that_the_log_begins_with(ground: Ground, reader: LogReader) -> None:
    ends = await ten_days(ground)
    whole = [step async for step in reader.steps(P)]
    await ground.keeper(retention_secs=RETENTION_SECS).trim()
    assert [step async for step in reader.steps(P)] == whole[12:]
    ledger, position = await reader.state(P)
    assert (image.digest(ledger), position) == (image.digest(ground.ledger), ends[-1])


async def test_with_the_archive_nothing_is_missing_and_nothing_comes_twice(
    ground: Ground, reader: LogReader, tmp_path: Path
) -> None:
    await ten_days(ground)
    whole = [step async for step in reader.steps(P)]
    gaps: list[Gap] = []
    await ground.keeper(retention_secs=8.5 * DAY_SECS, archive=tmp_path).trim()
    await ground.keeper(retention_secs=RETENTION_SECS, archive=tmp_path).trim()
    assert [step async for step in reader.steps(P, archive=tmp_path, gap=gaps.append)] == whole
    assert gaps == []


async def test_what_is_archived_and_not_trimmed_comes_once(ground: Ground, reader: LogReader, tmp_path: Path) -> None:
    await ten_days(ground)
    whole = [step async for step in reader.steps(P)]
    keeper = ground.keeper(retention_secs=RETENTION_SECS, archive=tmp_path)
    ground.lease.drop()
    await ground.redis.set(ground.keys.lease(P), "other:9")
    with pytest.raises(Exception, match="has another owner"):
        await keeper.trim()
    assert Archive(tmp_path).files(P)
    gaps: list[Gap] = []
    assert [step async for step in reader.steps(P, archive=tmp_path, gap=gaps.append)] == whole
    assert gaps == []


async def test_gaps_are_said_with_their_ends(ground: Ground, reader: LogReader, tmp_path: Path) -> None:
    ends = await ten_days(ground)
    whole = [step async for step in reader.steps(P)]
    await ground.keeper(retention_secs=RETENTION_SECS, archive=tmp_path).trim()
    first, _, third, *_, last = Archive(tmp_path).files(P)
    for lost in (first, third, last):
        lost.unlink()
    gaps: list[Gap] = []
    steps = [step async for step in reader.steps(P, archive=tmp_path, gap=gaps.append)]
    assert gaps == [Gap("0-0", ends[0]), Gap(ends[1], ends[2]), Gap(ends[4], ends[5])]
    days = [1, 3, 4, 6, 7, 8, 9]
    assert [step.event.id for step in steps] == [whole[2 * day + half].event.id for day in days for half in (0, 1)]
    assert steps[-8:] == whole[-8:]
    found = examine(tmp_path)
    assert (found.files, found.events) == (3, 6)
    assert [problem.partition(": ")[2] for problem in found.problems] == [
        f"events from the first on up to {ends[0]} of partition 0 are missing",
        f"events after {ends[1]} up to {ends[2]} of partition 0 are missing",
    ]


async def test_a_log_that_is_trimmed_while_it_is_read_is_not_taken_for_whole(ground: Ground, reader: LogReader) -> None:
    await ten_days(ground)
    with pytest.raises(TrimmedMeanwhileError, match="ask again"):
        async for _ in reader.steps(P):
            await ground.keeper(retention_secs=RETENTION_SECS).trim()


async def test_a_follower_goes_on_from_the_beginning_of_a_trimmed_log(ground: Ground, reader: LogReader) -> None:
    behind = Follower(reader, P)
    await ten_days(ground)
    await ground.keeper(retention_secs=RETENTION_SECS).trim()
    new = await behind.catch_up()
    assert len(new) == 8
    assert image.digest(behind.ledger) == image.digest(ground.ledger)
    assert await behind.catch_up() == []


async def test_a_trimmed_partition_is_verified_from_its_beginning(ground: Ground) -> None:
    await ten_days(ground)
    await ground.keeper(retention_secs=RETENTION_SECS).trim()
    await ground.redis.delete(ground.keys.lease(P))
    verdict = await Verifier(ground.redis, ground.keys, wait_secs=1).verify(P)
    assert (verdict.events, verdict.aggregates, verdict.snapshot) == (8, 20, [])


async def test_replay_says_where_the_log_begins_and_reads_the_archive(
    ground: Ground, redis_url: str, tmp_path: Path
) -> None:
    ends = await ten_days(ground)
    await ground.keeper(retention_secs=RETENTION_SECS, archive=tmp_path).trim()
    shown = await switchhook(redis_url, ground.keys, "replay", "0")
    assert shown.exit_code == Exit.OK, shown.output
    assert f"({ends[5]}); older events are in the archive" in shown.output.splitlines()[0]
    assert shown.output.count("call initiated") == 8
    shown = await switchhook(redis_url, ground.keys, "replay", "0", "--archive", str(tmp_path))
    assert shown.exit_code == Exit.OK, shown.output
    assert shown.output.count("call initiated") == 20
    assert "gap" not in shown.output
    Archive(tmp_path).files(P)[0].unlink()
    shown = await switchhook(redis_url, ground.keys, "replay", "call:c5a", "--archive", str(tmp_path))
    assert f"({ends[0]}) are neither in the archive nor in the log)" in shown.output.splitlines()[0]


async def test_the_archive_is_listed_and_verified(ground: Ground, redis_url: str, tmp_path: Path) -> None:
    await ten_days(ground)
    await ground.keeper(retention_secs=RETENTION_SECS, archive=tmp_path).trim()
    files = list(files_of(tmp_path))
    assert all(order_of(one.last) < order_of(other.first) for one, other in pairwise(files))
    assert len(files) == 6
    assert files[0].bytes > 0
    listed = await switchhook(redis_url, ground.keys, "archive", "list", str(tmp_path))
    assert listed.exit_code == Exit.OK
    assert all(each.path in listed.output for each in files)
    good = await switchhook(redis_url, ground.keys, "archive", "verify", str(tmp_path))
    assert (good.exit_code, good.output) == (Exit.OK, "6 files, 12 events, no problems\n")
    damaged, next_day = Archive(tmp_path).files(P)[2:4]
    damaged.write_bytes(damaged.read_bytes()[:-5])
    bad = await switchhook(redis_url, ground.keys, "archive", "verify", str(tmp_path))
    assert bad.exit_code == Exit.BROKEN
    assert str(damaged) in bad.output
    assert ", 1 problem\n" in bad.output
    next_day.replace(damaged.with_name(damaged.name.replace("-0_", "-7_")))
    assert any("it was renamed" in problem for problem in examine(tmp_path).problems)


def test_a_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="SWITCHHOOK_ARCHIVE"):
        examine(tmp_path / "nowhere")
