"""The worker's HTTP: where it listens, and what it answers."""

from __future__ import annotations

import socket

import aiohttp
import pytest

from ingress.errors import ConfigError
from tests.integration.runtime.conftest import Bench
from worker.runtime.health import serve_health


async def test_a_port_that_is_taken_is_said_with_the_setting(bench: Bench) -> None:
    async with bench.worker("a") as a:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = int(taken.getsockname()[1])
            with pytest.raises(ConfigError, match=f"127.0.0.1 port {port} .*SWITCHHOOK_HEALTH_PORT to a free address"):
                async with serve_health(a, a.metrics, host="127.0.0.1", port=port):
                    pass


@pytest.mark.parametrize("path", ["/", "/health", "/healthz", "/metrics/"])
async def test_a_path_that_is_not_there_is_answered_with_those_that_are(bench: Bench, path: str) -> None:
    async with (
        bench.worker("a") as a,
        serve_health(a, a.metrics, host="127.0.0.1", port=0) as port,
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{port}{path}") as response,
    ):
        assert response.status == 404
        assert (
            await response.text()
            == "there is no such path here; there are GET /health/live, GET /health/ready, GET /metrics\n"
        )
