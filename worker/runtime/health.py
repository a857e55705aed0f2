"""The worker's small HTTP face: is it alive, does it hold its share, what has it counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from worker.runtime.metrics import Metrics
from worker.runtime.worker import Worker


@asynccontextmanager
async def serve_health(worker: Worker, metrics: Metrics, *, host: str, port: int) -> AsyncIterator[int]:
    """Serve `/health/live`, `/health/ready` and `/metrics`, and yield the port."""

    async def live(_: web.Request) -> web.Response:
        return web.json_response({"status": "live"})

    async def ready(_: web.Request) -> web.Response:
        body = {"ready": worker.is_ready, "redis": worker.redis_ok, "partitions": len(worker.held)}
        return web.json_response(body, status=200 if worker.is_ready else 503)

    async def measured(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/health/live", live), web.get("/health/ready", ready), web.get("/metrics", measured)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
