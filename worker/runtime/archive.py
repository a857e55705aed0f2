"""An archive of what is trimmed: files of one partition and day, compressed lines of JSON, each with its checksum.

A file is there whole or not at all, its name tells which events it holds, and writing goes on where it stopped; so the
same events may be archived again, and nothing is trimmed that is not there. Each file tells also after which event its
own begin, so that one that is missing is noticed.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import msgspec
import structlog
import zstandard

from ingress.envelope import LogEntry
from ingress.errors import SwitchhookError
from ingress.log import Partition
from worker.decisions.decision import Decision
from worker.runtime.journal import START, order_of

log = structlog.get_logger(__name__)

LEVEL = 6
_NAME = re.compile(r"\d+-\d+_\d+-\d+\.jsonl\.zst")


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
            (last_of(path) for path in self.files(partition)),
            key=order_of,
            default=START,
        )

    def files(self, partition: Partition) -> list[Path]:
        """Return the files of a partition, the oldest first; what has another name than `write` gives is none.

        Raises:
            ArchiveError: A folder cannot be read.
        """
        named = (path for path in self._within(partition) if _NAME.fullmatch(path.name))
        return sorted(named, key=lambda path: (order_of(first_of(path)), order_of(last_of(path))))

    def strays(self, partition: Partition) -> list[Path]:
        """Return what lies among the files of a partition, and has a name that says nothing of its events.

        Raises:
            ArchiveError: A folder cannot be read.
        """
        return [path for path in self._within(partition) if path.suffix == ".zst" and not _NAME.fullmatch(path.name)]

    def check_there(self) -> None:
        """Check that there is such a directory.

        Raises:
            ArchiveError: There is none.
        """
        if not self._directory.is_dir():
            raise ArchiveError(
                f"{self._directory} is not a directory: name the one that SWITCHHOOK_ARCHIVE names to the workers, who "
                "make it when they first archive something"
            )

    def partitions(self) -> list[Partition]:
        """Return the partitions of which there is something.

        Raises:
            ArchiveError: There is no such directory, or it cannot be read.
        """
        self.check_there()
        found = (path.name.removeprefix("p") for path in _inside(self._directory) if path.name.startswith("p"))
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

    def _within(self, partition: Partition) -> list[Path]:
        return [path for day in _inside(self._directory / f"p{partition:04d}") for path in _inside(day)]

    def _make(self) -> None:
        """Make the directory if there is none, and say so: it may be a slip of the pen, or a disk that is not there."""
        try:
            self._directory.mkdir(parents=True)
        except FileExistsError:
            return
        log.info("archive.made", directory=str(self._directory))

    def _write_day(self, partition: Partition, day: str, events: list[Archived], after: str) -> Path:
        self._make()
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


def first_of(path: Path) -> str:
    """Return the id of the first event in a file, by its name."""
    return path.name.partition("_")[0]


def last_of(path: Path) -> str:
    """Return the id of the last event in a file, by its name."""
    return path.name.partition("_")[2].removesuffix(".jsonl.zst")


def _inside(folder: Path) -> list[Path]:
    """Return what is in a folder; nothing, if it is none. What may not be looked into must not pass for empty."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as exc:
        raise ArchiveError(f"{folder} cannot be read: {exc.strerror}") from exc


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
