"""What a start waits for, and what it does not."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from ingress.errors import ConfigError
from ingress.redis_client import connect, when_redis_answers
from worker.testing.redis_server import PrivateRedis


async def test_a_wrong_password_is_said_at_once(private_redis: Callable[[], PrivateRedis]) -> None:
    server = private_redis()
    operator = connect(server.url)
    await operator.config_set("requirepass", "right")
    url = server.url.replace("redis://", "redis://:wr0ng@")
    stranger = connect(url)

    async def ping() -> None:
        await stranger.ping()

    with anyio.fail_after(5), pytest.raises(ConfigError, match="refuses the user or password") as caught:
        await when_redis_answers(ping, url)
    assert "wr0ng" not in str(caught.value)
    await stranger.aclose()
    await operator.aclose()


async def test_a_read_may_wait_longer_than_a_command(redis_url: str) -> None:
    reader = connect(redis_url, blocking_read_secs=2.5)
    with anyio.fail_after(10):
        assert not await reader.xread({"nothing": "$"}, block=2500)
    await reader.aclose()
