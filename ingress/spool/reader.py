"""Reads the spool's files: all of them once at the start, then batches. Blocks: belongs into a thread."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ingress.envelope import LogEntry
from ingress.spool.segment import Damage, read_records

#: One round trip to Redis while draining: so many events, or bytes of bodies.
MAX_BATCH = 512
MAX_BATCH_BYTES = 1024 * 1024


class Summary(msgspec.Struct, frozen=True):
    """What a file holds: whole records, where they end, when the first of them was received, and what is wrong."""

    records: int
    end: int
    size: int
    oldest_ms: int | None
    damage: Damage | None


class Batch(msgspec.Struct, frozen=True):
    """Records that follow one another, the offset behind them, and the damage that follows, if any does."""

    entries: Sequence[LogEntry]
    end: int
    damage: Damage | None


def summarise(path: Path) -> Summary:
    """Read a file whole.

    Raises:
        OSError: The disk cannot be read, otherwise than in a part of the file (EIO), which is a damage.
    """
    records, end, oldest_ms, damage = 0, 0, None, None
    with path.open("rb") as source:
        try:
            for found in read_records(source):
                if isinstance(found, Damage):
                    damage = found
                    break
                records, end = records + 1, found.end
                oldest_ms = found.entry.received_ms if oldest_ms is None else oldest_ms
        except OSError as exc:
            damage = _unreadable(exc, end)
    return Summary(records, end, path.stat().st_size, oldest_ms, damage)


def read_batch(path: Path, start: int, end: int) -> Batch:
    """Read at most `MAX_BATCH` records or about `MAX_BATCH_BYTES` from *start*, none beyond *end*.

    Raises:
        OSError: As `summarise`.
    """
    entries: list[LogEntry] = []
    size, reached = 0, start
    with path.open("rb") as source:
        try:
            for found in read_records(source, start=start, end=end):
                if isinstance(found, Damage):
                    return Batch(entries, reached, found)
                entries.append(found.entry)
                reached = found.end
                size += len(found.entry.raw)
                if len(entries) >= MAX_BATCH or size >= MAX_BATCH_BYTES:
                    break
        except OSError as exc:
            return Batch(entries, reached, _unreadable(exc, reached))
    if not entries:
        return Batch(entries, reached, Damage(reached, "the file is shorter than what was written to it"))
    return Batch(entries, reached, None)


def _unreadable(exc: OSError, offset: int) -> Damage:
    if exc.errno != errno.EIO:
        raise exc
    return Damage(offset, "the disk cannot read it")
