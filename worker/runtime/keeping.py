"""Keeps a partition small: snapshots by count and age, and the trimming of what is older than the retention.

Never trimmed: what recovery needs (there is a snapshot of the very event that the log then begins after, which this
release can read and in which nothing waited in quarantine), and, where an archive is configured, what is not in it.
What the recorder has not read waits for it, but not for ever: Redis's memory is everybody's.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec
import structlog

from worker.ledger import image
from worker.ledger.ledger import Ledger
from worker.runtime.archive import Archive, Archived, ArchiveError
from worker.runtime.clock import RedisClock
from worker.runtime.journal import Journal, order_of
from worker.runtime.lease import Lease
from worker.runtime.metrics import Metrics
from worker.runtime.recording.awaited import Awaited
from worker.runtime.snapshots import Snapshots

log = structlog.get_logger(__name__)

#: How many snapshots are kept for trimming to choose from.
STEPS = 8
ARCHIVED_AT_A_TIME = 5_000
#: What is in no record goes so much later than the retention says, or as long as that is, if it is longer.
RECORDER_SECS = 24 * 3600.0
#: A Redis that fails over may forget that something was recorded, but not of what is so much older.
MARGIN_MS = 60_000
#: What a partition without events has to trim is looked for as often as snapshots are taken, but not more often.
LEAST_SECS = 1.0


class Keeping(msgspec.Struct, frozen=True):
    """When snapshots are taken, how long the log is kept, and where it is archived."""

    events: int = 10_000
    secs: float = 300.0
    #: 0: the log is kept for ever.
    retention_secs: float = 7 * 24 * 3600.0
    archive: Path | None = None


class Keeper:
    """Snapshots and trims one partition while it is held. `run` belongs to the partition's task group."""

    def __init__(
        self,
        lease: Lease,
        keeping: Keeping,
        *,
        snapshots: Snapshots,
        journal: Journal,
        awaited: Awaited,
        clock: RedisClock,
        metrics: Metrics,
    ) -> None:
        self._lease = lease
        self._partition = lease.partition
        self._keeping = keeping
        self._snapshots = snapshots
        self._journal = journal
        self._awaited = awaited
        self._clock = clock
        self._metrics = metrics
        self._events = 0
        self._taken_ms = 0
        self._picture: image.Picture | None = None
        self._wanted = anyio.Event()

    def begin(self, taken_ms: int, events: int) -> None:
        """Count from a snapshot of that time on, after which there have been so many events."""
        self._taken_ms, self._events = taken_ms, events

    def note(self, ledger: Ledger, position: str, events: int) -> None:
        """Take a picture if one is due, after so many more events, or none. It is kept by `run`.

        None is taken of a ledger that is not faithful: a release that takes the past in would begin with what this one
        could not.
        """
        self._events += events
        if not ledger.faithful:
            return
        now_ms = self._clock.now_ms()
        old = now_ms - self._taken_ms >= self._keeping.secs * 1000
        if self._picture is None and (self._events >= self._keeping.events or (old and self._events)):
            self._picture = image.take(ledger, position, now_ms)
            self._events, self._taken_ms = 0, now_ms
            self._wanted.set()

    async def run(self) -> None:
        """Keep each picture that is taken, and trim what has become old, for ever.

        Raises:
            FencedError: The partition has another owner.
            UnavailableError: Redis failed.
        """
        while True:
            self._wanted = anyio.Event()
            if self._picture is None:
                with anyio.move_on_after(max(self._keeping.secs, LEAST_SECS)):
                    await self._wanted.wait()
            if self._picture is not None:
                await self._keep(self._picture)
                self._picture = None
            await self.trim()

    async def finish(self, ledger: Ledger, position: str) -> None:
        """Keep a last picture of a partition that is given back, so that its next owner has little to read."""
        if ledger.faithful and (self._events or self._picture is not None):
            await self._keep(image.take(ledger, position, self._clock.now_ms()))

    async def _keep(self, picture: image.Picture) -> None:
        known = await self._snapshots.ids(self._partition)
        if picture.head.position in known:
            return
        trimmed = await self._snapshots.trimmed(self._partition)
        size = await self._snapshots.keep(
            self._lease, picture, superfluous(known, trimmed, self._keeping.retention_secs * 1000)
        )
        self._metrics.snapshots.inc()
        self._metrics.snapshot_bytes.observe(size)

    async def trim(self) -> None:
        """Trim up to the newest snapshot that is old enough, and that the log may begin with."""
        if not self._keeping.retention_secs:
            return
        before_ms = self._clock.now_ms() - self._keeping.retention_secs * 1000
        trimmed = await self._snapshots.trimmed(self._partition)
        due = [
            name
            for name in await self._snapshots.ids(self._partition)
            if order_of(name) > order_of(trimmed) and order_of(name)[0] <= before_ms
        ]
        if not due:
            return
        recorded_ms = await self._awaited.recorded_ms()
        for name in reversed(self._recorded(due, recorded_ms, before_ms)):
            if await self._snapshots.suffices(self._partition, name):
                if await self._archive(trimmed, name):
                    gone = await self._snapshots.trim(self._lease, name)
                    self._metrics.trimmed.inc(gone)
                    log.info("partition.trimmed", partition=self._partition, upto=name, events=gone)
                    if recorded_ms is not None and order_of(name)[0] > recorded_ms:
                        self._metrics.trimmed_unrecorded.inc(gone)
                        log.error("partition.trimmed-unrecorded", partition=self._partition, recorded_ms=recorded_ms)
                return

    def _recorded(self, due: list[str], recorded_ms: int | None, before_ms: float) -> list[str]:
        """Return those of *due* that the recorder has passed, or that may wait for it no longer."""
        if recorded_ms is None:
            return due
        patience_ms = max(self._keeping.retention_secs, RECORDER_SECS) * 1000
        upto_ms = max(recorded_ms - MARGIN_MS, before_ms - patience_ms)
        free = [name for name in due if order_of(name)[0] <= upto_ms]
        if free != due:
            self._metrics.trimming_waits.inc()
            log.warning(
                "partition.trimming-waits", partition=self._partition, upto=due[-1], recorded_ms=recorded_ms,
                help="the recorder is behind or away: see switchhook_worker_records_behind_seconds",
            )  # fmt: skip
        return free

    async def _archive(self, after: str, upto: str) -> bool:
        """Archive the events after *after* up to *upto*; return whether they are all there."""
        if self._keeping.archive is None:
            return True
        archive = Archive(self._keeping.archive)
        try:
            after = max(after, await anyio.to_thread.run_sync(archive.last, self._partition), key=order_of)
            batch: list[Archived] = []
            async for entry_id, entry, decision in self._journal.raw(self._partition, upto, after=after):
                batch.append(Archived(entry_id, entry, decision))
                if len(batch) >= ARCHIVED_AT_A_TIME:
                    await anyio.to_thread.run_sync(partial(archive.write, self._partition, batch, after=after))
                    batch, after = [], entry_id
            if batch:
                await anyio.to_thread.run_sync(partial(archive.write, self._partition, batch, after=after))
        except ArchiveError as exc:
            log.error("archive.failed", partition=self._partition, error=str(exc))
            self._metrics.archive_failures.inc()
            return False
        return True


def superfluous(known: list[str], trimmed: str, retention_ms: float) -> list[str]:
    """Return the snapshots that a new one makes superfluous: *known* but for some spread over the retention.

    The one that the log begins with stays, and so does the newest, until the new one is surely there.
    """
    gap_ms = retention_ms / STEPS
    drop: list[str] = []
    kept_ms: float | None = None
    for name in known[:-1]:
        ms = order_of(name)[0]
        if name == trimmed:
            continue
        if order_of(name) < order_of(trimmed) or not retention_ms or (kept_ms is not None and ms - kept_ms < gap_ms):
            drop.append(name)
        else:
            kept_ms = ms
    return drop
