"""The spool as the ingress uses it: written behind, read in front, a file deleted when Redis has taken all of it.

All disk work is done in threads, so that the loop goes on. One `write` is under way at a time, and one reader.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

import anyio
import anyio.to_thread
import msgspec
import structlog

from ingress.envelope import LogEntry
from ingress.errors import ConfigError, SpoolFailedError, SpoolFullError
from ingress.metrics import Metrics
from ingress.spool.directory import SpoolDirectory
from ingress.spool.reader import Batch, read_batch, summarise
from ingress.spool.segment import HEAD, MAGIC, Damage, encode_payload
from ingress.spool.settings import SpoolSettings
from ingress.spool.writer import SpoolWriter

log = structlog.get_logger(__name__)

SEGMENT_BYTES = 8 * 1024 * 1024
MIN_SEGMENT_BYTES = 64 * 1024
#: A spool has at least so many files when it is full, so that draining makes room bit by bit.
SEGMENTS = 8


class _Segment(msgspec.Struct):
    """One file: its records that Redis has not taken, the end of its last whole one, its size on disk."""

    number: int
    records: int
    end: int
    size: int
    damaged: bool = False


class Spool:
    """One folder's events, oldest first. `open` before use, `close` at the end."""

    def __init__(self, settings: SpoolSettings, metrics: Metrics) -> None:
        self.settings = settings
        self._metrics = metrics
        self._directory = SpoolDirectory(settings.directory)
        self._writer = SpoolWriter(
            self._directory,
            segment_bytes=max(MIN_SEGMENT_BYTES, min(SEGMENT_BYTES, settings.max_bytes // SEGMENTS)),
            sync_each=settings.fsync == "always",
        )
        self._segments: deque[_Segment] = deque()
        #: Of the first segment: what lies before it is in Redis.
        self._offset = 0
        self._batch: Batch | None = None
        self._lock = anyio.Lock()
        self._come = anyio.Event()
        self._oldest_ms: int | None = None
        self._full = self._failing = False
        #: Events that Redis has not taken.
        self.records = 0

    def open(self) -> None:
        """Lock the folder and look at every file in it. Blocks.

        Raises:
            ConfigError: The folder, or a file in it, cannot be used.
        """
        self._directory.open()
        try:
            self._look()
        except OSError as exc:
            raise ConfigError(
                f"SWITCHHOOK_SPOOL_DIR: {exc.filename or self.settings.directory} cannot be read ({exc.strerror}): "
                "its files belong to the user that the ingress runs as"
            ) from None
        self._metrics.spool_oldest.set_function(self._age_secs)
        self._measure()

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(segment.size for segment in self._segments)

    @property
    def takes(self) -> bool:
        """Whether the last event that came was taken, and there is room since if it was not."""
        return not (self._full or self._failing)

    async def write(self, entries: Sequence[LogEntry]) -> None:
        """Keep *entries* behind all others, all or none; return when they are as durable as was asked for.

        Raises:
            SpoolFullError: There is no room.
            SpoolFailedError: The disk did not take them.
        """
        payloads = [encode_payload(entry) for entry in entries]
        size = sum(map(len, payloads)) + HEAD.size * len(payloads)
        async with self._lock:
            if self.size + len(MAGIC) + size > self.settings.max_bytes:
                self._full = True
                self._metrics.spool_refused.inc(len(entries))
                raise SpoolFullError(self.settings.max_bytes)
            try:
                number, end = await anyio.to_thread.run_sync(self._write, payloads)
            except OSError as exc:
                raise self._failed(exc) from exc
            self._full = self._failing = False
            if not self._segments or self._segments[-1].number != number:
                self._segments.append(_Segment(number, 0, end, end))
            segment = self._segments[-1]
            segment.records += len(entries)
            segment.end = segment.size = end
            if not self.records:
                self._oldest_ms = entries[0].received_ms
            self.records += len(entries)
        self._measure()
        self._come.set()

    async def until_filled(self) -> None:
        """Wait until there is something to read."""
        while not self.records:
            self._come = anyio.Event()
            await self._come.wait()

    async def read(self) -> Sequence[LogEntry]:
        """Return the oldest events, in order; the same again until `acknowledge`. None when they could not be read.

        Raises:
            OSError: The disk cannot be read now.
        """
        segment = self._segments[0]
        path = self._directory.file(segment.number)
        self._batch = await anyio.to_thread.run_sync(read_batch, path, self._offset, segment.end)
        if self._batch.entries:
            self._oldest_ms = self._batch.entries[0].received_ms
        return self._batch.entries

    async def acknowledge(self) -> None:
        """Forget what `read` returned: it is in Redis. A file of which nothing is left is deleted."""
        batch, self._batch = self._batch, None
        if batch is None:
            raise RuntimeError("nothing was read: call read first")
        segment = self._segments[0]
        segment.records -= len(batch.entries)
        self.records -= len(batch.entries)
        self._metrics.spool_drained.inc(len(batch.entries))
        self._offset = batch.end
        async with self._lock:
            if batch.damage is not None:
                segment.damaged = True
                self._say_damage(segment, batch.damage, before=len(batch.entries), lost=segment.records)
                self.records -= segment.records
            if batch.damage is not None or self._offset >= segment.end:
                self._segments.popleft()
                self._offset, self._full = 0, False
                await anyio.to_thread.run_sync(self._end, segment)
        self._measure()

    async def look_after(self) -> None:
        """Make durable what `interval` leaves, and try a disk that failed again, for ever."""
        interval_secs = self.settings.interval_ms / 1000
        while True:
            await anyio.sleep(interval_secs)
            async with self._lock:
                try:
                    if self._failing:
                        await anyio.to_thread.run_sync(self._writer.begin)
                        self._failing = False
                    elif self.settings.fsync == "interval" and self._writer.dirty:
                        await anyio.to_thread.run_sync(self._writer.sync)
                except OSError as exc:
                    self._failed(exc)

    def close(self) -> None:
        """Make durable what was written, say what is left for the next start, and let go of the folder. Blocks."""
        try:
            self._writer.finish()
        except OSError as exc:
            self._failed(exc)
        if self.records:
            log.warning(
                "spool.left",
                directory=str(self.settings.directory),
                records=self.records,
                bytes=self.size,
                help="start an ingress with this spool directory again: it appends them when Redis takes them",
            )
        self._directory.close()

    def _look(self) -> None:
        for number in self._directory.numbers():
            found = summarise(self._directory.file(number))
            segment = _Segment(number, found.records, found.end, found.size, damaged=found.damage is not None)
            if found.damage is not None:
                self._say_damage(segment, found.damage, before=found.records)
            if not found.records:
                self._end(segment)
                continue
            self._segments.append(segment)
            self.records += found.records
            self._oldest_ms = found.oldest_ms if self._oldest_ms is None else self._oldest_ms

    def _write(self, payloads: Sequence[bytes]) -> tuple[int, int]:
        number = self._writer.begin()
        self._writer.write(payloads)
        return number, self._writer.end

    def _end(self, segment: _Segment) -> None:
        """Have done with a file. What cannot be deleted is appended again after a restart, which is harmless."""
        try:
            if self._writer.number == segment.number:
                self._writer.discard()
            if segment.damaged:
                aside = self._directory.set_aside(segment.number)
                log.error("spool.set_aside", file=str(aside), help="its bytes are kept: look at them, then delete it")
            else:
                self._directory.remove(segment.number)
        except OSError as exc:
            self._failed(exc)

    def _failed(self, exc: OSError) -> SpoolFailedError:
        if not self._failing:
            log.error("spool.disk_failed", directory=str(self.settings.directory), error=exc.strerror or str(exc))
        self._failing = True
        self._metrics.spool_errors.inc()
        return SpoolFailedError(str(self.settings.directory), exc)

    def _say_damage(self, segment: _Segment, damage: Damage, *, before: int, lost: int | None = None) -> None:
        self._metrics.spool_damaged.inc()
        log.error(
            "spool.damaged",
            file=str(self._directory.file(segment.number)),
            offset=damage.offset,
            reason=damage.reason,
            read_before=before,
            bytes_unread=segment.size - damage.offset,
            **({} if lost is None else {"records_unread": lost}),
        )

    def _age_secs(self) -> float:
        return max(0.0, time.time() - self._oldest_ms / 1000) if self.records and self._oldest_ms is not None else 0.0

    def _measure(self) -> None:
        self._metrics.spool_bytes.set(self.size)
        self._metrics.spool_records.set(self.records)
