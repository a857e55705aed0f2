"""One partition in the hands of its owner: recover, then read, fold, decide, journal, and let the effects follow.

Nothing leaves this process for an event before its decision is in the journal, under the fence.
"""

from __future__ import annotations

from collections.abc import Callable

import anyio
import structlog
from anyio.abc import TaskGroup
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.log import EventLog
from worker.decisions.decision import Decision
from worker.events.event import Event
from worker.events.intents import Release
from worker.ledger.ledger import Ledger, Pending, Taken, Timer
from worker.policy.model import Policy
from worker.runtime.answers import Reload, answers_to
from worker.runtime.clock import RedisClock, monotonic
from worker.runtime.delivery import Delivery
from worker.runtime.effects import Effects
from worker.runtime.errors import UnavailableError
from worker.runtime.journal import START, Entries, Journal, entries_of, events_of, order_of
from worker.runtime.keeping import Keeper, Keeping
from worker.runtime.lag import Lag
from worker.runtime.lease import Lease
from worker.runtime.metrics import Metrics
from worker.runtime.policies import Policies
from worker.runtime.publisher import Publisher
from worker.runtime.reconcile import Reconciler
from worker.runtime.recording.awaited import Awaited
from worker.runtime.roster import Bringer
from worker.runtime.snapshots import Snapshots
from worker.runtime.suspicion import Suspicion
from worker.runtime.timers import Timers
from worker.runtime.undocumented import Undocumented
from worker.runtime.witness import Witness

log = structlog.get_logger(__name__)

BATCH = 500
BLOCK_MS = 1_000
#: Of the events that wait for one aggregate in quarantine, so many are kept in memory.
MOST_HELD = 100
KILLER = "it has ended the process of every owner that looked at it"


