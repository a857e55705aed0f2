"""An archive of what is trimmed: files of one partition and day, compressed lines of JSON, each with its checksum.

A file is there whole or not at all, its name tells which events it holds, and writing goes on where it stopped; so the
same events may be archived again, and nothing is trimmed that is not there. Each file tells also after which event its
own begin, so that one that is missing is noticed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import msgspec
import zstandard

from ingress.envelope import LogEntry
from ingress.errors import SwitchhookError
from ingress.log import Partition
from worker.decisions.decision import Decision
from worker.runtime.journal import START, order_of

LEVEL = 6


class ArchiveError(SwitchhookError):
    """Raised when the archive cannot be written, or a file of it is not what was written."""


class Archived(msgspec.Struct, frozen=True):
    """One line: an event as the log held it, and what was decided upon it."""

    id: str
    entry: LogEntry
    decision: Decision | None


class Contents(msgspec.Struct, frozen=True):
    """A file that has been read and checked: all events after the event `after`, up to the last one in it."""

    after: str
    events: list[Archived]


class _Last(msgspec.Struct, frozen=True):
    """The last line of a file."""

    events: int
    sha256: str
    #: The event before the first one here; `0-0` when that is the first of all.
    after: str


class Archive:
    """The archive in one directory. Its methods block: call them in a thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def last(self, partition: Partition) -> str:
        """Return the id of the last event that is archived; `0-0` when none is."""
        return max(
            (path.name.split("_")[1].removesuffix(".jsonl.zst") for path in self.files(partition)),
            key=order_of,
            default=START,
        )

    def files(self, partition: Partition) -> list[Path]:
        """Return the files of a partition, the oldest first."""
        found = (self._directory / f"p{partition:04d}").glob("*/*_*.jsonl.zst")
        return sorted(found, key=lambda path: order_of(path.name.split("_")[0]))

    def partitions(self) -> list[Partition]:
        """Return the partitions of which there is something.

        Raises:
            ArchiveError: There is no such directory.
        """
        if not self._directory.is_dir():
            raise ArchiveError(f"{self._directory} is not a directory: name the one that SWITCHHOOK_ARCHIVE names")
        found = (path.name.removeprefix("p") for path in self._directory.glob("p*/"))
        return sorted(Partition(int(name)) for name in found if name.isdigit())

    def write(self, partition: Partition, events: Sequence[Archived], *, after: str) -> list[Path]:
        """Write *events*, all that there were after the event *after*, to a file for each day (UTC).

        Raises:
            ArchiveError: They could not all be written.
        """
        written: list[Path] = []
        try:
            for day, group in groupby(events, key=_day_of):
                of_day = list(group)
                written.append(self._write_day(partition, day, of_day, after))
                after = of_day[-1].id
        except OSError as exc:
            raise ArchiveError(f"the archive {self._directory} cannot be written: {exc.strerror}") from exc
        return written

    def read(self, path: Path) -> Contents:
        """Return what a file holds.

        Raises:
            ArchiveError: It is not what was written.
        """
        try:
            lines = zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read().splitlines(keepends=True)
            last = _lasts.decode(lines[-1])
            if (last.events, last.sha256) != (len(lines) - 1, hashlib.sha256(b"".join(lines[:-1])).hexdigest()):
                raise ArchiveError(f"{path}: its checksum is wrong: restore it from a copy")
            events = [_lines.decode(line) for line in lines[:-1]]
        except (OSError, zstandard.ZstdError, msgspec.DecodeError, IndexError) as exc:
            raise ArchiveError(f"{path} cannot be read ({exc}): restore it from a copy") from exc
        return Contents(last.after, events)

    def _write_day(self, partition: Partition, day: str, events: list[Archived], after: str) -> Path:
        directory = self._directory / f"p{partition:04d}" / day
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{events[0].id}_{events[-1].id}.jsonl.zst"
        lines = b"".join(_encoder.encode(event) + b"\n" for event in events)
        last = _encoder.encode(_Last(len(events), hashlib.sha256(lines).hexdigest(), after))
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as file:
            file.write(zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(lines + last + b"\n"))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        # The folders may be new: a name is as durable as the folder that has it.
        for folder in (directory, directory.parent, self._directory):
            _sync(folder)
        return path


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _day_of(event: Archived) -> str:
    return datetime.fromtimestamp(order_of(event.id)[0] / 1000, UTC).strftime("%Y-%m-%d")


_encoder = msgspec.json.Encoder()
_lines = msgspec.json.Decoder(Archived)
_lasts = msgspec.json.Decoder(_Last)
