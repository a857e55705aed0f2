"""Looks at a Redis before anything is kept in it: that it is the master, evicts nothing, and does not forget.

Facts from Redis's documentation: INFO says `maxmemory_policy` and `aof_enabled` to whoever may ask INFO; whether
snapshots (RDB) are taken is said by CONFIG GET alone, which a managed Redis may refuse. By any policy but noeviction
keys are thrown away at `maxmemory`, streams or leases among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec
import structlog
from prometheus_client import Gauge
from redis.asyncio import Redis
from redis.exceptions import ReadOnlyError, ResponseError

from ingress.errors import ConfigError
from ingress.redis_cluster import masters_of
from ingress.redis_url import redact

log = structlog.get_logger(__name__)

#: From the worst; "unknown": without an append-only file, and whether there are snapshots is not told.
Persistence = Literal["none", "unknown", "rdb", "aof"]
PERSISTENCE: tuple[Persistence, ...] = ("none", "unknown", "rdb", "aof")
OLDEST = (6, 2)

_WARNINGS: dict[Persistence, str] = {
    "none": "persistence is off (appendonly no, and no save): ALL that was answered is lost if Redis ends",
    "unknown": "appendonly is off, and this Redis does not say whether it takes snapshots: what was answered is lost "
    "if it ends",
    "rdb": "appendonly is off: what was answered since the last snapshot is lost if Redis ends",
}


class ReplicaError(ReadOnlyError):
    """Raised when the server is a replica. It may be the master in a moment, as while others change places."""


class Found(msgspec.Struct, frozen=True):
    """What was found: of a Cluster the oldest version and the weakest persistence among its masters."""

    version: str
    persistence: Persistence
    warnings: tuple[str, ...]


async def check_redis(redis: Redis, url: str) -> Found:
    """Look at Redis, and at each master of a Cluster.

    Raises:
        ConfigError: It cannot hold the log; the sentence says what to change.
        ReplicaError: It is a replica.
        RedisError: It does not answer.
        OSError: As before.
    """
    found = [await _one(server, url) for server in await masters_of(redis)]
    warnings = {warning: None for one in found for warning in one.warnings}
    return Found(
        min((one.version for one in found), key=_number),
        min((one.persistence for one in found), key=PERSISTENCE.index),
        tuple(warnings),
    )


async def check_at_start(redis: Redis, url: str, gauge: Gauge) -> None:
    """Do `check_redis`, say loudly what is doubtful, and set the gauge of persistence.

    Raises:
        ConfigError: As `check_redis`.
        RedisError: As before.
        OSError: As before.
    """
    found = await check_redis(redis, url)
    for kind in PERSISTENCE:
        gauge.labels(kind).set(kind == found.persistence)
    for warning in found.warnings:
        log.warning("redis.doubtful", url=redact(url), warning=warning, help="docs/operations.md, Redis")


async def _one(redis: Redis, url: str) -> Found:
    info: Mapping[str, object] = await redis.info()
    where, version = redact(url), str(info.get("redis_version"))
    if info.get("redis_mode") == "sentinel":
        raise ConfigError(f"{where} is a Sentinel: write redis+sentinel://host:port/SERVICE")
    if info.get("cluster_enabled") and not url.partition("://")[0].endswith("+cluster"):
        raise ConfigError(f"{where} is a node of a Redis Cluster: write redis+cluster://host:port")
    if info.get("role", "master") != "master":
        raise ReplicaError(
            f"{where} is a replica of {info.get('master_host')}:{info.get('master_port')}: name its master, or its "
            "Sentinels (redis+sentinel://)"
        )
    if _number(version) < OLDEST:
        raise ConfigError(f"{where} is Redis {version}: 6.2 or newer is needed")
    policy = info.get("maxmemory_policy") or await _setting(redis, "maxmemory-policy")
    if policy not in {None, "noeviction"}:
        raise ConfigError(
            f"{where} has maxmemory-policy {policy}, by which streams are thrown away: set it to noeviction "
            "(CONFIG SET maxmemory-policy noeviction, and in its configuration file)"
        )
    persistence = await _persistence(redis, info)
    warnings = [_WARNINGS[persistence]] if persistence in _WARNINGS else []
    if policy is None:
        warnings.append("this Redis does not say its maxmemory-policy: see that it is noeviction")
    return Found(version, persistence, tuple(warnings))


async def _persistence(redis: Redis, info: Mapping[str, object]) -> Persistence:
    if info.get("aof_enabled"):
        return "aof"
    save = await _setting(redis, "save")
    if save is None:
        return "unknown"
    return "rdb" if save else "none"


async def _setting(redis: Redis, name: str) -> str | None:
    """Return what CONFIG GET says; None when it is forbidden, or there is no such command."""
    try:
        found = await redis.config_get(name)
    except ResponseError:
        return None
    value = found.get(name)
    return None if value is None else str(value)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
