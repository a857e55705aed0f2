"""The journal in Redis: what was decided upon which event, written under the fence; and the log, read in pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.envelope import LogEntry
from ingress.log import Keys, Partition, decode_entry, load_script
from worker.decisions.decision import Decision, decode_decision, encode_decision
from worker.events.event import Event, read_event
from worker.runtime.errors import FencedError, UnavailableError
from worker.runtime.lease import Lease

log = structlog.get_logger(__name__)

#: What redis-py returns of a stream when it leaves bytes as they are.
Entries = list[tuple[bytes, dict[bytes, bytes]]]
PAGE = 1000
START = "0-0"
#: What the script's refusals say.
WHY = {0: "it has another owner", -1: "the events were decided already", -2: "the log is not at the position known"}


class Journal:
    """Reads a partition's log and journal, and writes the journal."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._commit = redis.register_script(load_script("worker.runtime", "journal.lua"))

    async def commit(
        self, lease: Lease, position: str, decisions: Sequence[tuple[str, Decision]], *, after: str = ""
    ) -> None:
        """Write *decisions* (each with its cause's id) and the *position* up to which the log is decided.

        *after* is the position that the caller's state is of; without it any is right.

        Raises:
            FencedError: The partition has another owner, somebody has decided these events already, or Redis has lost
                writes that the caller's state is of.
            UnavailableError: Nobody knows whether it was written: recover from the log.
        """
        partition = lease.partition
        args: list[str | bytes] = [lease.token, position, after]
        for cause_id, decision in decisions:
            args += (cause_id, encode_decision(decision))
        keys = [self._keys.lease(partition), self._keys.journal(partition), self._keys.position(partition)]
        try:
            reply = int(await self._commit(keys=keys, args=args))
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the journal of partition {partition} could not be written: {exc}") from exc
        if reply != 1:
            lease.drop()
            why = WHY.get(reply, str(reply))
            raise FencedError(f"the journal of partition {partition} refused epoch {lease.epoch}: {why}")

    async def position(self, partition: Partition) -> str:
        """Return the id of the last event that was decided; `0-0` when none was."""
        return await self._text(self._keys.position(partition))

    async def delivered(self, partition: Partition) -> str:
        """Return the id of the last journal entry whose notices were all appended; `0-0` when none was."""
        return await self._text(self._keys.delivered(partition))

    async def set_delivered(self, partition: Partition, cause_id: str) -> None:
        """Note that the notices of all journal entries up to *cause_id* are appended."""
        try:
            await self._redis.set(self._keys.delivered(partition), cause_id)
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"partition {partition}: {exc}") from exc

    async def decisions(self, partition: Partition, after: str, upto: str) -> dict[str, Decision]:
        """Return the decisions upon the events after *after* and not later than *upto*."""
        found: dict[str, Decision] = {}
        while True:
            page = await self._range(self._keys.journal(partition), after, upto)
            for entry_id, fields in page:
                after = entry_id.decode()
                found[after] = decode_decision(fields[b"decision"])
            if len(page) < PAGE:
                return found

    async def history(
        self, partition: Partition, upto: str, *, after: str = START
    ) -> AsyncIterator[tuple[Event, Decision | None]]:
        """Yield the events after *after* and not later than *upto*, each with what was decided upon it."""
        while True:
            page = await self._range(self._keys.log(partition), after, upto)
            if page:
                last = page[-1][0].decode()
                decided = await self.decisions(partition, after, last)
                for event in events_of(page):
                    yield event, decided.get(event.id)
                after = last
            if len(page) < PAGE:
                return

    async def raw(
        self, partition: Partition, upto: str, *, after: str = START
    ) -> AsyncIterator[tuple[str, LogEntry, Decision | None]]:
        """Yield what `history` does, as it stands in the log; what is no entry (written by hand) is passed over."""
        while True:
            page = await self._range(self._keys.log(partition), after, upto)
            if page:
                last = page[-1][0].decode()
                decided = await self.decisions(partition, after, last)
                for entry_id, fields in page:
                    name = entry_id.decode()
                    try:
                        entry = decode_entry(fields)
                    except (KeyError, ValueError):
                        continue
                    yield name, entry, decided.get(name)
                after = last
            if len(page) < PAGE:
                return

    async def events(self, partition: Partition, names: Iterable[str]) -> dict[str, Event]:
        """Return the events with these entries' ids, by them; those that are there and can be read."""
        found: dict[str, Event] = {}
        for name in names:
            entries = await self._range(self._keys.log(partition), before(name), name)
            found |= {event.id: event for event in events_of(entries)}
        return found

    async def last_id(self, partition: Partition) -> str:
        """Return the id of the newest event in the log; `0-0` when there is none."""
        try:
            newest = await self._redis.xrevrange(self._keys.log(partition), count=1)
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the log of partition {partition} could not be read: {exc}") from exc
        return cast("Entries", newest)[0][0].decode() if newest else START

    async def _range(self, key: str, after: str, upto: str) -> Entries:
        try:
            return cast("Entries", await self._redis.xrange(key, min=f"({after}", max=upto, count=PAGE))
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"{key} could not be read: {exc}") from exc

    async def _text(self, key: str) -> str:
        try:
            value = await self._redis.get(key)
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"{key} could not be read: {exc}") from exc
        return cast("bytes", value).decode() if value else START


def entries_of(reply: object) -> Entries:
    """Return the entries of an XREAD of one stream, in either shape that redis-py gives it."""
    if not reply:
        return []
    if isinstance(reply, dict):
        (pages,) = reply.values()
        return [entry for page in pages for entry in page]
    if isinstance(reply, list):
        return list(reply[0][1])
    raise TypeError(f"XREAD answered {type(reply).__name__}")


def events_of(entries: Entries, *, unread: Callable[[], None] = lambda: None) -> Iterator[Event]:
    """Yield the events that *entries* hold.

    One that cannot be read (a later release's, or one written by hand) is passed over, loudly: it must not stop its
    neighbours, and it is passed over alike live, in a recovery and in a replay. *unread* is called for each.
    """
    for entry_id, fields in entries:
        name = entry_id.decode()
        try:
            event = read_event(name, decode_entry(fields))
        except (KeyError, ValueError):
            log.exception("event.unread", entry_id=name, address=fields.get(b"addr", b"?").decode(errors="replace"))
            unread()
        else:
            yield event


def order_of(entry_id: str) -> tuple[int, int]:
    """Return what the ids of a stream are ordered by."""
    ms, _, number = entry_id.partition("-")
    return int(ms), int(number)


def before(entry_id: str) -> str:
    """Return the greatest id that is smaller than *entry_id*: what to read after, to begin with that entry."""
    ms, number = order_of(entry_id)
    return f"{ms}-{number - 1}" if number else f"{ms - 1}-{(1 << 64) - 1}"
