"""What the archive has of a partition, in order: no event twice, and no gap unsaid."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import anyio.to_thread
import msgspec
import structlog

from ingress.log import Partition
from worker.decisions.decision import Decision
from worker.events.event import Event, read_event
from worker.runtime.archive import Archive, ArchiveError, last_of
from worker.runtime.journal import START, order_of

log = structlog.get_logger(__name__)


class Gap(msgspec.Struct, frozen=True):
    """Events that are missing: those after the event `after`, up to and with `upto`. `0-0` is before the first.

    `damaged` says of each file that may hold them why it cannot be read.
    """

    after: str
    upto: str
    damaged: tuple[str, ...] = ()


async def archived(archive: Archive, partition: Partition) -> AsyncGenerator[tuple[Event, Decision | None] | Gap, None]:
    """Yield what the archive has of a partition, in order and once each, and a `Gap` where a file is missing or unread.

    What cannot be read as an event is passed over, as it is in the log.

    Raises:
        ArchiveError: There is no such directory.
    """
    await anyio.to_thread.run_sync(archive.check_there)
    last = START
    #: The last event of each file that cannot be read, and why.
    damaged: list[tuple[str, str]] = []

    def gap(upto: str) -> Gap:
        return Gap(last, upto, tuple(why for named, why in damaged if order_of(named) > order_of(last)))

    for path in await anyio.to_thread.run_sync(archive.files, partition):
        try:
            contents = await anyio.to_thread.run_sync(archive.read, path)
        except ArchiveError as exc:
            # Another file may hold the same events: whether any are missing is known when later ones have been read.
            damaged.append((last_of(path), str(exc)))
            continue
        if order_of(contents.after) > order_of(last):
            yield gap(contents.after)
            last = contents.after
        for each in contents.events:
            if order_of(each.id) <= order_of(last):
                continue
            last = each.id
            try:
                event = read_event(each.id, each.entry)
            except (KeyError, ValueError):
                log.warning("event.unread", entry_id=each.id, file=str(path))
                continue
            yield event, each.decision
    lost = max((named for named, _ in damaged), key=order_of, default=START)
    if order_of(lost) > order_of(last):
        yield gap(lost)
