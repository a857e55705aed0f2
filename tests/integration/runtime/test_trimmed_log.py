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


async def switchhook(redis_url: str, keys: Keys, *arguments: str, **more: str) -> Result:
    environment = {"SWITCHHOOK_REDIS_URL": redis_url, "SWITCHHOOK_PREFIX": keys.prefix, **more}
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
    assert f"({ends[0]}) are neither in the archive nor in the log)" in shown.stdout.splitlines()[0]
    assert "call initiated" in shown.stdout
    assert shown.exit_code == Exit.BROKEN
    assert shown.stderr == "switchhook: the history is not whole: it has 1 gap, told above\n"
    gone = await switchhook(redis_url, ground.keys, "replay", "call:c10a", "--archive", str(tmp_path))
    assert gone.exit_code == Exit.BROKEN
    assert "nothing of call:c10a is in what is left, and the history is not whole" in gone.stderr


async def test_a_damaged_file_hides_its_own_events_and_no_others(
    ground: Ground, reader: LogReader, redis_url: str, tmp_path: Path
) -> None:
    ends = await ten_days(ground)
    whole = [step async for step in reader.steps(P)]
    await ground.keeper(retention_secs=RETENTION_SECS, archive=tmp_path).trim()
    _, _, third, *_, last = Archive(tmp_path).files(P)
    for path in (third, last):
        path.write_bytes(path.read_bytes()[:-5])
    gaps: list[Gap] = []
    steps = [step async for step in reader.steps(P, archive=tmp_path, gap=gaps.append)]
    assert [(gap.after, gap.upto) for gap in gaps] == [(ends[1], ends[2]), (ends[4], ends[5])]
    assert [str(path) in gap.damaged[0] for path, gap in zip((third, last), gaps, strict=True)] == [True, True]
    days = [0, 1, 3, 4, 6, 7, 8, 9]
    assert [step.event.id for step in steps] == [whole[2 * day + half].event.id for day in days for half in (0, 1)]
    assert steps[-8:] == whole[-8:]
    shown = await switchhook(redis_url, ground.keys, "replay", "0", "--archive", str(tmp_path))
    assert shown.exit_code == Exit.BROKEN
    assert shown.stdout.count("call initiated") == 16
    assert f"what the archive has of them cannot be read: {third} cannot be read" in shown.stdout
    assert "restore it from a copy" in shown.stdout
    assert shown.stderr == "switchhook: the history is not whole: it has 2 gaps, told above\n"


async def test_what_another_file_has_of_a_damaged_one_is_not_missing(
    ground: Ground, reader: LogReader, tmp_path: Path
) -> None:
    await ten_days(ground)
    whole = [step async for step in reader.steps(P)]
    await ground.keeper(retention_secs=RETENTION_SECS, archive=tmp_path).trim()
    archive = Archive(tmp_path)
    day = archive.read(archive.files(P)[1])
    # As after an archiving that was cut off, and begun anew with more events of that day.
    (shorter,) = archive.write(P, day.events[:1], after=day.after)
    shorter.write_bytes(b"")
    gaps: list[Gap] = []
    assert [step async for step in reader.steps(P, archive=tmp_path, gap=gaps.append)] == whole
    assert gaps == []


async def test_what_the_log_still_has_of_a_damaged_or_lost_file_is_not_missing(
    ground: Ground, reader: LogReader, tmp_path: Path
) -> None:
    ends = await ten_days(ground)
    whole = [step async for step in reader.steps(P)]
    keeper = ground.keeper(retention_secs=RETENTION_SECS, archive=tmp_path)
    await ground.keeper(retention_secs=8.5 * DAY_SECS, archive=tmp_path).trim()
    ground.lease.drop()
    await ground.redis.set(ground.keys.lease(P), "other:9")
    with pytest.raises(Exception, match="has another owner"):
        await keeper.trim()
    _, second, third, fourth, _, sixth = Archive(tmp_path).files(P)
    fourth.unlink()
    for path in (third, sixth):
        path.write_bytes(b"")
    gaps: list[Gap] = []
    assert [step async for step in reader.steps(P, archive=tmp_path, gap=gaps.append)] == whole
    assert gaps == []
    second.unlink()
    steps = [step async for step in reader.steps(P, archive=tmp_path, gap=gaps.append)]
    assert [step.event.id for step in steps] == [each.event.id for each in (*whole[:2], *whole[4:])]
    assert [(gap.after, gap.upto) for gap in gaps] == [(ends[0], ends[1])]
    assert steps[2:] == whole[4:]


async def test_an_archive_that_is_not_there_is_said(ground: Ground, redis_url: str, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    # Until something is trimmed, workers have not made the one that the environment names.
    young = await switchhook(redis_url, ground.keys, "replay", "0", SWITCHHOOK_ARCHIVE=nowhere)
    assert (young.exit_code, young.output) == (Exit.OK, "")
    await ten_days(ground)
    named = await switchhook(redis_url, ground.keys, "replay", "0", "--archive", nowhere)
    await ground.keeper(retention_secs=RETENTION_SECS).trim()
    trimmed = await switchhook(redis_url, ground.keys, "replay", "0", SWITCHHOOK_ARCHIVE=nowhere)
    for said in (named, trimmed):
        assert (said.exit_code, said.stdout) == (Exit.USAGE, "")
        assert said.stderr.startswith(f"switchhook: {nowhere} is not a directory: name the one that SWITCHHOOK_ARCHIVE")


async def test_of_a_trimmed_call_it_is_said_where_its_events_may_be(ground: Ground, redis_url: str) -> None:
    ends = await ten_days(ground)
    await ground.keeper(retention_secs=RETENTION_SECS).trim()
    gone = await switchhook(redis_url, ground.keys, "replay", "call:c10a")
    assert gone.exit_code == Exit.NOT_FOUND
    assert gone.stderr.startswith("switchhook: nothing of call:c10a is in the log since ")
    assert gone.stderr.endswith(f" ({ends[5]}); older events may be in the archive: --archive DIR\n")


async def test_the_archive_of_the_environment_is_listed_and_verified(
    ground: Ground, redis_url: str, tmp_path: Path
) -> None:
    await ten_days(ground)
    await ground.keeper(retention_secs=RETENTION_SECS, archive=tmp_path).trim()
    for command in ("list", "verify"):
        named = await switchhook(redis_url, ground.keys, "archive", command, str(tmp_path))
        assert named.exit_code == Exit.OK
        known = await switchhook(redis_url, ground.keys, "archive", command, SWITCHHOOK_ARCHIVE=str(tmp_path))
        assert (known.exit_code, known.output) == (Exit.OK, named.output)


async def test_a_file_under_another_name_is_a_gap_and_is_named(
    ground: Ground, reader: LogReader, tmp_path: Path
) -> None:
    ends = await ten_days(ground)
    await ground.keeper(retention_secs=RETENTION_SECS, archive=tmp_path).trim()
    first = Archive(tmp_path).files(P)[0]
    strange = first.rename(first.with_name("copy of " + first.name))
    gaps: list[Gap] = []
    assert len([step async for step in reader.steps(P, archive=tmp_path, gap=gaps.append)]) == 18
    assert gaps == [Gap("0-0", ends[0])]
    assert examine(tmp_path).problems[0] == f"{strange}: its name does not say which events it holds: it was renamed"


def test_what_may_not_be_looked_into_is_not_taken_for_empty(tmp_path: Path) -> None:
    (tmp_path / "p0000").symlink_to("p0000")
    with pytest.raises(ArchiveError, match="p0000 cannot be read"):
        Archive(tmp_path).files(P)


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
