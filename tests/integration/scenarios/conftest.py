"""A centre whose doors a scenario opens."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from ingress.log import Keys
from tests.integration.scenarios.day import Opening, opening


@pytest.fixture
def opened(redis: Redis, redis_url: str, keys: Keys) -> Opening:
    """Return what opens the doors: `async with opened(people("alice")) as day:`."""
    return opening(redis, redis_url, keys)
