"""Carries out the commands of a partition: one after another per address, many addresses at once, while it is ours.

A command's end is appended to its aggregate's log under the command's id, so that two owners who both carried it out
leave one outcome. Every command ends: a sender's tries have a deadline, and so has the patience with an account that is
refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

import anyio
import msgspec
from anyio.abc import TaskGroup

from ingress.envelope import Address
from ingress.errors import LogUnavailableError
from ingress.ids import outcome_id
from ingress.log import EventLog
from worker.commands.command import AnyCommand, name_of
from worker.events.event import write_entry
from worker.events.outcomes import Observed, Outcome, Refused, Unknown
from worker.ledger.ledger import Pending
from worker.runtime.accounts import Accounts
from worker.runtime.clock import RedisClock, monotonic
from worker.runtime.held import Held, Pause
from worker.runtime.lease import Lease
from worker.runtime.metrics import Metrics

#: After a 401 or 403 the account is tried again so often, with the one command that was refused.
STOPPED_SECS = 30.0
#: A command of a refused account is held so long; then it ends as refused, and its aggregate goes on from there.
HELD_SECS = 300.0
APPEND_RETRY_SECS = 0.2
#: So many commands of one partition wait before it reads its log no further. Those of the batch in hand come on top.
#: Of each refused account half as many are held besides: when they are sent again, they fill no partition alone.
MOST_WAITING = 1_000


class Sender(Protocol):
    """Sends one command to Telnyx and says what became of it."""

    async def send(
        self,
        command: AnyCommand,
        command_id: str,
        *,
        epoch: int,
        first_tried_secs_ago: float,
        fence: Callable[[], None] = lambda: None,
    ) -> Outcome | Observed:
        """Return the command's end, in bounded time; never raise for anything that Telnyx or the network does.

        *fence* is called before each request, and raises when the partition is no longer ours.
        """
        ...


class Senders(Protocol):
    """Finds the sender of a tenant."""

    def of(self, tenant: str) -> Sender | None:
        """Return the tenant's sender, or None when the policy has no such tenant."""
        ...


class Patience(msgspec.Struct, frozen=True):
    """How long, and how much, a partition's effects wait."""

    stopped_secs: float = STOPPED_SECS
    held_secs: float = HELD_SECS
    append_retry_secs: float = APPEND_RETRY_SECS
    most_waiting: int = MOST_WAITING


PATIENCE = Patience()


class _Waiting(msgspec.Struct):
    """A command that has not ended."""

    pending: Pending
    #: Since when it may have been sent (monotonic seconds); None: it never was.
    tried_at: float | None
    #: Since when its account is known to be refused.
    refused_at: float | None = None


