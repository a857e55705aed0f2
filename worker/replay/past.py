"""What the archive has of a partition, in order: no event twice, and no gap unsaid."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio.to_thread
import msgspec
import structlog

from ingress.log import Partition
from worker.decisions.decision import Decision
from worker.events.event import Event, read_event
from worker.runtime.archive import Archive
from worker.runtime.journal import START, order_of

log = structlog.get_logger(__name__)


class Gap(msgspec.Struct, frozen=True):
    """Events that are nowhere: those after the event `after`, up to and with `upto`. `0-0` is before the first."""

    after: str
    upto: str


async def archived(archive: Archive, partition: Partition) -> AsyncIterator[tuple[Event, Decision | None] | Gap]:
    """Yield what the archive has of a partition, in order and once each, and a `Gap` where a file is missing.

    What cannot be read as an event is passed over, as it is in the log.

    Raises:
        ArchiveError: A file is not what was written.
    """
    last = START
    for path in await anyio.to_thread.run_sync(archive.files, partition):
        contents = await anyio.to_thread.run_sync(archive.read, path)
        if order_of(contents.after) > order_of(last):
            yield Gap(last, contents.after)
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
