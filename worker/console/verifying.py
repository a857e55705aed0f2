"""What `switchhook verify` says, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import anyio
import msgspec
import typer

from ingress.errors import ConfigError
from ingress.log import Keys, Partition
from ingress.redis_client import connect
from worker.console.exits import Exit
from worker.console.table import counted
from worker.console.telnyx.cells import readable
from worker.console.verify import Difference, Verdict, Verifier
from worker.replay.command import read_place
from worker.replay.source import LogReader

#: Partitions that are asked at the same time: the waits for their owners overlap.
AT_ONCE = 16


def verify_partitions(
    redis_url: str,
    prefix: str,
    places: Sequence[str],
    *,
    tenant: str,
    every: bool,
    wait_secs: float,
    as_json: bool,
) -> Exit:
    """Verify the partitions that *places* name (numbers, or addresses in them), or *every* one; say what was found.

    Raises:
        ConfigError: A place is none, or there is none.
        SwitchhookError: The log cannot be read.
    """
    if not places and not every:
        raise ConfigError("name partitions or addresses, or say --all")
    return anyio.run(_verify, redis_url, prefix, places, tenant, every, wait_secs, as_json)


async def _verify(
    redis_url: str, prefix: str, places: Sequence[str], tenant: str, every: bool, wait_secs: float, as_json: bool
) -> Exit:
    redis, keys = connect(redis_url), Keys(prefix)
    try:
        partitions = await LogReader(redis, keys).partitions()
        named = {read_place(place, partitions, tenant)[1] for place in places}
        wanted = [Partition(number) for number in range(partitions)] if every else sorted(named)
        verifier = Verifier(redis, keys, wait_secs=wait_secs)
        verdicts: list[Verdict] = []
        for start in range(0, len(wanted), AT_ONCE):
            for verdict in await _several(verifier, wanted[start : start + AT_ONCE]):
                verdicts.append(verdict)
                for line in () if as_json else lines_of(verdict):
                    typer.echo(line)
    finally:
        await redis.aclose()
    if as_json:
        typer.echo(msgspec.json.encode(verdicts))
    return exit_of(verdicts)


async def _several(verifier: Verifier, partitions: list[Partition]) -> list[Verdict]:
    found: dict[Partition, Verdict] = {}
    first: list[Exception] = []

    async def one(partition: Partition) -> None:
        try:
            found[partition] = await verifier.verify(partition)
        except Exception as exc:  # noqa: BLE001
            # Said one at a time, below, and not as a group.
            first.append(exc)

    async with anyio.create_task_group() as tasks:
        for partition in partitions:
            tasks.start_soon(one, partition)
    if first:
        raise first[0]
    return [found[partition] for partition in partitions]


def lines_of(verdict: Verdict) -> Iterator[str]:
    """Yield what is said of one partition; the first line tells whether it agrees."""
    told = "agrees" if verdict.agrees else "DIFFERS"
    if verdict.agrees and verdict.live is None and verdict.snapshot is None:
        told = "nothing to compare with"
    what = f"{counted(verdict.events, 'event')}, {counted(verdict.aggregates, 'aggregate')}, up to {verdict.position}"
    yield f"partition {verdict.partition}: {told} ({what})"
    yield f"    live      {_live(verdict)}"
    yield from _how(verdict.live)
    where = f"snapshot  of {verdict.snapshot_of}" if verdict.snapshot_of else "snapshot  there is none to compare"
    yield f"    {where}{_count(verdict.snapshot)}"
    yield from _how(verdict.snapshot)


def exit_of(verdicts: Sequence[Verdict]) -> Exit:
    """Return how the command ends: a difference goes before an owner that did not answer."""
    if not all(verdict.agrees for verdict in verdicts):
        return Exit.BROKEN
    return Exit.UNREACHABLE if any(verdict.unanswered for verdict in verdicts) else Exit.OK


def _live(verdict: Verdict) -> str:
    if verdict.owner is None:
        return "nobody owns it"
    if verdict.live is None:
        return f"of {verdict.owner}: it did not answer in time; --wait gives it longer"
    return f"of {verdict.owner}{_count(verdict.live)}"


def _count(differences: list[Difference] | None) -> str:
    if differences is None:
        return ""
    return f": {len(differences)} differ" if differences else ": the same"


def _how(differences: list[Difference] | None) -> Iterator[str]:
    for difference in differences or ():
        yield f"        {readable(difference.name)}"
        for line in difference.how:
            yield f"            {readable(line)}"