class Effects:
    """The commands of one partition under one lease."""

    def __init__(
        self,
        lease: Lease,
        event_log: EventLog,
        senders: Senders,
        clock: RedisClock,
        metrics: Metrics,
        accounts: Accounts,
        patience: Patience = PATIENCE,
    ) -> None:
        self._lease = lease
        self._log = event_log
        self._senders = senders
        self._clock = clock
        self._metrics = metrics
        self._patience = patience
        self._queues: dict[Address, deque[_Waiting]] = {}
        self._ids: set[str] = set()
        #: Set while nothing is queued.
        self._idle = _set_event()
        self._held = Held(max(1, patience.most_waiting // 2))
        #: Set when fewer wait than did before.
        self._fewer = anyio.Event()
        self._accounts = accounts
        self._drain_asked = anyio.Event()

    def start(self, tasks: TaskGroup, pending: Pending, *, age_secs: float | None = None) -> None:
        """Carry out *pending* after those of its address that came before.

        It may have been sent *age_secs* ago; None: it never was.
        """
        waiting = _Waiting(pending, None if age_secs is None else monotonic() - age_secs)
        self._ids.add(pending.command_id)
        queue = self._queues.get(pending.address)
        if queue is not None:
            queue.append(waiting)
            self._held.add(pending.address)
            return
        if not self._queues:
            self._idle = anyio.Event()
        self._queues[pending.address] = deque([waiting])
        tasks.start_soon(self._carry_out, pending.address, name=f"effects {pending.address}")

    def __contains__(self, command_id: object) -> bool:
        """Return whether a command is being carried out, or waits for that."""
        return command_id in self._ids

    @property
    def crowded(self) -> bool:
        """Whether so many commands wait, besides those that are held, that no more should be decided."""
        return len(self._ids) - len(self._held) >= self._patience.most_waiting

    async def room(self) -> None:
        """Return when fewer commands wait than the bound. They end without the log being read, so that time comes."""
        while self.crowded:
            if self._fewer.is_set():
                self._fewer = anyio.Event()
            await self._fewer.wait()

    async def drain(self) -> None:
        """Start no more, and return when those under way have ended."""
        self._drain_asked.set()
        while self._queues:
            await self._idle.wait()

    def close(self) -> None:
        """Count this partition's refused accounts no more: whoever holds it next finds out anew."""
        self._accounts.leave(self._lease.partition)

    async def _carry_out(self, address: Address) -> None:
        queue = self._queues[address]
        try:
            while queue and not self._drain_asked.is_set():
                waiting = queue[0]
                ended = await self._send(waiting)
                if _is_stop(ended) and await self._hold(waiting, ended):
                    continue
                await self._append(waiting.pending, ended)
                self._forget(queue.popleft())
        finally:
            while queue:
                self._forget(queue.popleft())
            # No wait lies between the last look at the queue and this, so nothing is added to a queue that is left.
            del self._queues[address]
            if not self._queues:
                self._idle.set()

    def _forget(self, waiting: _Waiting) -> None:
        self._ids.discard(waiting.pending.command_id)
        self._fewer.set()

    async def _send(self, waiting: _Waiting) -> Outcome | Observed:
        pending = waiting.pending
        command, tenant = pending.command, pending.address.tenant
        sender = self._senders.of(tenant)
        if sender is None:
            return Outcome(pending.command_id, command, Unknown(f"the policy has no tenant {tenant}"))
        self._lease.check()
        began = monotonic()
        ended = await sender.send(
            command,
            pending.command_id,
            epoch=self._lease.epoch,
            first_tried_secs_ago=0.0 if waiting.tried_at is None else max(0.0, began - waiting.tried_at),
            fence=self._lease.check,
        )
        self._metrics.command_secs.labels(name_of(command)).observe(monotonic() - began)
        if not _is_stop(ended) and not _is_unknown(ended):
            self._accounts.resume(tenant)
        return ended

    async def _hold(self, waiting: _Waiting, refused: Outcome | Observed) -> bool:
        """Keep a command of an account that is refused, for a while; say it once. False: it has been kept too long, or
        too many others are.

        It was refused for certain, so this try had no effect; what was tried before stays as old as it was.
        """
        address, now, again_secs = waiting.pending.address, monotonic(), self._patience.stopped_secs
        self._accounts.stop(address.tenant, self._lease.partition, refused=str(refused), again_secs=again_secs)
        if waiting.refused_at is None:
            waiting.refused_at = now
        if now - waiting.refused_at >= self._patience.held_secs:
            return False
        with anyio.move_on_after(again_secs) as scope:
            self._held.hold(address, Pause(waiting.refused_at, len(self._queues[address]), scope))
            self._fewer.set()
            await self._drain_asked.wait()
        return self._held.release(address)

    async def _append(self, pending: Pending, ended: Outcome | Observed) -> None:
        """Append the end. It is known to us alone, so it is tried for as long as the partition is ours."""
        result = ended.result.__struct_config__.tag if isinstance(ended, Outcome) else "observed"
        self._metrics.commands.labels(name_of(pending.command), str(result)).inc()
        entry = write_entry(outcome_id(pending.command_id), pending.address, ended, self._clock.now_ms())
        while True:
            try:
                await self._log.append([entry])
            except LogUnavailableError:
                self._lease.check()
                await anyio.sleep(self._patience.append_retry_secs)
            else:
                return


def _set_event() -> anyio.Event:
    event = anyio.Event()
    event.set()
    return event


def _is_stop(ended: Outcome | Observed) -> bool:
    return isinstance(ended, Outcome) and isinstance(ended.result, Refused) and ended.result.disposition == "stop"


def _is_unknown(ended: Outcome | Observed) -> bool:
    return isinstance(ended, Outcome) and isinstance(ended.result, Unknown)
