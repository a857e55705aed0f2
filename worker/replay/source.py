"""Reads a log for people: its partitions, and their events with what was decided. Never writes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import msgspec
from msgspec.structs import replace
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.errors import LogUnavailableError, NotThereError, SwitchhookError
from ingress.log import Keys, Partition
from worker.aggregates import machine
from worker.decisions.decision import Decision
from worker.events.event import Event
from worker.ledger.ledger import Ledger
from worker.policy.model import Policy
from worker.replay.past import Gap, archived
from worker.runtime.archive import Archive
from worker.runtime.journal import START, Journal, order_of
from worker.runtime.snapshots import Snapshots


class NoLogError(NotThereError):
    """Raised when there is no log under the prefix that was asked for."""


class TrimmedMeanwhileError(SwitchhookError):
    """Raised when events were trimmed from the log while it was read; reading again goes well."""


class Step(msgspec.Struct, frozen=True):
    """One event, the aggregate before and after it, and what was decided. `decided` is None: not decided yet."""

    event: Event
    before: machine.AggregateState
    after: machine.AggregateState
    decision: Decision | None
    #: By which was decided, or would be; None: the log had none yet.
    policy: Policy | None = None


class LogReader:
    """The log under one prefix."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self.journal = Journal(redis, keys)
        self.snapshots = Snapshots(redis, keys)

    async def partitions(self) -> int:
        """Return the number of partitions.

        Raises:
            NoLogError: There is no log.
            LogUnavailableError: Redis does not answer.
        """
        try:
            found = await self._redis.hget(self._keys.topology(), "partitions")
        except (RedisError, OSError) as exc:
            raise LogUnavailableError(f"Redis does not answer: {exc}") from exc
        if found is None:
            raise NoLogError(f"there is no log under the prefix {self._keys.prefix!r}: name another with --prefix")
        return int(found)

    async def steps(
        self, partition: Partition, *, archive: Path | None = None, gap: Callable[[Gap], object] = lambda _: None
    ) -> AsyncGenerator[Step, None]:
        """Yield every event that the partition has decided, with the state around it.

        A log that was trimmed begins with the state of a snapshot. With an *archive* the history begins there, and
        *gap* is told where events are neither in a file that can be read nor in the log; from the log's beginning on,
        the states are right in any case.

        Raises:
            ArchiveError: There is no such directory.
            TrimmedMeanwhileError: The log was trimmed while it was read.
            UnreadableSnapshotError: The log was trimmed, and the state that it begins with cannot be read.
            UnavailableError: Redis failed.
        """
        position = await self.journal.position(partition)
        ledger, trimmed = await self.snapshots.beginning(partition)
        past, last = Ledger(partition), START
        if archive is not None:
            async with aclosing(archived(Archive(archive), partition)) as found:
                async for each in found:
                    if isinstance(each, Gap):
                        async for event, decision in self._filled(partition, each, trimmed, position, gap):
                            yield step(ledger, event, decision)
                        last = each.upto
                    else:
                        event, decision = each
                        last = event.id
                        yield step(past if order_of(last) <= order_of(trimmed) else ledger, event, decision)
            if order_of(last) < order_of(trimmed):
                gap(Gap(last, trimmed))
        after = max(last, trimmed, key=order_of)
        async for event, decision in self.journal.history(partition, position, after=after):
            yield step(ledger, event, decision)
        await self.check_whole(partition, trimmed)

    async def _filled(
        self, partition: Partition, hole: Gap, trimmed: str, position: str, gap: Callable[[Gap], object]
    ) -> AsyncIterator[tuple[Event, Decision | None]]:
        """Yield what the log has of a hole in the archive, and tell *gap* the rest: what was trimmed, or is nowhere."""
        gone = min(hole.upto, trimmed, key=order_of)
        if order_of(gone) > order_of(hole.after):
            gap(replace(hole, upto=gone))
        after = max(hole.after, trimmed, key=order_of)
        upto = min(hole.upto, position, key=order_of)
        found = False
        if order_of(upto) > order_of(after):
            async for each in self.journal.history(partition, upto, after=after):
                found = True
                yield each
        if not found and order_of(hole.upto) > order_of(after):
            gap(replace(hole, after=after))

    async def state(self, partition: Partition) -> tuple[Ledger, str]:
        """Return what the partition has come to, the quick way from its newest snapshot, and the last decided event.

        Raises:
            UnreadableSnapshotError: The log was trimmed, and the state that it begins with cannot be read.
            UnavailableError: Redis failed.
        """
        position = await self.journal.position(partition)
        ledger, start = await self.snapshots.load(partition, position)
        await self.fold(ledger, start, position)
        return ledger, position

    async def fold(self, ledger: Ledger, after: str, upto: str) -> int:
        """Take the events after *after* up to *upto* into *ledger*, as they were decided; return how many."""
        events = 0
        async for event, decision in self.journal.history(ledger.partition, upto, after=after):
            ledger.follow(event, decision.acts if decision else ())
            events += 1
        return events

    async def check_whole(self, partition: Partition, trimmed: str) -> None:
        """Check that the log still begins after the event *trimmed*, as it did when reading it began.

        Raises:
            TrimmedMeanwhileError: It does not, so that some events may have been missed.
        """
        now = await self.snapshots.trimmed(partition)
        if now != trimmed:
            raise TrimmedMeanwhileError(
                f"the log of partition {partition} was trimmed up to {now} while it was read: ask again"
            )

    async def undecided(self, partition: Partition) -> list[Event]:
        """Return the events that no owner has decided yet."""
        position = await self.journal.position(partition)
        last = await self.journal.last_id(partition)
        return [event async for event, _ in self.journal.history(partition, last, after=position)]


class Follower:
    """Keeps a ledger up with what a partition's owner has decided: for a live view."""

    def __init__(self, reader: LogReader, partition: Partition) -> None:
        self.ledger = Ledger(partition)
        self._reader = reader
        self._position = START

    async def catch_up(self) -> list[tuple[Event, Decision | None]]:
        """Fold what has been decided since the last call, and return it.

        Where that has been trimmed already, it goes on from the state that the log now begins with.
        """
        reader, partition = self._reader, self.ledger.partition
        upto = await reader.journal.position(partition)
        while True:
            new = [found async for found in reader.journal.history(partition, upto, after=self._position)]
            if order_of(await reader.snapshots.trimmed(partition)) <= order_of(self._position):
                break
            self.ledger, self._position = await reader.snapshots.beginning(partition)
        for event, decision in new:
            self.ledger.follow(event, decision.acts if decision else ())
            self._position = event.id
        return new


def step(ledger: Ledger, event: Event, decision: Decision | None) -> Step:
    """Take an event into *ledger* with what was decided upon it, and return both sides of it."""
    before = ledger.aggregates.get(event.address) or machine.new(event.address)
    ledger.follow(event, decision.acts if decision else ())
    after = ledger.aggregates.get(event.address, before)
    return Step(event, before, after, decision, ledger.governing.policy)
