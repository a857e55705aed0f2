"""The worker's HTTP: where it listens, and what it answers."""

from __future__ import annotations

import socket

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
