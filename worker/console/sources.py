"""Where a report's records are read: in Redis, in a database, or made anew out of the archive of the log."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from ingress.errors import ConfigError, NotThereError
from ingress.log import Keys
from ingress.redis_client import connect
from worker.records.book import Standing
from worker.records.coverage import Coverage, moment
from worker.records.model import Record
from worker.replay.recorded import make_records
from worker.replay.source import LogReader
from worker.runtime.recording.keys import RecordKeys
from worker.runtime.recording.store import RecordStore
from worker.statistics.intervals import Intervals


class IncompleteError(NotThereError):
    """Raised when not all is there of the time that was asked for."""


class Source(msgspec.Struct, frozen=True):
    """Where the records are: in Redis, unless a database or an archive is named."""

    redis_url: str | None
    prefix: str
    database: str | None = None
    archive: Path | None = None


class Known(msgspec.Struct, frozen=True):
    """What a report is made of, and what that is of."""

    records: list[Record]
    standings: list[Standing]
    coverage: Coverage

    @property
    def upto_ms(self) -> int:
        """Up to when it is known."""
        return self.coverage.reached_ms or 0


async def read(source: Source, intervals: Intervals) -> Known:
    """Return what concerns the intervals.

    Raises:
        SwitchhookError: There is no such source, it cannot be read, or nothing was ever recorded there.
    """
    if source.database is not None:
        return await from_database(source.database, source.prefix, intervals)
    if source.redis_url is None:
        raise ConfigError("name a Redis with --redis or SWITCHHOOK_REDIS_URL")
    redis = connect(source.redis_url)
    try:
        if source.archive is not None:
            return await from_archive(LogReader(redis, Keys(source.prefix)), source.archive, intervals)
        known = await from_redis(RecordStore(redis, RecordKeys(source.prefix)), intervals)
    finally:
        await redis.aclose()
    if known.coverage.reached_ms is None:
        raise NotThereError(f"nothing is recorded under the prefix {source.prefix!r}: no worker has run there yet")
    return known


async def from_redis(store: RecordStore, intervals: Intervals) -> Known:
    """Return what Redis has of the intervals: a record is written later than what it tells of has begun.

    What is open is read first, for what is written meanwhile goes before it; what was dropped last, for what is dropped
    meanwhile is missing.

    Raises:
        UnavailableError: Redis failed.
    """
    coverage = await store.coverage()
    book = await store.book()
    opened: list[Record] = list(book.open())
    begin_ms, _ = span_of(intervals)
    written = [kept.record async for kept in store.records(f"{max(0, begin_ms - 1)}-0")]
    dropped_ms = (await store.coverage()).dropped_ms
    standings = list(book.standings.values())
    return Known([*opened, *written], standings, msgspec.structs.replace(coverage, dropped_ms=dropped_ms))


async def from_database(url: str, prefix: str, intervals: Intervals) -> Known:
    """Return what a database has of the intervals.

    Raises:
        ConfigError: The address is none, or the packages for it are not installed.
        NotThereError: No recorder has ever written there, under that prefix.
        UnavailableError: The database does not answer, or is not one of records.
    """
    from worker.runtime.recording.stored import read_stored

    found = await read_stored(url, prefix, *span_of(intervals))
    return Known(found.records, [], found.coverage)


async def from_archive(reader: LogReader, archive: Path, intervals: Intervals) -> Known:
    """Return what archive and log together have of the intervals.

    Raises:
        SwitchhookError: As for `make_records`.
    """
    made = await make_records(reader, archive, span_of(intervals)[0], now_ms())
    return Known(made.records, made.standings, made.coverage)


def doubts(known: Known, intervals: Intervals, *, database: bool) -> tuple[list[str], list[str]]:
    """Return what is missing of the intervals, and what is only not there yet."""
    from_ms, to_ms = span_of(intervals)
    later = list(known.coverage.behind(to_ms, now_ms()))
    if database and to_ms > known.upto_ms:
        later.append(f"callers who were still here at {moment(known.upto_ms)} are not in the database")
    return list(known.coverage.lacks(from_ms, to_ms)), later


def span_of(intervals: Intervals) -> tuple[int, int]:
    """Return from when to when the intervals are."""
    return (intervals.all[0].from_ms, intervals.all[-1].to_ms) if intervals.all else (0, 0)


def now_ms() -> int:
    """Return the time by this machine's clock."""
    return time.time_ns() // 1_000_000
