"""Snapshots of a partition in Redis: a cache that shortens recovery, and the beginning of a log that was trimmed.

Several are kept: the newest, some older ones for trimming to choose from, and the one that the log now begins with. As
a cache only what has exactly today's form is read. The beginning is the truth: every later release reads it
(`worker.ledger.forms`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import cast

import anyio.lowlevel
import structlog
import zstandard
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.errors import SwitchhookError
from ingress.log import Keys, Partition, load_script
from worker.ledger import image
from worker.ledger.ledger import Ledger
from worker.runtime.errors import FencedError, UnavailableError
from worker.runtime.journal import START, Journal, order_of
from worker.runtime.lease import Lease

log = structlog.get_logger(__name__)

#: A quick compression: states are text that repeats.
LEVEL = 1


class UnreadableSnapshotError(SwitchhookError):
    """Raised when a log that was trimmed has no snapshot that can be read: its beginning is lost to this release."""


class Snapshots:
    """The snapshots of all partitions."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._journal = Journal(redis, keys)
        self._keep = redis.register_script(load_script("worker.runtime", "snapshot.lua"))
        self._trim = redis.register_script(load_script("worker.runtime", "trim.lua"))

    async def ids(self, partition: Partition) -> list[str]:
        """Return the ids of the events that snapshots end with, the oldest first."""
        found = cast("list[bytes]", await self._ask(lambda: self._redis.hkeys(self._keys.snapshots(partition))))
        return sorted((name.decode() for name in found), key=order_of)

    async def trimmed(self, partition: Partition) -> str:
        """Return the id up to which the log was trimmed; `0-0` when it was not."""
        found = cast("bytes | None", await self._ask(lambda: self._redis.get(self._keys.trimmed(partition))))
        return found.decode() if found else START

    async def load(self, partition: Partition, upto: str, *, most_held: int = sys.maxsize) -> tuple[Ledger, str]:
        """Return the newest state not later than *upto* that can be read, and the event it ends with.

        Where no snapshot of today's form can be, it is the state that the log begins with: an empty one and `0-0` where
        the log is whole. *most_held* is as for `Ledger`.

        Raises:
            UnreadableSnapshotError: The log was trimmed, and its beginning cannot be read.
            UnavailableError: Redis failed.
        """
        trimmed = await self.trimmed(partition)
        for name in reversed(await self.ids(partition)):
            if order_of(trimmed) < order_of(name) <= order_of(upto):
                ledger = await self._cached(partition, name, most_held)
                if ledger is not None:
                    return ledger, name
        return await self.beginning(partition, most_held=most_held)

    async def beginning(self, partition: Partition, *, most_held: int = sys.maxsize) -> tuple[Ledger, str]:
        """Return the state that the log, as far as it is still there, begins with, and the event it ends with.

        Raises:
            UnreadableSnapshotError: The log was trimmed, and that state cannot be read.
            UnavailableError: Redis failed.
        """
        name = await self.trimmed(partition)
        if name == START:
            return Ledger(partition, most_held=most_held), START
        raw = await self._raw(partition, name)
        try:
            if raw is None:
                raise ValueError("it is not there")  # noqa: TRY301
            return await self._decoded(partition, _unpacked(raw), most_held), name
        except ValueError as exc:
            raise UnreadableSnapshotError(
                f"the log of partition {partition} was trimmed up to {name}, and the snapshot that it begins with "
                f"cannot be read by this release: {exc}. Start the release that made it, or a later one; if that "
                "cannot read it either, restore Redis from a copy"
            ) from exc

    async def suffices(self, partition: Partition, name: str) -> bool:
        """Return whether a log may begin with that snapshot: this release reads it, and it needs no entry before it.

        An event that waited in quarantine then, be it released since, is in the log alone.

        Raises:
            UnavailableError: Redis failed.
        """
        raw = await self._raw(partition, name)
        if raw is None:
            return False
        try:
            head = image.decode_head(_beginning_of(raw))
            if head.fingerprint != image.fingerprint():
                # Of an earlier release: only whole can it be said whether this one reads it.
                image.decode(_unpacked(raw), {})
        except (ValueError, zstandard.ZstdError):
            return False
        return not any(aside.held for aside in head.quarantined)

    async def keep(self, lease: Lease, picture: image.Picture, drop: list[str]) -> int:
        """Keep a snapshot, and drop others by their ids; return its size in bytes.

        It is made in parts of about a millisecond, with others' turns between them.

        Raises:
            FencedError: The partition has another owner.
            UnavailableError: Redis failed.
        """
        compressor = zstandard.ZstdCompressor(level=LEVEL).compressobj()
        packed: list[bytes] = []
        for part in image.encode(picture):
            packed.append(compressor.compress(part))
            await anyio.lowlevel.checkpoint()
        packed.append(compressor.flush())
        raw = b"".join(packed)
        keys = [self._keys.lease(lease.partition), self._keys.snapshots(lease.partition)]
        kept = await self._ask(lambda: self._keep(keys=keys, args=[lease.token, picture.head.position, raw, *drop]))
        if not kept:
            lease.drop()
            raise FencedError(f"a snapshot of partition {lease.partition} was refused: it has another owner")
        return len(raw)

    async def trim(self, lease: Lease, last: str) -> int:
        """Trim log and journal up to the event *last*, of which there is a snapshot; return how many events went.

        Raises:
            FencedError: The partition has another owner.
            UnavailableError: Redis failed, or there is no such snapshot any more.
        """
        partition, (ms, number) = lease.partition, order_of(last)
        keys = [
            self._keys.lease(partition), self._keys.snapshots(partition), self._keys.log(partition),
            self._keys.journal(partition), self._keys.trimmed(partition),
        ]  # fmt: skip
        gone = cast(
            "int", await self._ask(lambda: self._trim(keys=keys, args=[lease.token, last, f"{ms}-{number + 1}"]))
        )
        if gone == -1:
            lease.drop()
            raise FencedError(f"partition {partition} was not trimmed: it has another owner")
        if gone == -2:
            raise UnavailableError(f"partition {partition} has no snapshot at {last} any more")
        return gone

    async def _cached(self, partition: Partition, name: str, most_held: int) -> Ledger | None:
        """Return the state of one snapshot; None when it is not there, of another form, or damaged."""
        raw = await self._raw(partition, name)
        if raw is None:
            return None
        try:
            unpacked = _unpacked(raw)
            if image.decode_head(unpacked).fingerprint != image.fingerprint():
                log.info("snapshot.of-another-form", partition=partition, position=name)
                return None
            return await self._decoded(partition, unpacked, most_held)
        except ValueError as exc:
            log.warning("snapshot.unreadable", partition=partition, position=name, error=str(exc))
            return None

    async def _decoded(self, partition: Partition, unpacked: bytes, most_held: int) -> Ledger:
        waiting = [name for aside in image.decode_head(unpacked).quarantined for name in aside.held[:most_held]]
        return image.decode(unpacked, await self._journal.events(partition, waiting), most_held=most_held)

    async def _raw(self, partition: Partition, name: str) -> bytes | None:
        found = await self._ask(lambda: self._redis.hget(self._keys.snapshots(partition), name))
        return cast("bytes | None", found)

    async def _ask(self, request: Callable[[], object]) -> object:
        try:
            return await request()  # type: ignore[misc]
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"a snapshot could not be read or kept: {exc}") from exc


def _unpacked(raw: bytes) -> bytes:
    """Return a packed image unpacked.

    Raises:
        ValueError: It is damaged.
    """
    try:
        return zstandard.ZstdDecompressor().decompressobj().decompress(raw)
    except zstandard.ZstdError as exc:
        raise ValueError(f"it cannot be unpacked: {exc}") from exc


def _beginning_of(raw: bytes) -> bytes:
    """Return the head's part of a packed image; the states, which are most of it, stay packed."""
    unpacked = zstandard.ZstdDecompressor().stream_reader(raw)
    length = unpacked.read(image.LENGTH_BYTES)
    return length + unpacked.read(int.from_bytes(length, "big"))
