"""Runs a worker as a process: connects, checks, works, and hands over when told to end."""

from __future__ import annotations

from contextlib import AsyncExitStack

import anyio
import structlog
from redis.exceptions import RedisError

from ingress.errors import ConfigError, LogUnavailableError, TopologyError
from ingress.lifecycle import (
    EXIT_CONFIG,
    EXIT_OK,
    EXIT_UNREACHABLE,
    on_signals,
    say_error,
)
from ingress.log import Keys, settle_topology
from ingress.logs import configure_logs
from ingress.redis_check import check_at_start
from ingress.redis_client import connect, when_redis_answers
from worker.policy.installed import installed_rules
from worker.policy.load import load_policy
from worker.policy.rules import use_rules
from worker.runtime.health import serve_health
from worker.runtime.metrics import Metrics
from worker.runtime.partition import BLOCK_MS
from worker.runtime.policies import Policies
from worker.runtime.published import Published
from worker.runtime.recording.role import RecorderRole
from worker.runtime.reload import Reloader, RuleFailures, say_warnings
from worker.runtime.rule_limit import RuleLimit
from worker.runtime.senders import open_senders
from worker.runtime.state.changes import Feed
from worker.runtime.state.readers import Readers
from worker.runtime.state.routes import state_routes
from worker.runtime.worker import Worker
from worker.settings import WorkerSettings

log = structlog.get_logger(__name__)


def run(settings: WorkerSettings) -> int:
    """Run a worker until SIGTERM or SIGINT, and return the exit status. A second signal ends it at once."""
    configure_logs()
    status = EXIT_OK
    try:
        anyio.run(_run, settings, backend_options={"use_uvloop": True})
    except* (ConfigError, TopologyError) as group:
        say_error("switchhook worker", group)
        status = EXIT_CONFIG
    except* (RedisError, OSError, LogUnavailableError) as group:
        say_error("switchhook worker", group)
        status = EXIT_UNREACHABLE
    return status


async def _run(settings: WorkerSettings) -> None:
    rules = installed_rules()
    loaded = load_policy(settings.policy, rules)
    say_warnings(loaded)
    readers = Readers(settings.tokens, loaded.policy.tenants, host=settings.health_host)
    metrics = Metrics()
    use_rules(rules, RuleFailures(metrics).tell, RuleLimit().within)
    async with AsyncExitStack() as stack:
        commands = connect(settings.redis_url)
        stack.push_async_callback(commands.aclose)
        reads = connect(settings.redis_url, blocking_read_secs=BLOCK_MS / 1000)
        stack.push_async_callback(reads.aclose)
        senders = await stack.enter_async_context(open_senders(loaded, settings, metrics))
        keys = Keys(settings.prefix)
        reloader = Reloader(loaded, Policies(commands, keys), settings.worker_id, rules)

        async def settle() -> None:
            await check_at_start(commands, settings.redis_url, metrics.persistence)
            await settle_topology(commands, keys, settings.partitions)
            await reloader.start()

        async with anyio.create_task_group() as tasks:
            # From the beginning, for a SIGHUP that nobody listens to ends the process.
            tasks.start_soon(reloader.listen, readers.reload, name="reload")
            await when_redis_answers(settle, settings.redis_url)
            worker = Worker(
                settings,
                commands=commands,
                reads=reads,
                senders=senders,
                policy=lambda: loaded.policy,
                metrics=metrics,
                reload=reloader.asked,
            )
            if settings.health_port is not None:
                feed = Feed(Published(reads, keys, settings.partitions))
                health = serve_health(
                    worker,
                    metrics,
                    host=settings.health_host,
                    port=settings.health_port,
                    more=state_routes(Published(commands, keys, settings.partitions), readers, feed),
                    ending=feed.end,
                )
                port = await stack.enter_async_context(health)
                log.info("health.listening", host=settings.health_host, port=port)
            tasks.start_soon(_announce, worker, settings.worker_id)
            role = RecorderRole(settings, commands, metrics, now_ms=worker.now_ms)
            tasks.start_soon(role.run, name="recorder")
            tasks.start_soon(on_signals, lambda _: worker.stop(), name="signals")
            await worker.run()
            tasks.cancel_scope.cancel()


async def _announce(worker: Worker, worker_id: str) -> None:
    await worker.ready.wait()
    print(f"worker {worker_id} ready", flush=True)
