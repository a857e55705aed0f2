"""A worker: holds the partitions that are rightfully its, and hands them over when they are another's or it ends."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

import anyio
import structlog
from redis.asyncio import Redis

from ingress.envelope import Address
from ingress.log import EventLog, Keys, Partition
from worker.aggregates.machine import AggregateState
from worker.ledger.ledger import Ledger, Pending
from worker.policy.model import Policy
from worker.runtime.accounts import Accounts
from worker.runtime.answers import Reload, no_file
from worker.runtime.assign import assign
from worker.runtime.clock import RedisClock, monotonic
from worker.runtime.effects import Effects, Patience, Senders
from worker.runtime.errors import FencedError, NamesakeError, UnavailableError
from worker.runtime.journal import START, Journal, order_of
from worker.runtime.keeping import Keeping
from worker.runtime.lease import Lease, Leases
from worker.runtime.loss import backoff, say_loss
from worker.runtime.membership import Membership
from worker.runtime.metrics import Metrics
from worker.runtime.partition import PartitionOwner
from worker.runtime.policies import Policies
from worker.runtime.publisher import Publisher
from worker.runtime.reconcile import Bounds, Reconciling
from worker.runtime.recording.awaited import Awaited
from worker.runtime.snapshots import Snapshots, UnreadableSnapshotError
from worker.runtime.suspicion import Suspicion
from worker.runtime.undocumented import Undocumented
from worker.runtime.watch import Watch
from worker.runtime.witness import Witness
from worker.settings import WorkerSettings

log = structlog.get_logger(__name__)

#: How often a worker looks who lives and which partitions are free. Bounds a planned hand-over.
TICK_SECS = 0.25
#: A partition that is given to another worker while this one goes on waits so long for its commands under way.
HAND_OVER_SECS = 0.7


class Worker:
    """All partitions of one process."""

    def __init__(
        self,
        settings: WorkerSettings,
        *,
        commands: Redis,
        reads: Redis,
        senders: Senders,
        policy: Callable[[], Policy],
        metrics: Metrics,
        reload: Reload = no_file,
    ) -> None:
        self._settings = settings
        self._reload = reload
        self._senders = senders
        self._policy = policy
        self.metrics = metrics
        self._undocumented = Undocumented(metrics)
        metrics.quarantined.set_function(lambda: self.quarantined)
        self._reads = reads
        self._clock = RedisClock()
        self._keys = keys = Keys(settings.prefix)
        self._commands = commands
        self._log = EventLog(commands, keys, settings.partitions)
        self._journal = Journal(commands, keys)
        self._snapshots = Snapshots(commands, keys)
        self._keeping = Keeping(
            events=settings.snapshot_events,
            secs=settings.snapshot_secs,
            retention_secs=settings.retention_hours * 3600,
            archive=Path(settings.archive) if settings.archive else None,
        )
        self._policies = Policies(commands, keys)
        self._reconciling = Reconciling(
            Bounds(settings.reconcile_secs, settings.reconcile_rate),
            event_log=self._log,
            senders=senders,
            policy=lambda: self._policies.policy or policy(),
            clock=self._clock,
            metrics=metrics,
        )
        #: Names this process, whatever its id.
        self._life = secrets.token_hex(4)
        self._leases = Leases(commands, keys, settings.worker_id, ttl_secs=settings.lease_secs)
        # A dead worker's share is given away before its leases end, so that they are taken the moment they do.
        self._membership = Membership(
            commands, keys, settings.worker_id, life=self._life, clock=self._clock,
            alive_secs=max(4 * TICK_SECS, settings.lease_secs / 2),
        )  # fmt: skip
        self._accounts = Accounts(metrics)
        self._patience = Patience(most_waiting=settings.max_waiting_commands)
        self.watch = Watch(metrics, self._clock, lag_secs=settings.lag_secs)
        self._rightful: frozenset[Partition] = frozenset()
        self._careful_turn = anyio.Lock()
        self._alive: frozenset[str] = frozenset()
        self._owners: dict[Partition, PartitionOwner] = {}
        #: How far each partition was once decided, as far as this process knows.
        self._reached: dict[Partition, str] = {}
        self._stopping = anyio.Event()
        self._stop_at = 0.0
        self.redis_ok = False
        #: Set once, when this worker first holds all that is rightfully its.
        self.ready = anyio.Event()

    @property
    def held(self) -> frozenset[Partition]:
        """The partitions that are held now."""
        return frozenset(self._owners)

    def pending(self, partition: Partition) -> list[Pending]:
        """Return the commands of a partition held here that have no outcome yet."""
        owner = self._owners.get(partition)
        return list(owner.ledger.pending.values()) if owner else []

    def aggregates(self) -> dict[Address, AggregateState]:
        """Return all aggregates of the partitions held here, as they are now."""
        return {a: state for owner in self._owners.values() for a, state in owner.ledger.aggregates.items()}

    def ledgers(self) -> dict[Partition, Ledger]:
        """Return the state of each partition held here."""
        return {partition: owner.ledger for partition, owner in self._owners.items()}

    def leases(self) -> dict[Partition, Lease]:
        """Return the lease of each partition held here."""
        return {partition: owner.lease for partition, owner in self._owners.items()}

    def now_ms(self) -> int | None:
        """Return Redis's time; None while Redis does not say it."""
        return self._clock.now_ms() if self.redis_ok else None

    @property
    def quarantined(self) -> int:
        """How many aggregates of the partitions held here are in quarantine."""
        return sum(len(owner.ledger.quarantined) for owner in self._owners.values())

    @property
    def is_ready(self) -> bool:
        """Whether Redis answers and the worker holds its share."""
        return self.redis_ok and not self._stopping.is_set() and self._rightful <= self.held

    def stop(self) -> None:
        """Hand everything over within the drain budget, and let `run` return."""
        if not self._stopping.is_set():
            log.info("worker.stopping", partitions=len(self._owners))
            self._stop_at = monotonic() + self._settings.drain_secs
            self._stopping.set()
            for owner in self._owners.values():
                owner.leave()

    async def run(self) -> None:
        """Work until `stop`; raise ConfigError (in a group) when another worker that lives has this one's id.

        A stopping worker first leaves the number of those that partitions are given to, so that each partition is
        taken by its next owner the moment it is released; the leases are renewed until then.
        """
        async with anyio.create_task_group() as beats:
            beats.start_soon(self._beat, name="heartbeat")
            async with anyio.create_task_group() as partitions:
                partitions.start_soon(self._policies.read_ahead, self._stopping, name="policies")
                for number in range(self._settings.partitions):
                    partitions.start_soon(self._keep, Partition(number), name=f"partition {number}")

    async def _beat(self) -> None:
        while not self._stopping.is_set():
            self.watch.look(self._owners.values())
            try:
                with anyio.fail_after(self._settings.lease_secs):
                    workers = await self._membership.beat()
                    await self._policies.look()
            except NamesakeError:
                # Nothing is taken meanwhile, and nobody told that it is ready.
                self.redis_ok = False
            except (UnavailableError, TimeoutError) as exc:
                if self.redis_ok:
                    log.warning("redis.away", error=str(exc) or "the heartbeat was not answered in time")
                self.redis_ok = False
            else:
                if not self.redis_ok:
                    log.info("redis.here", workers=len(workers))
                self.redis_ok = True
                self._settle(workers)
            await self._pause(TICK_SECS)
        with anyio.move_on_after(1):
            await self._membership.leave()

    def _settle(self, workers: list[str]) -> None:
        self._alive = frozenset(workers)
        owners = assign(workers, self._settings.partitions)
        self._rightful = frozenset(p for p, owner in owners.items() if owner == self._settings.worker_id)
        for partition, holder in self._owners.items():
            if partition not in self._rightful:
                holder.leave()
        if self.is_ready and self._rightful:
            self.ready.set()

    async def _keep(self, partition: Partition) -> None:
        """Hold *partition* whenever it is rightfully ours and free."""
        failures = 0
        while not self._stopping.is_set():
            if partition not in self._rightful or not self.redis_ok or self._policies.reading:
                await self._pause(TICK_SECS)
                continue
            lease, failed = None, False
            try:
                lease = await self._leases.acquire(partition)
                if lease is not None:
                    await self._hold(lease)
            except* (FencedError, UnreadableSnapshotError, UnavailableError) as group:
                failed = say_loss(partition, group, self.metrics, again=lease is None and failures > 0)
            failures = failures + 1 if failed else 0
            await self._pause(backoff(failures) if failed else TICK_SECS)

    async def _hold(self, lease: Lease) -> None:
        effects = Effects(lease, self._log, self._senders, self._clock, self.metrics, self._accounts, self._patience)
        owner = PartitionOwner(
            lease,
            reads=self._reads,
            journal=self._journal,
            event_log=self._log,
            policy=self._policy,
            policies=self._policies,
            effects=effects,
            clock=self._clock,
            metrics=self.metrics,
            undocumented=self._undocumented,
            suspicion=Suspicion(
                self._commands,
                self._keys,
                lease.partition,
                me=self._settings.worker_id,
                life=self._life,
                alive=lambda: self._alive,
                turn=self._careful_turn,
            ),
            reached=self._reached.get(lease.partition, START),
            snapshots=self._snapshots,
            awaited=Awaited(self._commands, self._keys.prefix),
            keeping=self._keeping,
            reconciler=self._reconciling.of(lease),
            witness=Witness(lease, self._commands, self._keys, self._clock),
            reload=self._reload,
            publisher=Publisher(lease, self._commands, self._keys, self._clock),
        )
        self._owners[lease.partition] = owner
        self.metrics.takeovers.inc()
        self.metrics.partitions.set(len(self._owners))
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._renew, lease, name=f"lease {lease.partition}")
                if self._stopping.is_set():
                    owner.leave()
                await owner.run(drain_secs=self._drain_secs)
                tasks.cancel_scope.cancel()
        finally:
            self._reached[lease.partition] = max(
                self._reached.get(lease.partition, START), owner.position, key=order_of
            )
            del self._owners[lease.partition]
            self.metrics.partitions.set(len(self._owners))
            lease.drop()
            effects.close()
            # Released under a shield, and briefly: the next owner need not wait for the lease's end.
            with anyio.move_on_after(1, shield=True):
                await self._leases.release(lease)
        log.info("partition.released", partition=lease.partition, epoch=lease.epoch)

    def _drain_secs(self) -> float:
        return max(0.0, self._stop_at - monotonic()) if self._stopping.is_set() else HAND_OVER_SECS

    async def _renew(self, lease: Lease) -> None:
        """Renew a lease at a third of its time; give up the moment it has ended by our own clock.

        Giving up stops the commands under way too: what a sender still repeats is an act like any other.
        """
        pause = self._settings.lease_secs / 3
        while True:
            await anyio.sleep(min(pause, lease.remaining_secs))
            lease.check()
            try:
                with anyio.fail_after(min(pause, lease.remaining_secs)):
                    await self._leases.renew(lease)
            except (UnavailableError, TimeoutError) as exc:
                lease.trouble = str(exc) or "Redis did not answer its renewal in time"

    async def _pause(self, secs: float) -> None:
        with anyio.move_on_after(secs):
            await self._stopping.wait()
