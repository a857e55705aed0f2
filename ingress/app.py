"""The ingress as an aiohttp application, and its life: start, ready, unready, drain, end."""

from __future__ import annotations

import importlib.util
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

import anyio
import anyio.to_thread
import structlog
from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.access import Access
from ingress.batch import Batcher
from ingress.durability import confirmation
from ingress.errors import ConfigError, TopologyError
from ingress.health import and_no_others, health_routes
from ingress.intents.door import IntentDoor
from ingress.lifecycle import (
    EXIT_CONFIG,
    EXIT_OK,
    EXIT_UNREACHABLE,
    on_signals,
    say_error,
)
from ingress.log import EventLog, Keys, settle_topology
from ingress.logs import configure_logs
from ingress.metrics import Metrics
from ingress.readiness import Readiness
from ingress.redis_check import check_at_start
from ingress.redis_client import connect, when_redis_answers
from ingress.settings import IngressSettings
from ingress.spool.log import SpooledLog
from ingress.spool.spool import Spool
from ingress.webhooks import MAX_BODY_BYTES, WebhookHandler

log = structlog.get_logger(__name__)

#: With a spool, webhooks can be taken before Redis has answered; so it is not waited for as long as without.
START_WITH_SPOOL_SECS = 1.0
#: Requests under way when the listening ends may take so long.
DRAIN_SECS = 5.0


def make_app(handler: WebhookHandler, door: IntentDoor, readiness: Readiness, metrics: Metrics) -> web.Application:
    """Return the application: webhooks, intents, health and metrics."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    routes = [
        web.post("/webhooks", handler.handle),
        web.post("/webhooks/{tenant}", handler.handle),
        web.route("*", "/webhooks", handler.refuse_method),
        web.route("*", "/webhooks/{tenant}", handler.refuse_method),
        *door.routes(),
        *health_routes(lambda: readiness.ready, readiness.details, metrics.registry),
    ]
    app.add_routes(and_no_others(routes))
    return app


def run(settings: IngressSettings) -> int:
    """Run an ingress until SIGTERM or SIGINT, and return the exit status. A second signal ends it at once."""
    configure_logs()
    status = EXIT_OK
    try:
        anyio.run(_run, settings, backend_options={"use_uvloop": importlib.util.find_spec("uvloop") is not None})
    except* (ConfigError, TopologyError) as group:
        say_error("switchhook ingress", group)
        status = EXIT_CONFIG
    except* (RedisError, OSError) as group:
        say_error("switchhook ingress", group)
        status = EXIT_UNREACHABLE
    return status


async def _run(settings: IngressSettings) -> None:
    access = Access(settings)
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        redis = connect(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        keys = Keys(settings.prefix)
        # Before the tasks, so that it is closed when none of them uses it any more.
        spool = await _open_spool(settings, metrics, stack)
        tasks = await stack.enter_async_context(anyio.create_task_group())
        told, starting = anyio.Event(), anyio.CancelScope()

        def stop(_: signal.Signals) -> None:
            told.set()
            starting.cancel()

        tasks.start_soon(on_signals, stop, name="signals")
        tasks.start_soon(access.watch, name="reload")
        event_log = EventLog(redis, keys, settings.partitions)
        settle = partial(_settle, redis, event_log, settings, metrics)
        spooled = SpooledLog(event_log, spool, settle, confirm_ms=settings.confirm_ms) if spool else None
        redis_ok = False
        with starting:
            redis_ok = await _redis_is_there(settings, spooled, settle)
        if told.is_set():
            tasks.cancel_scope.cancel()
            return
        batcher = Batcher(spooled or event_log, metrics)
        readiness = Readiness(redis, metrics, spool, redis_ok=redis_ok)
        if spooled is not None:
            tasks.start_soon(spooled.run, name="spool")
        door = IntentDoor(access.tokens, event_log, redis, metrics)
        handler = WebhookHandler(access.verifiers, event_log, batcher, metrics)
        tasks.start_soon(batcher.run, name="batcher")
        tasks.start_soon(readiness.watch, name="redis watch")
        # Not decompressed: the signature is over the bytes as they came, and a stranger's may unpack to a lot.
        runner = web.AppRunner(
            make_app(handler, door, readiness, metrics),
            access_log=None,
            shutdown_timeout=DRAIN_SECS,
            auto_decompress=False,
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, settings.host, settings.port)
            try:
                await site.start()
            except OSError as exc:
                raise ConfigError(
                    f"cannot listen on {settings.host} port {settings.port} ({exc.strerror}): "
                    "set SWITCHHOOK_HOST and SWITCHHOOK_PORT to a free address of this machine"
                ) from None
            host = f"[{settings.host}]" if ":" in settings.host else settings.host
            print(f"listening on http://{host}:{runner.addresses[0][1]}", flush=True)
            log.info("ingress.ready", tenants=sorted(access.verifiers), partitions=settings.partitions)
            await told.wait()
            readiness.leaving = True
            log.info("ingress.leaving", grace_secs=settings.grace_secs)
            await anyio.sleep(settings.grace_secs)
        finally:
            # Stops listening, lets requests under way end, and only then the batcher that they wait for.
            with anyio.CancelScope(shield=True):
                await runner.cleanup()
        tasks.cancel_scope.cancel()


async def _settle(redis: Redis, event_log: EventLog, settings: IngressSettings, metrics: Metrics) -> None:
    """See that Redis can hold the log as it is asked to."""
    await check_at_start(redis, settings.redis_url, metrics.persistence)
    await settle_topology(redis, event_log.keys, settings.partitions)
    event_log.require(
        await confirmation(redis, settings.durability, replicas=settings.replicas, wait_ms=settings.confirm_ms)
    )


async def _open_spool(settings: IngressSettings, metrics: Metrics, stack: AsyncExitStack) -> Spool | None:
    if settings.spool is None:
        return None
    spool = Spool(settings.spool, metrics)
    await anyio.to_thread.run_sync(spool.open)
    stack.callback(spool.close)
    return spool


async def _redis_is_there(
    settings: IngressSettings, spooled: SpooledLog | None, settle: Callable[[], Awaitable[None]]
) -> bool:
    """Wait for Redis and settle what it has to agree to. With a spool, go on without it: then that is done later."""
    if spooled is None:
        await when_redis_answers(settle, settings.redis_url)
        return True
    try:
        await when_redis_answers(spooled.settle, settings.redis_url, within_secs=START_WITH_SPOOL_SECS)
    except OSError as exc:
        log.warning("ingress.without_redis", reason=str(exc), help="webhooks go to the spool until Redis answers")
        return False
    return True
