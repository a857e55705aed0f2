"""The worker's small HTTP face: is it alive, does it hold its share, what has it counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from ingress.errors import ConfigError
from ingress.health import and_no_others, health_routes
from worker.runtime.metrics import Metrics
from worker.runtime.worker import Worker


@asynccontextmanager
async def serve_health(worker: Worker, metrics: Metrics, *, host: str, port: int) -> AsyncIterator[int]:
    """Serve `/health/live`, `/health/ready` and `/metrics`, and yield the port.

    Raises:
        ConfigError: Nothing can listen on that address.
    """

    def details() -> dict[str, bool | int]:
        return {
            "redis": worker.redis_ok,
            "partitions": len(worker.held),
            "quarantined": worker.quarantined,
            "lagging": len(worker.watch.lagging),
        }

    app = web.Application()
    app.add_routes(and_no_others(health_routes(lambda: worker.is_ready, details, metrics.registry)))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as exc:
            raise ConfigError(
                f"cannot listen on {host} port {port} ({exc.strerror}): set SWITCHHOOK_HEALTH_HOST and "
                "SWITCHHOOK_HEALTH_PORT to a free address of this machine, each worker's to its own"
            ) from None
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
