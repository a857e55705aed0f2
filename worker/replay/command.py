"""`switchhook replay`: prints a history from the log, and never acts."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from ingress.envelope import Address
from ingress.errors import ConfigError
from ingress.log import DEFAULT_PREFIX, Keys, Partition, partition_of
from ingress.redis_client import connect
from worker.replay.render import describe, lines_of, time_of
from worker.replay.source import LogReader


def replay_to(
    say: Callable[[str], object],
    what: str,
    redis_url: str | None,
    prefix: str | None,
    *,
    tenant: str,
    quiet: bool = False,
) -> int:
    """Say the history of *what* (an address or a partition's number) line by line, and return the exit status.

    Raises:
        ConfigError: *what* is neither, or Redis is not named.
        SwitchhookError: There is no such log, or Redis does not answer.
    """
    if redis_url is None:
        raise ConfigError("name a Redis with --redis or SWITCHHOOK_REDIS_URL")
    return anyio.run(_replay, say, what, redis_url, prefix or DEFAULT_PREFIX, tenant, quiet)


async def _replay(
    say: Callable[[str], object], what: str, redis_url: str, prefix: str, tenant: str, quiet: bool
) -> int:
    redis = connect(redis_url)
    try:
        reader = LogReader(redis, Keys(prefix))
        partitions = await reader.partitions()
        address, partition = _read(what, partitions, tenant)
        shown = 0
        async for step in reader.steps(partition):
            if address is not None and step.event.address != address:
                continue
            if quiet and step.before == step.after and not step.decision:
                continue
            shown += 1
            for number, line in enumerate(lines_of(step)):
                where = f"[{step.event.address}] " if address is None and number == 0 else ""
                say(where + line)
        for event in await reader.undecided(partition):
            if address in (None, event.address):
                shown += 1
                say(f"{time_of(event.received_ms)}  {describe(event)}  (not decided yet: no worker has taken it)")
        if not shown:
            say(f"nothing has happened to {what}")
        return 0
    finally:
        await redis.aclose()


def _read(what: str, partitions: int, tenant: str) -> tuple[Address | None, Partition]:
    if what.isdigit():
        if int(what) >= partitions:
            raise ConfigError(f"there are {partitions} partitions, 0 to {partitions - 1}: there is none {what}")
        return None, Partition(int(what))
    try:
        address = Address.parse(what, default_tenant=tenant)
    except ValueError as exc:
        raise ConfigError(str(exc)) from None
    return address, partition_of(address, partitions)
