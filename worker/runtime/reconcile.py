"""Compares what a partition knows with what Telnyx shows, and appends the differences: how a lost webhook is healed.

Every live aggregate is looked at within a bound after its last look, and all of them once after a takeover, which is
what follows every gap: Redis away, another owner, a log that has gone back. Looks are budgeted for the whole worker and
go through the same sender as commands, which serves reads last. Where there are more aggregates than the budget can ask
for within the bound, the age of the oldest look says so. Two owners who look at once do no harm: both append the same
event, or one that changes nothing.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable

import anyio
import anyio.lowlevel
import msgspec
import structlog

from ingress.envelope import Address
from ingress.errors import LogUnavailableError
from ingress.log import EventLog, Partition
from worker.aggregates.differences import differences, look_again, look_at
from worker.aggregates.machine import AggregateState
from worker.commands import command as c
from worker.events.event import Event, write_entry
from worker.events.outcomes import Observed, Outcome, Refused
from worker.ledger.ledger import Ledger
from worker.policy.model import Policy
from worker.runtime.clock import RedisClock, monotonic
from worker.runtime.effects import Senders
from worker.runtime.lease import Lease
from worker.runtime.metrics import Metrics

log = structlog.get_logger(__name__)

#: An aggregate is due between these shares of the bound after its last look; the rest is for what puts a look off.
SPREAD = (0.6, 0.8)
#: What was heard of an aggregate so lately makes a look superfluous, or too early: at most, and as a share of the
#: bound.
LATELY_SECS, LATELY_SHARE = 5.0, 0.1
#: A look contradicts nothing that is younger than this: clocks differ, and what Telnyx shows may lag behind.
SETTLED_SECS = 1.0
#: The longest sleep: what a new aggregate or a changed clock can be late by, as a share of the bound.
SLEEP_SHARE = 0.05
PLANNED_AT_A_TIME = 1_000


class Bounds(msgspec.Struct, frozen=True):
    """How often everything is looked at, and how fast."""

    #: 0: never.
    secs: float = 60.0
    #: Reads in a second, of the whole worker.
    per_sec: float = 10.0

    @property
    def lately_secs(self) -> float:
        """Within which an event for an aggregate puts its look off."""
        return min(LATELY_SECS, LATELY_SHARE * self.secs)

    @property
    def settled_ms(self) -> int:
        """How old a fact must be to be contradicted."""
        return round(1000 * min(SETTLED_SECS, LATELY_SHARE * self.secs))


class Reconciling:
    """What all partitions of a worker share: the budget, and the ways to Telnyx and to the log."""

    def __init__(
        self,
        bounds: Bounds,
        *,
        event_log: EventLog,
        senders: Senders,
        policy: Callable[[], Policy],
        clock: RedisClock,
        metrics: Metrics,
    ) -> None:
        self.bounds = bounds
        self.log = event_log
        self.senders = senders
        self.policy = policy
        self.clock = clock
        self.metrics = metrics
        self._next = 0.0
        self._oldest: dict[Partition, Callable[[], float]] = {}
        metrics.oldest_look_secs.set_function(lambda: max((age() for age in self._oldest.values()), default=0.0))

    def of(self, lease: Lease) -> Reconciler:
        """Return the reconciler of one partition."""
        return Reconciler(lease, self)

    async def turn(self) -> None:
        """Return when the budget allows another read."""
        now = monotonic()
        at = max(now, self._next)
        self._next = at + 1 / self.bounds.per_sec
        await anyio.sleep(at - now)

    def show(self, partition: Partition, oldest_secs: Callable[[], float] | None) -> None:
        """Have the metrics ask *oldest_secs* for the age of a partition's oldest look; None: no more."""
        if oldest_secs is None:
            self._oldest.pop(partition, None)
        else:
            self._oldest[partition] = oldest_secs


