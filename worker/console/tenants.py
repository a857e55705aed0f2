"""Tells a tenant of whom there is nothing from one that there is not."""

from __future__ import annotations

import tomllib
from collections.abc import Collection

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.errors import LogUnavailableError, NotThereError
from ingress.log import Keys
from ingress.redis_client import connect
from worker.runtime.policies import Policies
from worker.runtime.published import absent


async def check_tenant(redis: Redis, keys: Keys, tenant: str, also: Collection[str] = ()) -> None:
    """Pass when *tenant* is in the policy in force, or among those that are known *also*, or no policy is known.

    Raises:
        NotThereError: It is not; the sentence names those that are.
        LogUnavailableError: Redis does not answer.
    """
    try:
        force = await Policies(redis, keys).in_force()
    except (RedisError, OSError) as exc:
        raise LogUnavailableError(f"Redis does not answer: {exc}") from exc
    if force is None:
        return
    there = {*tomllib.loads(force.text).get("tenants", {}), *also}
    if tenant not in there:
        raise NotThereError(absent("tenant", "tenants", tenant, sorted(there)))


async def check_tenant_at(redis_url: str, prefix: str, tenant: str, also: Collection[str]) -> None:
    """Do as `check_tenant`, on a connection for that alone."""
    redis = connect(redis_url)
    try:
        await check_tenant(redis, Keys(prefix), tenant, also)
    finally:
        await redis.aclose()
