"""The ingress as an aiohttp application, and its life: start, ready, unready, drain, end."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import AsyncExitStack

import anyio
import structlog
from aiohttp import web
from anyio.abc import TaskGroup
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.batch import Batcher
from ingress.errors import ConfigError, TopologyError
from ingress.log import EventLog, Keys, settle_topology
from ingress.logs import configure_logs
from ingress.metrics import Metrics
from ingress.redis_client import connect, redact
from ingress.settings import IngressSettings, tenant_keys
from ingress.signature import Verifier
from ingress.webhooks import MAX_BODY_BYTES, WebhookHandler

log = structlog.get_logger(__name__)

EXIT_OK, EXIT_CONFIG, EXIT_UNREACHABLE = 0, 2, 5
#: Redis may be starting too.
REDIS_WITHIN_SECS = 15.0
PING_SECS = 1.0
#: Requests under way when the listening ends may take so long.
DRAIN_SECS = 5.0


class Readiness:
    """Whether webhooks should be sent here: Redis has answered lately, and no shutdown has begun."""

    def __init__(self, redis: Redis, metrics: Metrics) -> None:
        self._redis = redis
        self._metrics = metrics
        self.redis_ok = True
        self.leaving = False

    @property
    def ready(self) -> bool:
        """The answer of `/health/ready`."""
        return self.redis_ok and not self.leaving

    async def watch(self) -> None:
        """Ask Redis for ever, and say each change."""
        while True:
            try:
                with anyio.fail_after(PING_SECS):
                    await self._redis.ping()
                ok = True
            except (RedisError, OSError, TimeoutError):
                ok = False
            if ok != self.redis_ok:
                self.redis_ok = ok
                log.warning("redis.here" if ok else "redis.away")
            self._metrics.ready.set(self.ready)
            await anyio.sleep(PING_SECS)


def make_app(handler: WebhookHandler, readiness: Readiness, metrics: Metrics) -> web.Application:
    """Return the application: webhooks, health and metrics."""

    async def live(_: web.Request) -> web.Response:
        return web.json_response({"status": "live"})

    async def ready(_: web.Request) -> web.Response:
        body = {"ready": readiness.ready, "redis": readiness.redis_ok, "leaving": readiness.leaving}
        return web.json_response(body, status=200 if readiness.ready else 503)

    async def measured(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.add_routes(
        [
            web.post("/webhooks", handler.handle),
            web.post("/webhooks/{tenant}", handler.handle),
            web.get("/health/live", live),
            web.get("/health/ready", ready),
            web.get("/metrics", measured),
        ]
    )
    return app


def run(settings: IngressSettings) -> int:
    """Run an ingress until SIGTERM or SIGINT, and return the exit status. A second signal ends it at once."""
    configure_logs()
    status = EXIT_OK
    try:
        anyio.run(_run, settings, backend_options={"use_uvloop": True})
    except* (ConfigError, TopologyError) as group:
        status = _say(group, EXIT_CONFIG)
    except* (RedisError, OSError) as group:
        status = _say(group, EXIT_UNREACHABLE)
    return status


async def _run(settings: IngressSettings) -> None:
    verifiers = {tenant: Verifier(keys) for tenant, keys in tenant_keys(settings).items()}
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        redis = connect(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        keys = Keys(settings.prefix)
        await _settle(redis, keys, settings)
        event_log = EventLog(redis, keys, settings.partitions)
        batcher = Batcher(event_log, metrics)
        readiness = Readiness(redis, metrics)
        handler = WebhookHandler(verifiers, event_log, batcher, metrics)
        tasks = await stack.enter_async_context(anyio.create_task_group())
        tasks.start_soon(batcher.run, name="batcher")
        tasks.start_soon(readiness.watch, name="redis watch")
        runner = web.AppRunner(make_app(handler, readiness, metrics), access_log=None, shutdown_timeout=DRAIN_SECS)
        await runner.setup()
        try:
            site = web.TCPSite(runner, settings.host, settings.port)
            await site.start()
            print(f"listening on http://{settings.host}:{runner.addresses[0][1]}", flush=True)
            log.info("ingress.ready", tenants=sorted(verifiers), partitions=settings.partitions)
            await _until_signal(tasks)
            readiness.leaving = True
            log.info("ingress.leaving", grace_secs=settings.grace_secs)
            await anyio.sleep(settings.grace_secs)
        finally:
            # Stops listening, lets requests under way end, and only then the batcher that they wait for.
            with anyio.CancelScope(shield=True):
                await runner.cleanup()
        tasks.cancel_scope.cancel()


async def _settle(redis: Redis, keys: Keys, settings: IngressSettings) -> None:
    """Check the number of partitions; wait a while for a Redis that is starting."""
    with anyio.move_on_after(REDIS_WITHIN_SECS):
        while True:
            try:
                await settle_topology(redis, keys, settings.partitions)
            except (RedisError, OSError):
                await anyio.sleep(0.2)
            else:
                return
    raise OSError(f"{redact(settings.redis_url)} does not answer: start Redis, or name another with --redis")


async def _until_signal(tasks: TaskGroup) -> None:
    """Return at the first SIGTERM or SIGINT, and end the process at the second."""
    told = anyio.Event()

    async def listen() -> None:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as received:
            async for number in received:
                if told.is_set():
                    os._exit(128 + number)
                told.set()

    tasks.start_soon(listen, name="signals")
    await told.wait()


def _say(group: BaseExceptionGroup[BaseException], status: int) -> int:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    print(f"switchhook ingress: {error}", file=sys.stderr)
    return status
