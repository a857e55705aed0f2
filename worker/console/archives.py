"""`switchhook archive`: what is archived, and whether it is whole."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import typer

from ingress.log import Partition
from worker.console.exits import Exit
from worker.console.table import amount_of, counted, show_table
from worker.runtime.archive import Archive, ArchiveError, first_of, last_of
from worker.runtime.journal import START, order_of

COLUMNS = ("partition", "day", "first event", "last event", "size", "file")


class File(msgspec.Struct, frozen=True):
    """A file of the archive, by its name."""

    partition: Partition
    day: str
    first: str
    last: str
    bytes: int
    path: str


class Examined(msgspec.Struct, frozen=True):
    """What came of looking into all files: how much there is, and a sentence for each thing that is wrong."""

    files: int
    events: int
    problems: list[str]


def list_archive(directory: Path, *, as_json: bool) -> Exit:
    """Show the files of an archive.

    Raises:
        ArchiveError: There is no such directory.
    """
    files = list(files_of(directory))
    if as_json:
        typer.echo(msgspec.json.encode(files))
    elif files:
        show_table(COLUMNS, [[str(f.partition), f.day, f.first, f.last, amount_of(f.bytes), f.path] for f in files])
    else:
        typer.echo(f"{directory} has no archived events")
    return Exit.OK


def verify_archive(directory: Path) -> Exit:
    """Read every file, and say which are damaged and where events are missing.

    Raises:
        ArchiveError: There is no such directory.
    """
    found = examine(directory)
    for problem in found.problems:
        typer.echo(problem, err=True)
    parts = (counted(found.files, "file"), counted(found.events, "event"), counted(len(found.problems), "problem"))
    typer.echo(", ".join(parts))
    return Exit.BROKEN if found.problems else Exit.OK


def files_of(directory: Path) -> Iterator[File]:
    """Yield the files of an archive, by partition, the oldest first.

    Raises:
        ArchiveError: There is no such directory.
    """
    archive = Archive(directory)
    for partition in archive.partitions():
        for path in archive.files(partition):
            size = path.stat().st_size
            yield File(partition, path.parent.name, first_of(path), last_of(path), size, str(path))


def examine(directory: Path) -> Examined:
    """Check every file's checksum, name and order, and that each goes on where the one before ends.

    Raises:
        ArchiveError: There is no such directory.
    """
    archive = Archive(directory)
    files = events = 0
    problems: list[str] = []
    for partition in archive.partitions():
        problems += [
            f"{path}: its name does not say which events it holds: it was renamed" for path in archive.strays(partition)
        ]
        last = START
        for path in archive.files(partition):
            files += 1
            first_named, last_named = first_of(path), last_of(path)
            try:
                contents = archive.read(path)
            except ArchiveError as exc:
                problems.append(str(exc))
                last = max(last, last_named, key=order_of)
                continue
            names = [each.id for each in contents.events]
            events += len(names)
            if not names or (names[0], names[-1]) != (first_named, last_named):
                problems.append(f"{path}: it does not hold the events that its name says: it was renamed")
            elif any(order_of(one) >= order_of(other) for one, other in pairwise(names)):
                problems.append(f"{path}: its events are not in order")
            if order_of(contents.after) > order_of(last):
                since = f"after {last}" if last != START else "from the first on"
                problems.append(f"{path}: events {since} up to {contents.after} of partition {partition} are missing")
            last = max(last, last_named, key=order_of)
    return Examined(files, events, problems)
