"""`switchhook replay`: prints a history from the log, and never acts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anyio
import msgspec

from ingress.envelope import Address
from ingress.errors import ConfigError
from ingress.log import Keys, Partition, partition_of
from ingress.redis_client import connect
from worker.replay.past import Gap
from worker.replay.render import describe, lines_of, time_of
from worker.replay.source import LogReader
from worker.runtime.journal import START, order_of


class Told(msgspec.Struct, frozen=True):
    """What came of telling a history."""

    #: How many events there are, those that *quiet* left out among them.
    events: int
    #: How often events are missing.
    gaps: int
    #: After which event it begins, where older ones were trimmed and no archive was read; `0-0`: with the first.
    after: str


def replay_to(
    say: Callable[[str], object],
    what: str,
    redis_url: str,
    prefix: str,
    *,
    tenant: str,
    quiet: bool = False,
    archive: Path | None = None,
    archive_is_there: bool = True,
) -> Told:
    """Say the history of *what* (an address or a partition's number) line by line, and return what there was.

    What was trimmed from the log is read from *archive*, if that is named. Unless *archive_is_there*, it may be missing
    as long as nothing was trimmed: workers make it when they first archive something.

    Raises:
        ConfigError: *what* is neither.
        SwitchhookError: There is no such log or archive, or Redis does not answer.
    """
    return anyio.run(_replay, say, what, redis_url, Keys(prefix), tenant, quiet, archive, archive_is_there)


async def _replay(
    say: Callable[[str], object],
    what: str,
    redis_url: str,
    keys: Keys,
    tenant: str,
    quiet: bool,
    archive: Path | None,
    archive_is_there: bool,
) -> Told:
    redis = connect(redis_url)
    events = gaps = 0

    def missing(gap: Gap) -> None:
        nonlocal gaps
        gaps += 1
        say(f"({describe_gap(gap)})")

    try:
        reader = LogReader(redis, keys)
        partitions = await reader.partitions()
        address, partition = read_place(what, partitions, tenant)
        trimmed = await reader.snapshots.trimmed(partition)
        if archive and not archive_is_there and trimmed == START and not await anyio.Path(archive).is_dir():
            archive = None
        if trimmed != START and archive is None:
            say(
                f"(the log of partition {partition} begins after {moment_of(trimmed)}; older events are in "
                "the archive, if one is kept: --archive DIR)"
            )
        async for step in reader.steps(partition, archive=archive, gap=missing):
            if address is not None and step.event.address != address:
                continue
            events += 1
            if quiet and step.before == step.after and not step.decision:
                continue
            for number, line in enumerate(lines_of(step)):
                where = f"[{step.event.address}] " if address is None and number == 0 else ""
                say(where + line)
        for event in await reader.undecided(partition):
            if address in (None, event.address):
                events += 1
                say(f"{time_of(event.received_ms)}  {describe(event)}  (not decided yet: no worker has taken it)")
        return Told(events, gaps, trimmed if archive is None else START)
    finally:
        await redis.aclose()


def describe_gap(gap: Gap) -> str:
    """Return in a sentence where events are missing."""
    since = "the very first one" if gap.after == START else f"the one after {moment_of(gap.after)}"
    which = f"gap: events from {since} up to {moment_of(gap.upto)}"
    if not gap.damaged:
        return f"{which} are neither in the archive nor in the log"
    return f"{which} are not in the log, and what the archive has of them cannot be read: {'; '.join(gap.damaged)}"


def moment_of(entry_id: str) -> str:
    """Return when an event came into the log, and its id."""
    return f"{time_of(order_of(entry_id)[0])} ({entry_id})"


def read_place(what: str, partitions: int, tenant: str) -> tuple[Address | None, Partition]:
    """Return the address that *what* is, and its partition; or the partition that it is.

    Raises:
        ConfigError: It is neither.
    """
    if what.isdigit():
        if int(what) >= partitions:
            raise ConfigError(f"there are {partitions} partitions, 0 to {partitions - 1}: there is none {what}")
        return None, Partition(int(what))
    try:
        address = Address.parse(what, default_tenant=tenant)
    except ValueError as exc:
        raise ConfigError(str(exc)) from None
    return address, partition_of(address, partitions)
