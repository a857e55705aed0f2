"""The recorder's role: any worker takes it that finds its lease free, and gives it back when it ends."""

from __future__ import annotations

import random
from collections.abc import Callable

import anyio
import structlog
from redis.asyncio import Redis

from ingress.log import Keys, Partition
from worker.runtime.errors import FencedError, UnavailableError
from worker.runtime.journal import Journal
from worker.runtime.lease import Lease, Leases
from worker.runtime.metrics import Metrics
from worker.runtime.recording.keys import RecordKeys
from worker.runtime.recording.reader import Together
from worker.runtime.recording.recorder import Recorder
from worker.runtime.recording.store import RecordStore
from worker.runtime.snapshots import Snapshots, UnreadableSnapshotError
from worker.settings import WorkerSettings

log = structlog.get_logger(__name__)

#: How often a worker looks whether nobody is the recorder; with jitter, so that they do not all ask at once.
LOOK_SECS = (0.5, 1.5)
#: After a failure.
PAUSE_SECS = (1.0, 5.0)
#: The lease is one like a partition's, of which there is one.
ONE = Partition(0)


class RecorderRole:
    """One worker's readiness to be the recorder. *now_ms* is Redis's time; None while that is not known."""

    def __init__(
        self, settings: WorkerSettings, redis: Redis, metrics: Metrics, *, now_ms: Callable[[], int | None]
    ) -> None:
        self._settings = settings
        self._redis = redis
        self._metrics = metrics
        self._now_ms = now_ms
        self._keys = RecordKeys(settings.prefix)
        self._leases = Leases(redis, self._keys, settings.worker_id, ttl_secs=settings.lease_secs)
        self.store = RecordStore(redis, self._keys)

    async def run(self) -> None:
        """Be the recorder whenever nobody else is, until cancelled."""
        while True:
            pause = LOOK_SECS
            lease = None
            try:
                lease = await self._leases.acquire(ONE) if self._now_ms() is not None else None
                if lease is not None:
                    await self._hold(lease)
            except* (FencedError, UnreadableSnapshotError, UnavailableError) as group:
                pause = PAUSE_SECS
                for error in group.exceptions:
                    log.warning("recorder.lost", error=str(error))
            await anyio.sleep(random.uniform(*pause))

    async def _hold(self, lease: Lease) -> None:
        journal = Journal(self._redis, Keys(self._settings.prefix))
        snapshots = Snapshots(self._redis, Keys(self._settings.prefix))
        together = Together(journal, snapshots, self._settings.partitions)
        recorder = Recorder(
            lease,
            self.store,
            together,
            now_ms=self._now_ms,
            keep_ms=round(self._settings.records_hours * 3_600_000),
            metrics=self._metrics,
        )
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._renew, lease, name="recorder's lease")
                await recorder.run()
        finally:
            self._metrics.recorder.set(0)
            lease.drop()
            with anyio.move_on_after(1, shield=True):
                await self._leases.release(lease)

    async def _renew(self, lease: Lease) -> None:
        pause = self._settings.lease_secs / 3
        while True:
            await anyio.sleep(min(pause, lease.remaining_secs))
            lease.check()
            try:
                with anyio.fail_after(min(pause, lease.remaining_secs)):
                    await self._leases.renew(lease)
            except (UnavailableError, TimeoutError) as exc:
                lease.trouble = str(exc) or "Redis did not answer its renewal in time"
