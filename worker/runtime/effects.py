"""Carries out the commands of a partition: one after another per address, many addresses at once, while it is ours.

A command's end is appended to its aggregate's log under the command's id, so that two owners who both carried it out
leave one outcome.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

import anyio
import structlog
from anyio.abc import TaskGroup

from ingress.envelope import Address
from ingress.errors import LogUnavailableError
from ingress.log import EventLog
from worker.commands.command import AnyCommand, name_of
from worker.events.event import write_entry
from worker.events.outcomes import Observed, Outcome, Refused, Unknown
from worker.ledger.ledger import Pending
from worker.runtime.clock import RedisClock, monotonic
from worker.runtime.lease import Lease
from worker.runtime.metrics import Metrics

log = structlog.get_logger(__name__)

#: After a 401 or 403 the account is tried again so often, with the one command that was refused.
STOPPED_SECS = 30.0
APPEND_RETRY_SECS = 0.2


class Sender(Protocol):
    """Sends one command to Telnyx and says what became of it."""

    async def send(
        self, command: AnyCommand, command_id: str, *, epoch: int, first_tried_secs_ago: float
    ) -> Outcome | Observed:
        """Return the command's end; never raise for anything that Telnyx or the network does."""
        ...


class Senders(Protocol):
    """Finds the sender of a tenant."""

    def of(self, tenant: str) -> Sender | None:
        """Return the tenant's sender, or None when the policy has no such tenant."""
        ...


class Effects:
    """The commands of one partition under one lease."""

    def __init__(
        self,
        lease: Lease,
        event_log: EventLog,
        senders: Senders,
        limiter: anyio.CapacityLimiter,
        clock: RedisClock,
        metrics: Metrics,
    ) -> None:
        self._lease = lease
        self._log = event_log
        self._senders = senders
        self._limiter = limiter
        self._clock = clock
        self._metrics = metrics
        self._queues: dict[Address, deque[tuple[Pending, float]]] = {}
        self._idle = anyio.Event()
        self._stopped: set[str] = set()
        self._drain_asked = anyio.Event()

    def start(self, tasks: TaskGroup, pending: Pending, *, age_secs: float = 0.0) -> None:
        """Carry out *pending* after those of its address that came before; it may have been sent *age_secs* ago."""
        queue = self._queues.get(pending.address)
        if queue is not None:
            queue.append((pending, age_secs))
            return
        self._queues[pending.address] = deque([(pending, age_secs)])
        tasks.start_soon(self._carry_out, pending.address, name=f"effects {pending.address}")

    async def drain(self) -> None:
        """Start no more, and return when those under way have ended."""
        self._drain_asked.set()
        while self._queues:
            self._idle = anyio.Event()
            await self._idle.wait()

    def close(self) -> None:
        """Count this partition's refused accounts no more: whoever holds it next finds out anew."""
        self._metrics.stopped_tenants.dec(len(self._stopped))
        self._stopped.clear()

    async def _carry_out(self, address: Address) -> None:
        queue = self._queues[address]
        try:
            while queue and not self._drain_asked.is_set():
                pending, age_secs = queue[0]
                ended = await self._send(pending, age_secs)
                if _is_stop(ended):
                    # Refused for certain, so it has had no effect, and is new when it is sent again.
                    queue[0] = (pending, 0.0)
                    await self._hold(address.tenant, ended)
                    continue
                self._resume(address.tenant)
                await self._append(pending, ended)
                queue.popleft()
        finally:
            del self._queues[address]
            self._idle.set()

    async def _send(self, pending: Pending, age_secs: float) -> Outcome | Observed:
        command, tenant = pending.command, pending.address.tenant
        sender = self._senders.of(tenant)
        if sender is None:
            return Outcome(pending.command_id, command, Unknown(f"the policy has no tenant {tenant}"))
        async with self._limiter:
            self._lease.check()
            began = monotonic()
            ended = await sender.send(
                command, pending.command_id, epoch=self._lease.epoch, first_tried_secs_ago=age_secs
            )
        self._metrics.command_secs.labels(name_of(command)).observe(monotonic() - began)
        return ended

    async def _hold(self, tenant: str, refused: Outcome | Observed) -> None:
        """Keep a command of an account that is refused, for a while; say it once."""
        if tenant not in self._stopped:
            self._stopped.add(tenant)
            self._metrics.stopped_tenants.inc()
            log.error("tenant.stopped", tenant=tenant, refused=str(refused), again_secs=STOPPED_SECS)
        with anyio.move_on_after(STOPPED_SECS):
            await self._drain_asked.wait()

    def _resume(self, tenant: str) -> None:
        if tenant in self._stopped:
            self._stopped.discard(tenant)
            self._metrics.stopped_tenants.dec()
            log.info("tenant.resumed", tenant=tenant)

    async def _append(self, pending: Pending, ended: Outcome | Observed) -> None:
        """Append the end. It is known to us alone, so it is tried for as long as the partition is ours."""
        result = ended.result.__struct_config__.tag if isinstance(ended, Outcome) else "observed"
        self._metrics.commands.labels(name_of(pending.command), str(result)).inc()
        entry = write_entry(f"o:{pending.command_id}", pending.address, ended, self._clock.now_ms())
        while True:
            try:
                await self._log.append([entry])
            except LogUnavailableError:
                self._lease.check()
                await anyio.sleep(APPEND_RETRY_SECS)
            else:
                return


def _is_stop(ended: Outcome | Observed) -> bool:
    return isinstance(ended, Outcome) and isinstance(ended.result, Refused) and ended.result.disposition == "stop"
