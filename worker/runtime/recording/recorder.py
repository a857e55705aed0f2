"""Writes the records: reads what is decided, takes it into the book, and writes what is whole with how far it is."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import anyio.lowlevel
import structlog

from worker.records.book import Book
from worker.records.model import Record
from worker.runtime.lease import Lease
from worker.runtime.metrics import Metrics
from worker.runtime.recording.reader import Together
from worker.runtime.recording.store import RecordStore

log = structlog.get_logger(__name__)

#: How often it is looked whether there is anything new.
TICK_SECS = 0.25
#: What is reached is written so often though nothing has happened.
QUIET_MS = 1_000
#: After so many events others have a turn.
AT_A_TIME = 50


class Recorder:
    """The one who writes records, as long as the lease is held."""

    def __init__(
        self,
        lease: Lease,
        store: RecordStore,
        together: Together,
        *,
        now_ms: Callable[[], int | None],
        metrics: Metrics,
        keep_ms: int = 0,
    ) -> None:
        self._lease = lease
        self._store = store
        self._together = together
        self._now_ms = now_ms
        self._keep_ms = keep_ms
        self._book = Book()
        self._metrics = metrics
        self._reached: int | None = None

    async def run(self) -> None:
        """Write records until the lease is lost.

        Raises:
            FencedError: Another worker is the recorder.
            UnreadableSnapshotError: A log was trimmed, and the state that it begins with cannot be read.
            UnavailableError: Redis failed: begin again.
        """
        await self.recover()
        self._metrics.recorder.set(1)
        while True:
            if not await self.advance():
                await anyio.sleep(TICK_SECS)

    async def recover(self) -> None:
        """Go on where the last recorder was."""
        self._reached = await self._store.reached()
        self._book = await self._store.book()
        await self._together.recover(self._reached or 0)
        log.info("recorder.begins", reached_ms=self._reached, epoch=self._lease.epoch)

    async def advance(self) -> bool:
        """Take in what is new, and write what is whole by it; return whether there may be more at once."""
        now_ms = self._now_ms()
        if now_ms is None:
            return False
        known_ms = await self._together.known_ms(now_ms)
        seen = await self._together.read(known_ms)
        records: list[Record] = []
        for number, each in enumerate(seen):
            acts = each.decision.acts if each.decision else ()
            records += self._book.take(each.before, each.after, each.event, acts, each.policy)
            if number % AT_A_TIME == 0:
                await anyio.lowlevel.checkpoint()
        reached = self._together.reached_ms
        records += self._book.settle(reached)
        self._metrics.recorder_behind_secs.set(max(0, now_ms - reached) / 1000)
        gaps = self._together.gaps
        if not seen and not records and not gaps and reached - (self._reached or 0) < QUIET_MS:
            return False
        self._lease.check()
        drop = str(now_ms - self._keep_ms) if self._keep_ms else ""
        await self._store.write(self._lease, self._reached, reached, records, self._book, drop=drop, gaps=gaps)
        self._reached = reached
        self._together.gaps = []
        for record in records:
            self._metrics.records.labels(kind=str(record.__struct_config__.tag)).inc()
        return reached < known_ms
