"""`switchhook replay`: prints a history from the log, and never acts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anyio

from ingress.envelope import Address
from ingress.errors import ConfigError
from ingress.log import DEFAULT_PREFIX, Keys, Partition, partition_of
from ingress.redis_client import connect
from worker.replay.past import Gap
from worker.replay.render import describe, lines_of, time_of
from worker.replay.source import LogReader
from worker.runtime.journal import START, order_of


def replay_to(
    say: Callable[[str], object],
    what: str,
    redis_url: str | None,
    prefix: str | None,
    *,
    tenant: str,
    quiet: bool = False,
    archive: Path | None = None,
) -> bool:
    """Say the history of *what* (an address or a partition's number) line by line, and return whether there is one.

    What was trimmed from the log is read from *archive*, if that is named.

    Raises:
        ConfigError: *what* is neither, or Redis is not named.
        SwitchhookError: There is no such log, or Redis does not answer.
    """
    if redis_url is None:
        raise ConfigError("name a Redis with --redis or SWITCHHOOK_REDIS_URL")
    return anyio.run(_replay, say, what, redis_url, prefix or DEFAULT_PREFIX, tenant, quiet, archive)


async def _replay(
    say: Callable[[str], object],
    what: str,
    redis_url: str,
    prefix: str,
    tenant: str,
    quiet: bool,
    archive: Path | None,
) -> bool:
    redis = connect(redis_url)
    try:
        reader = LogReader(redis, Keys(prefix))
        partitions = await reader.partitions()
        address, partition = read_place(what, partitions, tenant)
        trimmed = await reader.snapshots.trimmed(partition)
        if trimmed != START and archive is None:
            say(
                f"(the log of partition {partition} begins after {_moment(trimmed)}; older events are in the archive, "
                "if one is kept: --archive DIR)"
            )
        found = 0
        async for step in reader.steps(partition, archive=archive, gap=lambda gap: say(f"({describe_gap(gap)})")):
            if address is not None and step.event.address != address:
                continue
            found += 1
            if quiet and step.before == step.after and not step.decision:
                continue
            for number, line in enumerate(lines_of(step)):
                where = f"[{step.event.address}] " if address is None and number == 0 else ""
                say(where + line)
        for event in await reader.undecided(partition):
            if address in (None, event.address):
                found += 1
                say(f"{time_of(event.received_ms)}  {describe(event)}  (not decided yet: no worker has taken it)")
        return bool(found) or address is None
    finally:
        await redis.aclose()


def describe_gap(gap: Gap) -> str:
    """Return in a sentence where events are missing."""
    since = "the very first one" if gap.after == START else f"the one after {_moment(gap.after)}"
    return f"gap: events from {since} up to {_moment(gap.upto)} are neither in the archive nor in the log"


def _moment(entry_id: str) -> str:
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
