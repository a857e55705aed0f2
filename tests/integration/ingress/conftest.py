"""A Redis of one's own, which tests of the spool take away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis

from ingress.redis_client import connect
from worker.testing.redis_server import PrivateRedis


@pytest.fixture
async def server(private_redis: Callable[[], PrivateRedis]) -> PrivateRedis:
    return private_redis()


@pytest.fixture
async def client(server: PrivateRedis) -> AsyncIterator[Redis]:
    async with connect(server.url) as redis:
        # Under everysec a write may wait for the fsync before it, and be lost when the server is killed.
        await redis.config_set("appendfsync", "always")
        yield redis
