"""A whole contact centre in one process: emulator, ingress, log and worker, each the real one."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
import msgspec
from aiohttp import web
from nacl.signing import VerifyKey
from redis.asyncio import Redis

from ingress.batch import Batcher
from ingress.intents.model import AnyIntent, Asked, to_of
from ingress.log import EventLog, Keys, settle_topology
from ingress.metrics import Metrics as IngressMetrics
from ingress.redis_client import connect
from ingress.signature import Verifier
from ingress.webhooks import WebhookHandler
from tests.integration.runtime.conftest import NUMBER, PARTITIONS, Bench
from worker.events.intents import Enrol
from worker.policy.model import Agent, Number, Policy, Queue, Recording, Secret, Tenant
from worker.runtime.metrics import Metrics
from worker.runtime.partition import BLOCK_MS
from worker.runtime.senders import TenantSenders, gate_of
from worker.runtime.worker import Worker
from worker.settings import WorkerSettings
from worker.telnyx.breaker import Breaker
from worker.telnyx.client import TelnyxClient
from worker.telnyx.sender import Sender
from worker.telnyx.slots import Slots
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator, serve
from worker.testing.emulator.settings import EmulatorSettings

AGENTS = ("alice", "bob")
#: Before a probe; quicker than life, as the emulator is.
PAUSE_SECS = (0.05, 0.4)


def policy_of(settings: EmulatorSettings) -> Policy:
    """Return one number, one queue with recording, and two agents who are free at once."""
    agents = {
        name: Agent(f"sip:{name}@sip.telnyx.com", ("support",), wrap_up_secs=0, ring_secs=5, redial_secs=1)
        for name in AGENTS
    }
    tenant = Tenant(
        connection_id=settings.connection_id,
        caller_id="+13125550100",
        api_key=Secret(env="K"),
        public_keys=(Secret(env="P"),),
        numbers={NUMBER: Number("support", greeting="Welcome.")},
        queues={"support": Queue(offer_secs=3, connect_secs=2, recording=Recording())},
        agents=agents,
    )
    return Policy({"default": tenant})


class Whole:
    """The centre, and its callers."""

    def __init__(self, emulator: Emulator, worker: Worker, breaker: Breaker, bench: Bench) -> None:
        self.emulator = emulator
        self.worker = worker
        self.breaker = breaker
        self._bench = bench

    async def ask(self, intent: AnyIntent) -> None:
        """Ask something of the centre, as the ingress does."""
        to = to_of("default", intent)
        await self._bench.append(to.kind, to.id, Asked(intent, "test"))

    def ring(self, *, talk_secs: float = 0.2) -> Leg:
        """A caller rings, who is patient."""
        return self.emulator.actors.ring("+15550100", NUMBER, patience_secs=60, talk_secs=talk_secs)

    async def served(self, callers: list[Leg], *, secs: float = 25.0) -> None:
        """Return when each caller has talked with an agent and hung up."""
        with anyio.fail_after(secs):
            while any(caller.alive for caller in callers):
                await anyio.sleep(0.02)
        assert all(caller.stays for caller in callers)


@asynccontextmanager
async def whole(
    redis: Redis,
    url: str,
    keys: Keys,
    settings: EmulatorSettings,
    *,
    reconcile_secs: float = 60.0,
    change: Callable[[Tenant], Tenant] = lambda tenant: tenant,
) -> AsyncIterator[Whole]:
    """Run the centre for the length of a block; *settings* say how Telnyx behaves, but for where its webhooks go."""
    await settle_topology(redis, keys, PARTITIONS)
    log = EventLog(redis, keys, PARTITIONS)
    verifiers: dict[str, Verifier] = {}
    metrics = IngressMetrics()
    batcher = Batcher(log, metrics)
    app = web.Application()
    app.add_routes([web.post("/webhooks", WebhookHandler(verifiers, log, batcher, metrics).handle)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(batcher.run)
            here = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks"
            async with serve(_addressed(settings, here)) as emulator:
                policy = _changed(policy_of(settings), change)
                verifiers["default"] = Verifier([VerifyKey(base64.b64decode(emulator.public_key))])
                async with (
                    TelnyxClient(emulator.api_key, base_url=emulator.api_base) as client,
                    _worker(url, keys, policy, client, reconcile_secs) as (
                        worker,
                        breaker,
                    ),
                ):
                    bench = Bench(redis, url, keys)
                    for name, agent in policy.tenants["default"].agents.items():
                        enrol = Enrol("test", log_in=agent.log_in == "policy", reach=agent.reach)
                        await bench.append("agent", name, enrol)
                    yield Whole(emulator, worker, breaker, bench)
            tasks.cancel_scope.cancel()
    finally:
        await runner.cleanup()


def _changed(policy: Policy, change: Callable[[Tenant], Tenant]) -> Policy:
    return Policy({name: change(tenant) for name, tenant in policy.tenants.items()})


def _addressed(settings: EmulatorSettings, url: str) -> EmulatorSettings:
    return msgspec.structs.replace(settings, webhook_url=url)


@asynccontextmanager
async def _worker(
    url: str, keys: Keys, policy: Policy, client: TelnyxClient, reconcile_secs: float
) -> AsyncIterator[tuple[Worker, Breaker]]:
    settings = WorkerSettings(
        redis_url=url, policy="", prefix=keys.prefix, worker_id="whole", lease_secs=5, drain_secs=2,
        reconcile_secs=reconcile_secs, reconcile_rate=100,
    )  # fmt: skip
    commands, reads = connect(url), connect(url, blocking_read_secs=BLOCK_MS / 1000)
    metrics = Metrics()
    gate = gate_of("default", Slots(64), metrics, pause_secs=PAUSE_SECS)
    senders = TenantSenders({"default": Sender(client, gate=gate)})
    worker = Worker(settings, commands=commands, reads=reads, senders=senders, policy=lambda: policy, metrics=metrics)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(worker.run)
            try:
                yield worker, gate.breaker
            finally:
                worker.stop()
    finally:
        await commands.aclose()
        await reads.aclose()
