"""Both processes end with status 2 before they keep anything in a Redis that would lose it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from ingress.redis_client import connect
from tests.signing import Signer
from worker.demo.run import POLICY
from worker.testing.redis_server import PrivateRedis


@pytest.mark.parametrize("program", [("ingress",), ("worker.cli", "worker")])
async def test_an_eviction_policy_is_refused(
    private_redis: Callable[[], PrivateRedis], program: tuple[str, ...], signer: Signer
) -> None:
    server = private_redis()
    async with connect(server.url) as redis:
        await redis.config_set("maxmemory-policy", "allkeys-lru")
        ended = subprocess.run(  # noqa: ASYNC221  # nothing else has to go on
            [sys.executable, "-m", *program],
            env={
                "SWITCHHOOK_REDIS_URL": server.url,
                "SWITCHHOOK_POLICY": str(POLICY),
                "SWITCHHOOK_HEALTH_PORT": "0",
                "SWITCHHOOK_PORT": "0",
                "TELNYX_API_KEY": "KEYtest",
                "TELNYX_PUBLIC_KEY": signer.public_key,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 2, ended.stderr
        assert "has maxmemory-policy allkeys-lru" in ended.stderr
        assert await redis.dbsize() == 0
