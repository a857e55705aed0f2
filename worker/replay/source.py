"""Reads a log for people: its partitions, and their events with what was decided. Never writes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.errors import LogUnavailableError, SwitchhookError
from ingress.log import Keys, Partition
from worker.aggregates import machine
from worker.decisions.decision import Decision
from worker.events.event import Event
from worker.ledger.ledger import Ledger
from worker.runtime.journal import START, Journal


class NoLogError(SwitchhookError):
    """Raised when there is no log under the prefix that was asked for."""


class Step(msgspec.Struct, frozen=True):
    """One event, the aggregate before and after it, and what was decided. `decided` is None: not decided yet."""

    event: Event
    before: machine.AggregateState
    after: machine.AggregateState
    decision: Decision | None


class LogReader:
    """The log under one prefix."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self.journal = Journal(redis, keys)

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

    async def steps(self, partition: Partition) -> AsyncIterator[Step]:
        """Yield every event that the partition has decided, with the state around it, from the log alone."""
        ledger = Ledger(partition)
        position = await self.journal.position(partition)
        async for event, decision in self.journal.history(partition, position):
            before = ledger.aggregates.get(event.address) or machine.new(event.address)
            ledger.follow(event, decision.acts if decision else ())
            yield Step(event, before, ledger.aggregates.get(event.address, before), decision)

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
        """Fold what has been decided since the last call, and return it."""
        upto = await self._reader.journal.position(self.ledger.partition)
        new: list[tuple[Event, Decision | None]] = []
        async for event, decision in self._reader.journal.history(self.ledger.partition, upto, after=self._position):
            self.ledger.follow(event, decision.acts if decision else ())
            self._position = event.id
            new.append((event, decision))
        return new