class Reconciler:
    """Looks at the aggregates of one partition under one lease. `run` belongs to the partition's task group."""

    def __init__(self, lease: Lease, shared: Reconciling) -> None:
        self._lease = lease
        self._shared = shared
        self._secs = shared.bounds.secs
        #: When each was looked at last, or found first (monotonic seconds); the longest ago first.
        self._looked: dict[Address, float] = {}
        #: When a look is due, and when at the latest; the number decides between equals.
        self._due: list[tuple[float, float, int, Address]] = []
        self._numbers = itertools.count()
        #: The last events, by Redis's time in ms; the longest ago first.
        self._heard: dict[Address, int] = {}
        self._begun = anyio.Event()

    def heard(self, event: Event) -> None:
        """Note that something has been heard of an aggregate."""
        address = event.address
        if not self._secs or address.kind == "agent":
            return
        self._heard.pop(address, None)
        self._heard[address] = event.received_ms
        if address not in self._looked and self._begun.is_set():
            self._plan(address)

    def begin(self) -> None:
        """The log that the last owner left has been taken in: from now on differences are true ones."""
        self._begun.set()

    async def run(self, ledger: Ledger) -> None:
        """Look at the aggregates of *ledger*, for ever; return at once when that is switched off.

        Raises:
            FencedError: The lease is over.
        """
        if not self._secs:
            return
        await self._begun.wait()
        self._shared.show(self._lease.partition, self._oldest_secs)
        try:
            await self._plan_all(list(ledger.aggregates))
            while True:
                address = self._next(ledger)
                if address is None:
                    await anyio.sleep(self._sleep_secs())
                else:
                    await self._look(ledger, address)
        finally:
            self._shared.show(self._lease.partition, None)

    async def _plan_all(self, addresses: list[Address]) -> None:
        """Plan a look at everything, soon: at the few that many depend on before the many."""
        now, soon_secs = monotonic(), self._shared.bounds.settled_ms / 1000
        for number, address in enumerate(addresses):
            if number % PLANNED_AT_A_TIME == 0:
                await anyio.lowlevel.checkpoint()
            if address.kind != "agent" and address not in self._looked:
                rank = 1 if address.kind == "call" else 0
                self._add(address, now, now + soon_secs * (rank + random.random()) / 2, now)

    def _plan(self, address: Address) -> None:
        """Note a look, or the first word of an aggregate, and when the next look is due."""
        now = monotonic()
        self._add(address, now, now + self._secs * random.uniform(*SPREAD), now + self._secs)

    def _add(self, address: Address, looked: float, due: float, latest: float) -> None:
        self._looked.pop(address, None)
        self._looked[address] = looked
        heapq.heappush(self._due, (due, latest, next(self._numbers), address))

    def _next(self, ledger: Ledger) -> Address | None:
        """Return an aggregate whose look is due and not put off; forget those that are no more."""
        now, bounds = monotonic(), self._shared.bounds
        self._forget(bounds)
        while self._due and self._due[0][0] <= now:
            _, latest, number, address = heapq.heappop(self._due)
            if address not in ledger.aggregates or address in ledger.finished or address in ledger.quarantined:
                self._looked.pop(address, None)
            elif address in self._heard and now + bounds.lately_secs < latest:
                heapq.heappush(self._due, (now + bounds.lately_secs, latest, number, address))
            else:
                return address
        return None

    def _forget(self, bounds: Bounds) -> None:
        before_ms = self._shared.clock.now_ms() - bounds.lately_secs * 1000
        while self._heard:
            address, at_ms = next(iter(self._heard.items()))
            if at_ms > before_ms:
                return
            del self._heard[address]

    def _sleep_secs(self) -> float:
        longest = SLEEP_SHARE * self._secs
        return min(longest, max(0.001, self._due[0][0] - monotonic())) if self._due else longest

    def _oldest_secs(self) -> float:
        return monotonic() - next(iter(self._looked.values())) if self._looked else 0.0

    async def _look(self, ledger: Ledger, address: Address) -> None:
        """Ask Telnyx about an aggregate, and append in what the answer differs from what is known by then."""
        read = self._first_read(ledger, address)
        while read is not None:
            await self._shared.turn()
            self._lease.check()
            at_ms = self._shared.clock.now_ms() - self._shared.bounds.settled_ms
            seen = await self._read(address, read, at_ms)
            if seen is None:
                break
            state = ledger.aggregates.get(address)
            if state is not None:
                await self._tell(address, state, seen)
            read = look_again(read, seen.seen)
        self._plan(address)
        # A look at which there was nothing to ask has waited for nothing.
        await anyio.lowlevel.checkpoint()

    def _first_read(self, ledger: Ledger, address: Address) -> c.Read | None:
        tenant = self._shared.policy().tenants.get(address.tenant)
        state = ledger.aggregates.get(address)
        if tenant is None or state is None:
            return None
        return look_at(state, tenant, self._shared.clock.now_ms())

    async def _read(self, address: Address, read: c.Read, at_ms: int) -> Observed | None:
        """Return what *read* showed; None when Telnyx did not say. Then the next look asks again."""
        sender = self._shared.senders.of(address.tenant)
        if sender is None:
            return None
        name = self._name(address, read, at_ms)
        ended = await sender.send(
            read, name, epoch=self._lease.epoch, first_tried_secs_ago=0.0, fence=self._lease.check
        )
        reads = self._shared.metrics.reconcile_reads
        if isinstance(ended, Observed):
            reads.labels(c.name_of(read), "seen").inc()
            return msgspec.structs.replace(ended, at_ms=at_ms)
        reads.labels(c.name_of(read), _failure(ended)).inc()
        return None

    async def _tell(self, address: Address, state: AggregateState, seen: Observed) -> None:
        found = differences(state, seen)
        if not found:
            return
        self._lease.check()
        entry = write_entry(seen.command_id, address, seen, self._shared.clock.now_ms())
        try:
            await self._shared.log.append([entry])
        except LogUnavailableError as exc:
            # Nothing is lost: whoever holds the partition next looks at once.
            log.warning("reconcile.unsaid", address=str(address), error=str(exc))
            return
        for what in found:
            self._shared.metrics.reconciled.labels(address.kind, what).inc()
        log.info("reconciled", address=str(address), differs=list(found), partition=self._lease.partition)

    def _name(self, address: Address, read: c.Read, at_ms: int) -> str:
        """Name a look by its round, so that two owners who both see a difference append it once."""
        return f"r:{address}:{c.name_of(read)}:{at_ms // max(1, round(self._shared.bounds.lately_secs * 1000))}"


def _failure(ended: Outcome) -> str:
    return ended.result.disposition if isinstance(ended.result, Refused) else "unanswered"
