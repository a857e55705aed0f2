"""Makes the records of a past time anew, out of the archive and the log: as the recorder would, but writing nothing."""

from __future__ import annotations

import heapq
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from functools import partial
from pathlib import Path

import msgspec

from ingress.log import Partition
from worker.records import coverage as c
from worker.records.book import Book, Standing
from worker.records.model import Record
from worker.replay.past import Gap
from worker.replay.source import LogReader, Step
from worker.runtime.journal import order_of
from worker.runtime.recording.reader import Together


class Made(msgspec.Struct, frozen=True):
    """Records that were made anew, what each agent is in the end, and what they are of."""

    records: list[Record]
    standings: list[Standing]
    coverage: c.Coverage


async def make_records(reader: LogReader, archive: Path, from_ms: int, now_ms: int) -> Made:
    """Return the records that would be written from *from_ms* on, up to now, those of callers still here among them.

    All of the archive is read: what was at a moment follows from all that was before.

    Raises:
        ArchiveError: There is no such directory.
        NoLogError: There is no log.
        TrimmedMeanwhileError: The log was trimmed while it was read: ask again.
        UnreadableSnapshotError: The log was trimmed, and the state that it begins with cannot be read.
        UnavailableError: Redis failed.
    """
    partitions = [Partition(number) for number in range(await reader.partitions())]
    known_ms = await Together(reader.journal, reader.snapshots, len(partitions)).known_ms(now_ms)
    book, records, gaps = Book(), list[Record](), list[c.Gap]()

    def note(partition: Partition, gap: Gap) -> None:
        gaps.append(c.Gap(order_of(gap.after)[0], order_of(gap.upto)[0], partition))

    async with AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(
                aclosing(reader.steps(partition, archive=archive, gap=partial(note, partition)))
            )
            for partition in partitions
        ]
        async for step in merged(streams):
            at_ms = order_of(step.event.id)[0]
            if at_ms <= known_ms:
                acts = step.decision.acts if step.decision else ()
                for record in book.take(step.before, step.after, step.event, acts, step.policy):
                    if at_ms >= from_ms:
                        records.append(record)
    records += [*book.settle(known_ms), *book.open()]
    return Made(records, list(book.standings.values()), c.Coverage(known_ms, gaps=gaps))


async def merged(streams: list[AsyncGenerator[Step, None]]) -> AsyncGenerator[Step, None]:
    """Yield the steps of all partitions in the order of the log's time, as the recorder takes them."""
    heap: list[tuple[tuple[int, int], int, Step]] = []

    async def push(number: int) -> None:
        step = await anext(streams[number], None)
        if step is not None:
            heapq.heappush(heap, (order_of(step.event.id), number, step))

    for number in range(len(streams)):
        await push(number)
    while heap:
        _, number, step = heapq.heappop(heap)
        yield step
        await push(number)
