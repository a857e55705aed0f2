"""What `switchhook policy load` and `switchhook policy show` do with the policy in force."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import anyio
import typer
from redis.exceptions import RedisError

from ingress.errors import ConfigError, LogUnavailableError
from ingress.log import Keys
from ingress.redis_client import connect, redact
from worker.console.exits import Exit
from worker.ledger.governing import policy_of
from worker.policy.installed import installed_rules
from worker.policy.load import LoadedPolicy, load_policy
from worker.replay.source import LogReader
from worker.runtime.policies import Policies, Standing, needs_restart

#: Who loads a policy by this command.
BY = "switchhook policy load"

T = TypeVar("T")


def load_into_force(path: Path, redis_url: str, prefix: str) -> Exit:
    """Put the policy file at *path* into force, and say so.

    Raises:
        SwitchhookError: The file has a mistake, changes what takes a restart, or Redis cannot be reached.
    """
    loaded = load_policy(path, installed_rules())
    for warning in loaded.warnings:
        typer.echo(f"{path}: warning: {warning}", err=True)
    standing = anyio.run(_with, redis_url, prefix, lambda policies: _bring(policies, loaded))
    number, digest = standing.force.number, standing.force.digest
    told = "was in force already" if standing.result == "same" else "is in force for each worker within two seconds"
    typer.echo(f"policy {number} ({digest[:12]}) {told}")
    return Exit.OK


def show_in_force(redis_url: str, prefix: str) -> Exit:
    """Print the policy in force.

    Raises:
        SwitchhookError: Redis cannot be reached, or there is no log.
    """
    force = anyio.run(_with, redis_url, prefix, Policies.in_force)
    if force is None:
        typer.echo("switchhook: no policy has come into force yet: a worker's start does that", err=True)
        return Exit.NOT_FOUND
    typer.echo(f"# policy {force.number}, loaded by {force.by}; digest {force.digest}")
    typer.echo(force.text, nl=not force.text.endswith("\n"))
    return Exit.OK


async def _bring(policies: Policies, loaded: LoadedPolicy) -> Standing:
    force = await policies.in_force()
    before = policy_of(force.text) if force else None
    restart = needs_restart(before, loaded.policy) if before else []
    if restart:
        raise ConfigError(
            "\n".join(f"{loaded.path}: {told}: that takes a restart of all processes" for told in restart)
        )
    return await policies.bring(loaded, BY, again=True)


async def _with(redis_url: str, prefix: str, act: Callable[[Policies], Awaitable[T]]) -> T:
    redis, keys = connect(redis_url), Keys(prefix)
    try:
        await LogReader(redis, keys).partitions()
        return await act(Policies(redis, keys))
    except (RedisError, OSError) as exc:
        raise LogUnavailableError(f"{redact(redis_url)} does not answer: {exc}") from exc
    finally:
        await redis.aclose()
