"""One sender for each tenant of the policy: the client of its account, with its key read from where the policy says."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from worker.policy.load import LoadedPolicy
from worker.policy.secrets import read_secret
from worker.runtime.metrics import Metrics
from worker.settings import WorkerSettings
from worker.telnyx.breaker import FAILURES, PAUSE_SECS, Breaker, Circuit
from worker.telnyx.client import TelnyxClient
from worker.telnyx.errors import TelnyxError
from worker.telnyx.gate import Gate
from worker.telnyx.sender import Sender
from worker.telnyx.slots import Slots, share

log = structlog.get_logger(__name__)


class TenantSenders:
    """The senders by tenant."""

    def __init__(self, senders: dict[str, Sender]) -> None:
        self._senders = senders

    def of(self, tenant: str) -> Sender | None:
        """Return the tenant's sender, or None when the policy has no such tenant."""
        return self._senders.get(tenant)


def gate_of(
    tenant: str,
    slots: Slots,
    metrics: Metrics,
    *,
    failures: int = FAILURES,
    pause_secs: tuple[float, float] = PAUSE_SECS,
    jitter: random.Random | None = None,
) -> Gate:
    """Return the gate of a tenant's account, which tells of its circuit in the log and in *metrics*."""
    gauge = metrics.circuit.labels(tenant)
    gauge.set(Circuit.CLOSED.value)
    before = Circuit.CLOSED

    def changed(circuit: Circuit, error: TelnyxError | None) -> None:
        nonlocal before
        gauge.set(circuit.value)
        if circuit is Circuit.CLOSED:
            log.info("circuit.closed", tenant=tenant)
        elif before is Circuit.CLOSED:
            # The probes that fail later tell nothing new.
            log.warning("circuit.opened", tenant=tenant, error=str(error))
        before = circuit

    return Gate(tenant, Breaker(failures=failures, pause_secs=pause_secs, changed=changed, jitter=jitter), slots)


@asynccontextmanager
async def open_senders(
    loaded: LoadedPolicy, settings: WorkerSettings, metrics: Metrics
) -> AsyncIterator[TenantSenders]:
    """Open a client for each tenant. The settings' `api_base` goes before what the policy says.

    Raises:
        ConfigError: A tenant's key cannot be read.
    """
    tenants = loaded.policy.tenants
    each = settings.max_tenant_commands or share(settings.max_commands, len(tenants))
    slots = Slots(settings.max_commands, most_per_tenant=each)
    async with AsyncExitStack() as stack:
        senders: dict[str, Sender] = {}
        for name, tenant in tenants.items():
            key = read_secret(tenant.api_key, f"{loaded.path}: tenants.{name}.api_key")
            # With fewer connections than places, waiting for one would look like a Telnyx that cannot be reached.
            client = TelnyxClient(key, base_url=settings.api_base or tenant.api_base, max_connections=each)
            await stack.enter_async_context(client)
            senders[name] = Sender(client, gate=gate_of(name, slots, metrics))
        yield TenantSenders(senders)
