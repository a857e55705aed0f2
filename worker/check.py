"""`switchhook check`: what a start would find wrong, found before it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import anyio
import typer
from redis.exceptions import RedisError

from ingress.errors import ConfigError, LogUnavailableError, SwitchhookError
from ingress.log import DEFAULT_PREFIX, Keys
from ingress.redis_check import ReplicaError, check_redis
from ingress.redis_client import connect, redact
from ingress.secrets import SecretRef
from ingress.secrets import read_secret as read_ingress_secret
from ingress.settings import IngressSettings, tenant_keys
from ingress.signature import read_public_key
from ingress.toml.lines import Place, lines_of
from ingress.toml.mistakes import Mistake, refusal, written
from worker.policy.installed import installed_rules
from worker.policy.load import LoadedPolicy, load_policy
from worker.policy.model import Tenant
from worker.policy.secrets import read_secret
from worker.policy.show import to_toml


def check_all(
    policy: Path | None, redis_url: str | None, prefix: str | None, *, show: bool = False
) -> list[SwitchhookError]:
    """Check all that was named, say what was found, and return what is wrong, the policy first; none: all is right.

    With *show*: print the policy with all its defaults.

    Raises:
        ConfigError: Nothing was named.
    """
    if policy is None and (redis_url is None or show):
        raise ConfigError("nothing to check: name a policy file, or Redis with --redis")
    wrong: list[SwitchhookError] = []
    try:
        if policy is not None and show:
            _show_policy(policy)
        elif policy is not None:
            _check_policy(policy)
    except SwitchhookError as error:
        wrong.append(error)
    try:
        if redis_url is not None:
            told = anyio.run(_check_redis, redis_url, prefix or DEFAULT_PREFIX)
            # Behind a policy that is shown it would be no TOML.
            typer.echo(told, err=show)
    except SwitchhookError as error:
        wrong.append(error)
    return wrong


def _show_policy(path: Path) -> None:
    """Print what is in force with the file at *path*; its secrets need not be there."""
    loaded = load_policy(path, installed_rules())
    _warn(loaded)
    typer.echo(f"# {path} with all defaults; digest {loaded.digest}")
    typer.echo(to_toml(loaded.policy), nl=False)


def _warn(loaded: LoadedPolicy) -> None:
    if not loaded.warnings:
        return
    places = {written(place): line for place, line in lines_of(loaded.text).items()}
    for warning in loaded.warnings:
        # A warning begins with the key that it is about.
        ends = (end for end in range(len(warning), 0, -1) if warning[:end] in places)
        line = places[warning[:end]] if (end := next(ends, 0)) else 1
        typer.echo(f"{loaded.path}:{line}: warning: {warning}", err=True)


def _check_policy(path: Path) -> None:
    loaded = load_policy(path, installed_rules())
    _warn(loaded)
    mistakes = [mistake for name, tenant in loaded.policy.tenants.items() for mistake in _unread(name, tenant)]
    if mistakes:
        raise refusal(str(path), loaded.text, mistakes)
    for name, tenant in loaded.policy.tenants.items():
        typer.echo(
            f"{path}: tenant {name}: {len(tenant.numbers)} numbers, {len(tenant.queues)} queues, "
            f"{len(tenant.agents)} agents; the API key is there"
        )
    for name, keys in tenant_keys(IngressSettings(redis_url="", policy=str(path))).items():
        typer.echo(f"{path}: tenant {name}: {len(keys)} public key{'s' if len(keys) != 1 else ''}")


def _unread(name: str, tenant: Tenant) -> Iterator[Mistake]:
    """Yield the secrets of a tenant that are not there, or are none."""
    place: Place = ("tenants", name, "api_key")
    try:
        read_secret(tenant.api_key, written(place))
    except ConfigError as error:
        yield Mistake(place, str(error))
    for number, key in enumerate(tenant.public_keys):
        place = ("tenants", name, "public_keys", number)
        try:
            ref = SecretRef(key.env, key.file)
            read_public_key(read_ingress_secret(ref, written(place), os.environ), written(place))
        except ConfigError as error:
            yield Mistake(place, str(error))


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
