"""All partitions as one history: what is decided of each, in the order of the log's time.

A moment is known when every partition has decided all that came up to it. So the history up to there never changes,
however often and in whatever parts it is read.
"""

from __future__ import annotations

import heapq
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import cast

import msgspec
import structlog

from ingress.log import Partition
from worker.aggregates import machine
from worker.decisions.decision import Decision
from worker.events.event import Event
from worker.ledger.ledger import Ledger
from worker.policy.model import Policy
from worker.records.coverage import Gap
from worker.runtime.errors import UnavailableError
from worker.runtime.journal import Journal, order_of
from worker.runtime.snapshots import Snapshots

log = structlog.get_logger(__name__)

#: Redis's clock is read by another path than entries are made, and on a Cluster each node has its own.
SLACK_MS = 2_000
#: Nothing that is not older than this is trimmed before it is recorded.
LATE_MS = 10_000
#: So many events of a partition are read at a time.
PAGE = 500
#: The greatest that the second part of an entry's id can be.
LAST = (1 << 64) - 1


class Seen(msgspec.Struct, frozen=True):
    """An event, what was decided upon it, and its aggregate before and after both."""

    before: machine.AggregateState
    after: machine.AggregateState
    event: Event
    decision: Decision | None
    #: By which was decided; None: the log had none yet.
    policy: Policy | None


class Together:
    """The partitions, each followed up to the same moment."""

    def __init__(self, journal: Journal, snapshots: Snapshots, partitions: int, *, slack_ms: int = SLACK_MS) -> None:
        self._journal = journal
        self._snapshots = snapshots
        self._ledgers = {Partition(number): Ledger(Partition(number)) for number in range(partitions)}
        self._slack_ms = slack_ms
        #: All up to this moment (Redis time, ms) has been read.
        self.reached_ms = 0
        #: What was trimmed before it was read.
        self.gaps: list[Gap] = []
        #: The state that each partition is followed from (ms).
        self._starts: dict[Partition, int] = {}

    async def recover(self, reached_ms: int) -> None:
        """Go on after a moment up to which all was read before.

        Raises:
            UnreadableSnapshotError: A log was trimmed, and the state that it begins with cannot be read.
            UnavailableError: Redis failed.
        """
        upto = f"{reached_ms}-{LAST}"
        for partition in self._ledgers:
            ledger, start = await self._snapshots.load(partition, upto)
            if order_of(start) > order_of(upto):
                log.error("records.gap", partition=partition, after_ms=reached_ms, upto=start)
                self.gaps.append(Gap(reached_ms, order_of(start)[0], partition))
            else:
                async for event, decision in self._journal.history(partition, upto, after=start):
                    ledger.follow(event, decision.acts if decision else ())
            self._ledgers[partition], self._starts[partition] = ledger, order_of(start)[0]
        self.reached_ms = reached_ms

    async def known_ms(self, now_ms: int) -> int:
        """Return the last moment up to which all partitions are decided.

        Raises:
            UnavailableError: Redis failed.
        """
        known_ms = now_ms - self._slack_ms
        for partition in self._ledgers:
            last = await self._journal.last_id(partition)
            position = await self._journal.position(partition)
            if order_of(position) < order_of(last):
                known_ms = min(known_ms, order_of(position)[0] - 1)
        return known_ms

    async def read(self, known_ms: int) -> Sequence[Seen]:
        """Return what happened after `reached_ms`, in order, up to *known_ms* or a moment before; that is reached then.

        Raises:
            UnavailableError: Redis failed, or the log has been trimmed meanwhile: recover.
        """
        if known_ms <= self.reached_ms:
            return ()
        late = known_ms - self.reached_ms > LATE_MS
        after = f"{self.reached_ms}-{LAST}"
        pages: list[list[tuple[tuple[int, int], int, Event, Decision | None]]] = []
        for partition in self._ledgers:
            page, last_ms = await self._page(partition, after, known_ms)
            pages.append(page)
            # Asked after it was read: what was there then was read.
            if late:
                await self._check(partition)
            known_ms = min(known_ms, last_ms)
        seen = []
        for order, number, event, decision in heapq.merge(*pages, key=lambda each: each[:2]):
            if order[0] > known_ms:
                break
            ledger = self._ledgers[Partition(number)]
            before = ledger.aggregates.get(event.address) or machine.new(event.address)
            ledger.follow(event, decision.acts if decision else ())
            after_it = ledger.aggregates.get(event.address, before)
            seen.append(Seen(before, after_it, event, decision, ledger.governing.policy))
        self.reached_ms = known_ms
        return seen

    async def _check(self, partition: Partition) -> None:
        trimmed_ms = order_of(await self._snapshots.trimmed(partition))[0]
        if trimmed_ms > max(self.reached_ms, self._starts.get(partition, 0)):
            raise UnavailableError(f"the log of partition {partition} was trimmed before it was recorded")

    async def _page(
        self, partition: Partition, after: str, known_ms: int
    ) -> tuple[list[tuple[tuple[int, int], int, Event, Decision | None]], int]:
        """Return the next events of a partition, and the moment up to which they are all that there are."""
        page: list[tuple[tuple[int, int], int, Event, Decision | None]] = []
        found = self._journal.history(partition, f"{known_ms}-{LAST}", after=after)
        async with aclosing(cast("AsyncGenerator[tuple[Event, Decision | None]]", found)) as history:
            async for event, decision in history:
                order = order_of(event.id)
                # A moment is read whole, or not at all.
                if len(page) >= PAGE and order[0] > page[-1][0][0]:
                    return page, page[-1][0][0]
                page.append((order, partition, event, decision))
        return page, known_ms
