"""The worker's small HTTP face: is it alive, does it hold its share, what has it counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from ingress.errors import ConfigError
from ingress.health import and_no_others, health_routes
from worker.runtime.metrics import Metrics
from worker.runtime.worker import Worker

#: Answers that are under way at the end may take so long.
SHUTDOWN_SECS = 2.0


@asynccontextmanager
async def serve_health(
    worker: Worker,
    metrics: Metrics,
    *,
    host: str,
    port: int,
    more: Sequence[web.RouteDef] = (),
    ending: Callable[[], None] = lambda: None,
) -> AsyncIterator[int]:
    """Serve `/health/live`, `/health/ready`, `/metrics` and *more*, and yield the port; *ending* ends what lasts.

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
    routes = health_routes(lambda: worker.is_ready, details, metrics.registry)
    app.add_routes(and_no_others([*routes, *more]))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECS)
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
        ending()
        await runner.cleanup()
