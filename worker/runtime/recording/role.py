"""The recorder's role: any worker takes it that finds its lease free, and gives it back when it ends."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import aiohttp
import anyio
import structlog
from redis.asyncio import Redis

from ingress.log import Keys, Partition
from worker.runtime.errors import FencedError, UnavailableError
from worker.runtime.journal import Journal
from worker.runtime.lease import Lease, Leases
from worker.runtime.metrics import Metrics
from worker.runtime.recording.deliver import Deliverer
from worker.runtime.recording.keys import RecordKeys
from worker.runtime.recording.outbox import Outbox
from worker.runtime.recording.reader import Together
from worker.runtime.recording.recorder import Recorder
from worker.runtime.recording.store import RecordStore
from worker.runtime.recording.targets import Target, load_targets
from worker.runtime.snapshots import Snapshots, UnreadableSnapshotError
from worker.settings import WorkerSettings

if TYPE_CHECKING:
    from worker.runtime.recording.sink import Sink

log = structlog.get_logger(__name__)

#: How often a worker looks whether nobody is the recorder; with jitter, so that they do not all ask at once.
LOOK_SECS = (0.5, 1.5)
#: After a failure.
PAUSE_SECS = (1.0, 5.0)
#: The lease is one like a partition's, of which there is one.
ONE = Partition(0)


class RecorderRole:
    """One worker's readiness to be the recorder. *now_ms* is Redis's time; None while that is not known.

    Raises:
        ConfigError: The file of webhook targets, or the database's address, is wrong.
    """

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
        self._targets = load_targets(settings.webhooks)
        self._sink_url = settings.records_url
        if self._sink_url:
            # What is wrong with it is said at the start.
            sink_on(self._sink_url, settings.prefix)

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
            async with AsyncExitStack() as stack, anyio.create_task_group() as tasks:
                tasks.start_soon(self._renew, lease, name="recorder's lease")
                if self._targets:
                    session = await stack.enter_async_context(aiohttp.ClientSession())
                    for target in self._targets:
                        tasks.start_soon(self._deliverer(lease, target, session).run, name=f"webhooks {target.name}")
                if self._sink_url:
                    sink = sink_on(self._sink_url, self._settings.prefix)
                    stack.push_async_callback(_close, sink)
                    tasks.start_soon(sink.follow, self.store, self._metrics, name="sink")
                await recorder.run()
        finally:
            self._metrics.recorder.set(0)
            lease.drop()
            with anyio.move_on_after(1, shield=True):
                await self._leases.release(lease)

    def _deliverer(self, lease: Lease, target: Target, session: aiohttp.ClientSession) -> Deliverer:
        outbox = Outbox(self._redis, self._keys, target.name)
        return Deliverer(lease, self.store, outbox, target, session=session, now_ms=self._now_ms, metrics=self._metrics)

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


async def _close(sink: Sink) -> None:
    # Threads of a database that is not closed outlive the worker.
    with anyio.move_on_after(2, shield=True):
        await sink.close()


def sink_on(url: str, prefix: str) -> Sink:
    """Return the database at *url*.

    Raises:
        ConfigError: It is of no known kind, or the packages for it are not installed.
    """
    from worker.runtime.recording.sink import Sink

    return Sink(url, prefix)
