"""The records in Redis: written under the fence, together with how far the log is in them; read by anybody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.log import load_script
from worker.records.book import Book, Dossier, Standing
from worker.records.coverage import Coverage, Gap
from worker.records.model import Record
from worker.runtime.errors import FencedError, UnavailableError
from worker.runtime.journal import Entries, order_of
from worker.runtime.lease import Lease
from worker.runtime.recording.keys import RecordKeys

PAGE = 500
START = "0-0"

_encoder = msgspec.json.Encoder()
_records: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)
_dossiers = msgspec.json.Decoder(Dossier)
_standings = msgspec.json.Decoder(Standing)


class Kept(msgspec.Struct, frozen=True):
    """A record, and its entry's id in the stream."""

    id: str
    record: Record


class RecordStore:
    """The records under one prefix."""

    def __init__(self, redis: Redis, keys: RecordKeys) -> None:
        self._redis = redis
        self._keys = keys
        self._write = redis.register_script(load_script("worker.runtime", "records.lua"))

    async def reached(self) -> int | None:
        """Return the moment up to which the log is in the records; None: nothing is.

        Raises:
            UnavailableError: Redis failed.
        """
        try:
            found = cast("bytes | None", await self._redis.get(self._keys.reached()))
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the records could not be read: {exc}") from exc
        return int(found) if found else None

    async def dropped(self) -> str:
        """Return the id of the newest record that was dropped for its age; `0-0`: none was.

        Raises:
            UnavailableError: Redis failed.
        """
        try:
            found = cast("bytes | None", await self._redis.get(self._keys.dropped()))
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the records could not be read: {exc}") from exc
        return found.decode() if found else START

    async def coverage(self) -> Coverage:
        """Return what the records are of.

        Raises:
            UnavailableError: Redis failed.
        """
        reached, dropped = await self.reached(), await self.dropped()
        try:
            found = cast("dict[bytes, bytes]", await self._redis.hgetall(self._keys.gaps()))
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the records could not be read: {exc}") from exc
        gaps: list[Gap] = []
        for name, upto in found.items():
            partition, _, after = name.decode().partition("\t")
            gaps.append(Gap(int(after), int(upto), int(partition)))
        return Coverage(reached, None if dropped == START else order_of(dropped)[0], gaps)

    async def book(self) -> Book:
        """Return the callers and agents as they were at the moment reached.

        Raises:
            UnavailableError: Redis failed.
        """
        dossiers = [_dossiers.decode(raw) async for raw in self._values(self._keys.dossiers())]
        standings = [_standings.decode(raw) async for raw in self._values(self._keys.standings())]
        return Book(dossiers, standings)

    async def write(
        self,
        lease: Lease,
        before: int | None,
        reached: int,
        records: Sequence[Record],
        book: Book,
        *,
        drop: str = "",
        gaps: Sequence[Gap] = (),
    ) -> None:
        """Write *records*, what has changed in *book*, and the moment *reached*; *before* is the one that was.

        Records that are older than *drop* go; *gaps* are of the log, and noted.

        Raises:
            FencedError: Another worker is the recorder, or has been.
            UnavailableError: Nobody knows whether it was written: read the book again.
        """
        dossiers, standings = book.changes()
        args: list[str | bytes | int] = [lease.token, "" if before is None else before, reached, drop, len(records)]
        for record in records:
            args += (str(record.__struct_config__.tag), encode_record(record))
        args.append(len(dossiers))
        for key, dossier in dossiers.items():
            args += ("\t".join(key), b"" if dossier is None else _encoder.encode(dossier))
        args.append(len(standings))
        for who, standing in standings.items():
            args += ("\t".join(who), _encoder.encode(standing))
        args.append(len(gaps))
        for gap in gaps:
            args += (f"{gap.partition}\t{gap.after_ms}", gap.upto_ms)
        k = self._keys
        keys = [k.lease(lease.partition), k.records(), k.reached(), k.dossiers(), k.standings(), k.dropped(), k.gaps()]
        try:
            reply = int(await self._write(keys=keys, args=args))
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the records could not be written: {exc}") from exc
        if reply != 1:
            lease.drop()
            why = "another worker is the recorder" if reply == 0 else "they are not where this worker knew them"
            raise FencedError(f"records were refused: {why}")

    async def records(self, after: str = START, upto: str = "+") -> AsyncIterator[Kept]:
        """Yield the records that were written after the entry *after*, the oldest first.

        Raises:
            UnavailableError: Redis failed.
        """
        while True:
            page = await self._range(f"({after}", upto, PAGE)
            for kept in page:
                after = kept.id
                yield kept
            if len(page) < PAGE:
                return

    async def page(self, after: str, count: int) -> list[Kept]:
        """Return the next records after the entry *after*, so many at most.

        Raises:
            UnavailableError: Redis failed.
        """
        return await self._range(f"({after}", "+", count) if count > 0 else []

    async def record(self, name: str) -> Record | None:
        """Return the record of one entry; None when it was dropped.

        Raises:
            UnavailableError: Redis failed.
        """
        found = await self._range(name, name, 1)
        return found[0].record if found else None

    async def last(self) -> str:
        """Return the id of the newest entry; `0-0` when there is none.

        Raises:
            UnavailableError: Redis failed.
        """
        try:
            found = cast("Entries", await self._redis.xrevrange(self._keys.records(), count=1))
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the records could not be read: {exc}") from exc
        return found[0][0].decode() if found else START

    async def _range(self, least: str, most: str, count: int) -> list[Kept]:
        try:
            found = await self._redis.xrange(self._keys.records(), min=least, max=most, count=count)
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the records could not be read: {exc}") from exc
        return [Kept(name.decode(), decode_record(fields[b"record"])) for name, fields in cast("Entries", found)]

    async def _values(self, key: str) -> AsyncIterator[bytes]:
        cursor = 0
        seen: set[bytes] = set()
        while True:
            try:
                cursor, found = await self._redis.hscan(key, cursor, count=PAGE)
            except (RedisError, OSError) as exc:
                raise UnavailableError(f"the records could not be read: {exc}") from exc
            for name, raw in cast("dict[bytes, bytes]", found).items():
                if name not in seen:
                    seen.add(name)
                    yield raw
            if cursor == 0:
                return


def encode_record(record: Record) -> bytes:
    """Return a record as JSON, as it stands in the stream, in databases and in webhooks."""
    return _encoder.encode(record)


def decode_record(raw: bytes) -> Record:
    """Read what `encode_record` wrote.

    Raises:
        msgspec.DecodeError: It is none.
    """
    return _records.decode(raw)