class PartitionOwner:
    """Runs one partition under one lease, until told to leave or until the lease is lost."""

    def __init__(
        self,
        lease: Lease,
        *,
        reads: Redis,
        journal: Journal,
        event_log: EventLog,
        policy: Callable[[], Policy],
        policies: Policies,
        effects: Effects,
        clock: RedisClock,
        metrics: Metrics,
        undocumented: Undocumented,
        suspicion: Suspicion,
        reached: str,
        snapshots: Snapshots,
        awaited: Awaited,
        keeping: Keeping,
        reconciler: Reconciler,
        witness: Witness,
        publisher: Publisher,
        reload: Reload,
    ) -> None:
        self.lease = lease
        self.partition = lease.partition
        self.ledger = Ledger(lease.partition, most_held=MOST_HELD)
        self.lag = Lag(clock)
        self._reads = reads
        self._journal = journal
        self._log = event_log
        self._policy = policy
        self._reload = reload
        self._bringer = Bringer(lease.partition, policies, event_log, clock)
        self.effects = effects
        self._clock = clock
        self._metrics = metrics
        self._undocumented = undocumented
        self._suspicion = suspicion
        #: How far this process knows the log to have been decided once.
        self._reached = reached
        self._snapshots = snapshots
        self._witness = witness
        self._publisher = publisher
        self._reconciler = reconciler
        self._delivery = Delivery(lease.partition, journal=journal, event_log=event_log, clock=clock)
        self._keeper = Keeper(
            lease, keeping, snapshots=snapshots, journal=journal, awaited=awaited, clock=clock, metrics=metrics
        )
        self._position = START
        self._survived = False
        #: The newest event when the partition was taken; None when it has been reached.
        self._tail: str | None = START
        self._inherited: frozenset[str] = frozenset()
        self._leaving = anyio.Event()
        self._reading: anyio.CancelScope | None = None

    @property
    def position(self) -> str:
        """The last event that has been decided."""
        return self._position

    def leave(self) -> None:
        """Read no more; finish what is in hand."""
        self._leaving.set()
        if self._reading is not None:
            self._reading.cancel()

    async def run(self, *, drain_secs: Callable[[], float]) -> None:
        """Hold the partition until `leave` is called.

        *drain_secs* says, when that happens, how long commands under way may still take.

        Raises:
            FencedError: The partition is another's; everything was stopped.
            UnavailableError: Redis failed; everything was stopped, and the memory is not to be used again.
        """
        began = monotonic()
        await self._suspicion.begin()
        await self._recover()
        self._metrics.recovery_secs.observe(monotonic() - began)
        log.info("partition.taken", partition=self.partition, epoch=self.lease.epoch, position=self._position)
        timers = Timers(self.lease, self.ledger, self._log, self._clock, self._metrics)
        async with anyio.create_task_group() as tasks:
            timers.add(self.ledger.timers.values())
            tasks.start_soon(timers.run, name=f"timers {self.partition}")
            tasks.start_soon(self._keeper.run, name=f"keeper {self.partition}")
            tasks.start_soon(self._witness.run, name=f"witness {self.partition}")
            tasks.start_soon(self._publisher.run, name=f"publisher {self.partition}")
            tasks.start_soon(self._reconciler.run, self.ledger, name=f"reconciler {self.partition}")
            await self._live(tasks, timers)
            with anyio.move_on_after(drain_secs()):
                await self._suspicion.survived()
                await self.effects.drain()
                await self._keeper.finish(self.ledger, self._position)
            tasks.cancel_scope.cancel()

    async def _recover(self) -> None:
        """Fold the log after the newest snapshot with its recorded decisions; deliver what may be owed."""
        self._position = await self._journal.position(self.partition)
        if order_of(self._position) < order_of(self._reached):
            # Redis came back without its newest writes: what was done upon them is known to Telnyx alone.
            self._metrics.regressions.inc()
            log.error("partition.went-back", partition=self.partition, was=self._reached, now=self._position)
        self.ledger, start = await self._snapshots.load(self.partition, self._position, most_held=MOST_HELD)
        events = 0
        async for event, decision in self._journal.history(self.partition, self._position, after=start):
            lacking = self.ledger.lacking(event)
            later = await self._journal.events(self.partition, lacking) if lacking else {}
            self._noted(event, self.ledger.follow(event, decision.acts if decision else (), tuple(later.values())))
            events += 1
        self._keeper.begin(order_of(start)[0], events)
        if not self.ledger.faithful:
            log.error("partition.past-not-borne", partition=self.partition, after=start, consequence="no snapshots")
        await self._delivery.catch_up(self._position)
        self._inherited = frozenset(self.ledger.pending)
        self._tail = await self._journal.last_id(self.partition)

    async def _live(self, tasks: TaskGroup, timers: Timers) -> None:
        """Read and take batches until told to leave; a read that waits is cut short by that."""
        self._carry_on(tasks)
        while not self._leaving.is_set():
            self._witness.note(self.ledger, self._position)
            self._publisher.rest(self.ledger)
            batch: Entries = []
            with anyio.CancelScope() as self._reading:
                await self._has_room()
                await self._bringer.bring(self.ledger.governing)
                batch = await self._read()
            self.lag.take(order_of(batch[0][0].decode())[0] if batch else None)
            self.lease.check()
            if batch and self._suspicion.careful:
                await self._take_carefully(batch, tasks, timers)
            elif batch:
                await self._take(batch, tasks, timers)
                if not self._survived:
                    await self._suspicion.survived()
                    self._survived = True
            else:
                # The last events of a partition that has become quiet are to be in a snapshot too, and trimmed one day.
                self._keeper.note(self.ledger, self._position, 0)
            if len(batch) < BATCH:
                self.lag.take(None)
        self.lag.stall()

    async def _has_room(self) -> None:
        """Read no further while so many commands wait that what is decided now could not be done soon."""
        if self.effects.crowded:
            self.lag.stall()
            await self.effects.room()

    async def _read(self) -> Entries:
        key = self._log.keys.log(self.partition)
        try:
            reply = await self._reads.xread({key: self._position}, count=BATCH, block=BLOCK_MS)
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the log of partition {self.partition} could not be read: {exc}") from exc
        return entries_of(reply)

    async def _take_carefully(self, batch: Entries, tasks: TaskGroup, timers: Timers) -> None:
        """Take one event at a time, and leave alone the one that has killed this partition's owners."""
        for entry in batch:
            async with self._suspicion.turn:
                killer = await self._suspicion.kills(entry[0].decode())
                await self._take([entry], tasks, timers, aside=killer)
        await self._suspicion.survived()
        self._survived = True

    async def _take(self, batch: Entries, tasks: TaskGroup, timers: Timers, *, aside: bool = False) -> None:
        """Decide a batch, journal it in one step, then let the effects follow. With *aside* it is not looked at."""
        decisions: list[tuple[str, Decision]] = []
        commands: list[Pending] = []
        new_timers: list[Timer] = []
        policy = self._policy()
        events = list(events_of(batch, unread=self._metrics.unread.inc))
        waiting, answers = await self._waiting(events), await answers_to(events, self._reload)
        self._publisher.stir(event.address for event in events)
        for event in events:
            self._undocumented.note(event)
            if event.id in answers:
                taken = self.ledger.follow(event, answers[event.id])
            else:
                taken = self.ledger.set_aside(event, KILLER) if aside else self._decide(event, policy, waiting)
            if taken.acts:
                decisions.append((event.id, Decision(event.address, taken.acts)))
                commands += taken.commands
                new_timers += taken.timers
        last = batch[-1][0].decode()
        await self._journal.commit(self.lease, last, decisions, after=self._position)
        self._position = last
        self._metrics.decisions.inc(len(decisions))
        self._metrics.lag_secs.observe(max(0.0, (self._clock.now_ms() - order_of(last)[0]) / 1000))
        await self._delivery.deliver(decisions, last, len(batch))
        # Not sooner: what is not delivered yet must not be trimmed, however old it is.
        self._keeper.note(self.ledger, last, len(batch))
        timers.add(new_timers)
        if self._tail is not None:
            self._carry_on(tasks)
            return
        for pending in commands:
            self.effects.start(tasks, pending)

    def _carry_on(self, tasks: TaskGroup) -> None:
        """Start what is unfinished, once the log that the last owner left has been taken in: it may hold the ends.

        What that owner had decided may have been sent; what is new here has not.
        """
        if self._tail is None or order_of(self._position) < order_of(self._tail):
            return
        self._tail = None
        self._reconciler.begin()
        now_ms = self._clock.now_ms()
        for pending in self.ledger.pending.values():
            since = max(0.0, (now_ms - pending.decided_ms) / 1000) if pending.command_id in self._inherited else None
            self.effects.start(tasks, pending, age_secs=since)

    async def _waiting(self, events: list[Event]) -> dict[str, Event]:
        """Return what releases among *events* may take in and the ledger does not hold: of the log, and of *events*.

        Before the first one is decided: nobody is to see the ledger between two events of a batch.
        """
        if not any(isinstance(event.body, Release) for event in events):
            return {}
        names = [name for event in events for name in self.ledger.lacking(event)]
        return await self._journal.events(self.partition, names) | {event.id: event for event in events}

    def _decide(self, event: Event, policy: Policy, waiting: dict[str, Event]) -> Taken:
        self._metrics.events.labels(event.address.kind).inc()
        self._reconciler.heard(event)
        later = [waiting[name] for name in self.ledger.lacking(event) if name in waiting] if waiting else ()
        return self._noted(event, self.ledger.decide(event, policy, later))

    def _noted(self, event: Event, taken: Taken) -> Taken:
        """Say loudly that code raised upon *event*: its aggregate is in quarantine, and the others go on."""
        if taken.error is not None:
            log.error(
                "event.failed", address=str(event.address), event_id=event.id, partition=self.partition,
                exc_info=taken.error,
            )  # fmt: skip
            self._metrics.failures.labels(event.address.kind).inc()
        return taken
