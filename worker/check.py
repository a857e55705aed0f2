"""`switchhook check`: what a start would find wrong, found before it."""

from __future__ import annotations

from pathlib import Path

import anyio
import typer
from redis.exceptions import RedisError

from ingress.errors import ConfigError, LogUnavailableError
from ingress.log import DEFAULT_PREFIX, Keys
from ingress.redis_check import ReplicaError, check_redis
from ingress.redis_client import connect, redact
from ingress.settings import IngressSettings, tenant_keys
from worker.policy.installed import installed_rules
from worker.policy.load import LoadedPolicy, load_policy
from worker.policy.secrets import read_secret
from worker.policy.show import to_toml


def check_all(policy: Path | None, redis_url: str | None, prefix: str | None, *, show: bool = False) -> int:
    """Check what was named, say what was found, and return 0. With *show*: print the policy with all its defaults.

    Raises:
        SwitchhookError: Something is wrong.
    """
    if policy is None and (redis_url is None or show):
        raise ConfigError("nothing to check: name a policy file, or Redis with --redis")
    if policy is not None and show:
        _show_policy(policy)
    elif policy is not None:
        _check_policy(policy)
    if redis_url is not None:
        told = anyio.run(_check_redis, redis_url, prefix or DEFAULT_PREFIX)
        # Behind a policy that is shown it would be no TOML.
        typer.echo(told, err=show)
    return 0


def _show_policy(path: Path) -> None:
    """Print what is in force with the file at *path*; its secrets need not be there."""
    loaded = load_policy(path, installed_rules())
    _warn(loaded)
    typer.echo(f"# {path} with all defaults; digest {loaded.digest}")
    typer.echo(to_toml(loaded.policy), nl=False)


def _warn(loaded: LoadedPolicy) -> None:
    for warning in loaded.warnings:
        typer.echo(f"{loaded.path}: warning: {warning}", err=True)


def _check_policy(path: Path) -> None:
    loaded = load_policy(path, installed_rules())
    _warn(loaded)
    for name, tenant in loaded.policy.tenants.items():
        read_secret(tenant.api_key, f"{path}: tenants.{name}.api_key")
        typer.echo(
            f"{path}: tenant {name}: {len(tenant.numbers)} numbers, {len(tenant.queues)} queues, "
            f"{len(tenant.agents)} agents; the API key is there"
        )
    for name, keys in tenant_keys(IngressSettings(redis_url="", policy=str(path))).items():
        typer.echo(f"{path}: tenant {name}: {len(keys)} public key{'s' if len(keys) != 1 else ''}")


async def _check_redis(url: str, prefix: str) -> str:
    redis = connect(url)
    try:
        found = await check_redis(redis, url)
        partitions = await redis.hget(Keys(prefix).topology(), "partitions")
    except ReplicaError as exc:
        raise ConfigError(str(exc)) from None
    except (RedisError, OSError) as exc:
        raise LogUnavailableError(f"{redact(url)} does not answer: {exc}") from None
    finally:
        await redis.aclose()
    for warning in found.warnings:
        typer.echo(f"{redact(url)}: warning: {warning}", err=True)
    there = f"a log of {int(partitions)} partitions" if partitions else "no log yet"
    return f"{redact(url)}: Redis {found.version}, {there} under {prefix!r}"
