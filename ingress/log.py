"""The log in Redis: partitions, the names of keys, and the one way to append. The contract that workers read by.

A partition is one Redis stream. All keys of a partition share a hash tag, so that every script touches one
slot. An append is deduplicated by the event's id for `SEEN_TTL_MS`, in the script that makes it.
"""

from __future__ import annotations

import importlib.resources
import itertools
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NewType, cast

import msgspec
from redis.exceptions import NoScriptError, RedisError

from ingress.durability import Confirmation
from ingress.envelope import Address, AggregateKind, EntryKind, LogEntry
from ingress.errors import LogUnavailableError, TopologyError
from ingress.redis_cluster import ClusterRedis

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import Pipeline

Partition = NewType("Partition", int)

DEFAULT_PARTITIONS = 16
DEFAULT_PREFIX = "switchhook"
MAX_PARTITIONS = 1024
#: Telnyx retries a webhook within a minute; a day also covers an operator who delivers it again by hand.
SEEN_TTL_MS = 24 * 3600 * 1000
#: What could not be routed is kept for a person to look at, not for ever.
UNROUTED_MAX_ENTRIES = 10_000


class Appended(msgspec.Struct, frozen=True):
    """What became of one append: its entry's id in the stream, and whether it was there already.

    One that is `spooled` is on this machine's disk; it has no id yet, and whether it is a duplicate is found later.
    """

    entry_id: str
    duplicate: bool
    spooled: bool = False


class Keys(msgspec.Struct, frozen=True):
    """Every Redis key that Switchhook uses, made here; the recorder's are made of them (`worker.runtime.recording`)."""

    prefix: str = DEFAULT_PREFIX

    def topology(self) -> str:
        """Hash with the number of partitions."""
        return f"{self.prefix}:topology"

    def workers(self) -> str:
        """Sorted set of live workers, each as `id life`, scored by their last heartbeat (Redis time, ms)."""
        return f"{self.prefix}:workers"

    def policies(self) -> str:
        """Stream of the policies that came into force, numbered; the newest is in force."""
        return f"{self.prefix}:policies"

    def unrouted(self, tenant: str) -> str:
        """Stream of a tenant's signed webhooks that hold nothing to route by."""
        return f"{self.prefix}:unrouted:{tenant}"

    def asked(self, name: str) -> str:
        """String of a day: the digest of the intent that an Idempotency-Key was first used for."""
        return f"{self.prefix}:asked:{name}"

    def log(self, partition: Partition) -> str:
        """Stream of a partition's events."""
        return self._of(partition, "log")

    def journal(self, partition: Partition) -> str:
        """Stream of a partition's decisions; an entry's id is that of the event that caused it."""
        return self._of(partition, "journal")

    def position(self, partition: Partition) -> str:
        """String: the id of the last log entry that has been decided."""
        return self._of(partition, "position")

    def delivered(self, partition: Partition) -> str:
        """String: the id of the last journal entry whose notices have all been appended."""
        return self._of(partition, "delivered")

    def lease(self, partition: Partition) -> str:
        """String `owner:epoch` that lives as long as the partition's lease."""
        return self._of(partition, "lease")

    def epoch(self, partition: Partition) -> str:
        """Counter that grows with each change of owner."""
        return self._of(partition, "epoch")

    def snapshots(self, partition: Partition) -> str:
        """Hash of snapshots of a partition's state, by the id of the last event in each."""
        return self._of(partition, "snapshots")

    def trimmed(self, partition: Partition) -> str:
        """String: the id up to which log and journal have been trimmed; the snapshot of that id is the beginning."""
        return self._of(partition, "trimmed")

    def deaths(self, partition: Partition) -> str:
        """Counter of owners in a row that ended before they had survived an event."""
        return self._of(partition, "deaths")

    def attempts(self, partition: Partition) -> str:
        """Hash of attempts at events, by entry id, while a partition's owners die."""
        return self._of(partition, "attempts")

    def standing(self, partition: Partition) -> str:
        """String: what the owner last said of its state: how much there is, and what is in quarantine."""
        return self._of(partition, "standing")

    def question(self, partition: Partition) -> str:
        """String of some seconds: what somebody asks the partition's owner of its state."""
        return self._of(partition, "question")

    def answer(self, partition: Partition, question_id: str) -> str:
        """String of some seconds: the owner's answer."""
        return self._of(partition, f"answer:{question_id}")

    def views(self, partition: Partition, kind: AggregateKind) -> str:
        """Hash of what the owner has published of the aggregates of a kind, by their addresses."""
        return self._of(partition, f"views:{kind}")

    def published(self, partition: Partition) -> str:
        """String: as of when, and by which owner, a partition's views are published."""
        return self._of(partition, "published")

    def changes(self, tenant: str) -> str:
        """Stream of the addresses whose views have changed, of all partitions; capped."""
        return f"{self.prefix}:changes:{tenant}"

    def seen(self, partition: Partition, event_id: str) -> str:
        """String that remembers that an event id was appended."""
        return self._of(partition, f"seen:{event_id}")

    def _of(self, partition: Partition, what: str) -> str:
        return f"{self.prefix}:{{p{partition:04d}}}:{what}"


def partition_of(address: Address, partitions: int) -> Partition:
    """Return the partition that holds *address*; the same in every process and release."""
    return Partition(zlib.crc32(str(address).encode()) % partitions)


def encode_entry(entry: LogEntry) -> tuple[str | int | bytes, ...]:
    """Return the stream fields and values of *entry*."""
    return (
        "id", entry.event_id, "addr", str(entry.address), "kind", entry.kind,
        "at", entry.received_ms, "raw", entry.raw,
    )  # fmt: skip


def decode_entry(fields: Mapping[bytes, bytes]) -> LogEntry:
    """Return the entry that a stream's *fields* hold."""
    return LogEntry(
        event_id=fields[b"id"].decode(),
        address=Address.parse(fields[b"addr"].decode()),
        kind=cast("EntryKind", fields[b"kind"].decode()),
        received_ms=int(fields[b"at"]),
        raw=fields[b"raw"],
    )


def load_script(package: str, name: str) -> str:
    """Return the text of a Lua script that lies in *package*'s `lua` folder."""
    return (importlib.resources.files(package) / "lua" / name).read_text()


class EventLog:
    """Appends events; every writer of the log goes through here."""

    def __init__(self, redis: Redis, keys: Keys, partitions: int) -> None:
        self.keys = keys
        self.partitions = partitions
        self._redis = redis
        self._append = redis.register_script(load_script("ingress", "append.lua"))
        self._confirmation: Confirmation | None = None

    def require(self, confirmation: Confirmation | None) -> None:
        """Have each batch confirmed before it counts as appended; None: Redis's reply is enough."""
        self._confirmation = confirmation

    def partition_of(self, address: Address) -> Partition:
        """Return the partition that holds *address*."""
        return partition_of(address, self.partitions)

    async def append(self, entries: Sequence[LogEntry]) -> list[Appended]:
        """Append *entries*, in each partition in order, in one round trip, and say for each what became of it.

        Raises:
            LogUnavailableError: Redis did not take all of them, or not as surely as is required. Some may be in;
                appending again is harmless.
        """
        return await self._take([entries]) if entries else []

    async def append_in_turn(self, groups: Sequence[Sequence[LogEntry]]) -> None:
        """Append the entries of *groups*: those of a group one after another, whatever partitions they are for.

        On one server that is one round trip. On a Cluster, whose nodes do not wait for each other, it is as many as
        there are turns.

        Raises:
            LogUnavailableError: As `append`; whatever is in, nothing is in before what it has to follow.
        """
        turns = self._turns(groups)
        for together in [[turn] for turn in turns] if isinstance(self._redis, ClusterRedis) else [turns]:
            await self._take(together)

    async def _take(self, turns: Sequence[Sequence[LogEntry]]) -> list[Appended]:
        try:
            try:
                return await self._send(turns)
            except NoScriptError:
                # Redis was restarted, or this is the first append of all.
                await self._redis.script_load(self._append.script)
                return await self._send(turns)
        except (RedisError, OSError) as exc:
            raise LogUnavailableError(f"Redis could not take the append: {exc}") from exc

    def _turns(self, groups: Sequence[Sequence[LogEntry]]) -> list[list[LogEntry]]:
        """Return *groups* in turns: in each partition the order is kept too, and one turn's go at the same time."""
        turns: list[list[LogEntry]] = []
        latest: dict[Partition, int] = {}
        for group in groups:
            turn, before = 0, None
            for entry in group:
                partition = self.partition_of(entry.address)
                turn = max(latest.get(partition, 0), turn + (before not in {None, partition}))
                latest[partition], before = turn, partition
                turns += [[] for _ in range(turn + 1 - len(turns))]
                turns[turn].append(entry)
        return turns

    async def _send(self, turns: Sequence[Sequence[LogEntry]]) -> list[Appended]:
        # One script for a turn's events of a partition: what a command costs the client is paid once. By hash, for a
        # `Script` called on a pipeline asks with each one whether Redis has it: a second round trip.
        entries = [entry for turn in turns for entry in turn]
        numbered = enumerate(entries)
        parts: dict[tuple[int, Partition], list[int]] = {}
        for number, turn in enumerate(turns):
            for index, entry in itertools.islice(numbered, len(turn)):
                parts.setdefault((number, self.partition_of(entry.address)), []).append(index)
        pipe = self._redis.pipeline(transaction=False)
        for (_, partition), indices in parts.items():
            keys = [self.keys.log(partition), *(self.keys.seen(partition, entries[i].event_id) for i in indices)]
            args = [part for i in indices for part in encode_entry(entries[i])]
            pipe.evalsha(self._append.sha, len(keys), *keys, SEEN_TTL_MS, *args)
        replies = cast("list[list[int | bytes]]", await self._execute(pipe))
        appended: list[Appended | None] = [None] * len(entries)
        for indices, reply in zip(parts.values(), replies, strict=True):
            for index, new, entry_id in zip(indices, reply[::2], reply[1::2], strict=True):
                appended[index] = Appended(cast("bytes", entry_id).decode(), duplicate=not new)
        return cast("list[Appended]", appended)

    async def _execute(self, pipe: Pipeline) -> list[object]:
        wanted = self._confirmation
        if wanted is None:
            return await pipe.execute()
        pipe.execute_command(*wanted.command)
        *replies, confirmed = await pipe.execute()
        if lacking := wanted.lacking(confirmed):
            raise LogUnavailableError(lacking)
        return replies

    async def keep_unrouted(self, tenant: str, reason: str, received_ms: int, raw: bytes) -> None:
        """Keep a signed body that nothing can be routed by, for a person to look at.

        Raises:
            LogUnavailableError: Redis did not take it.
        """
        pipe = self._redis.pipeline(transaction=False)
        pipe.xadd(
            self.keys.unrouted(tenant),
            {"at": received_ms, "reason": reason, "raw": raw},
            maxlen=UNROUTED_MAX_ENTRIES,
            approximate=True,
        )
        try:
            await self._execute(pipe)
        except (RedisError, OSError) as exc:
            raise LogUnavailableError(f"Redis could not take the append: {exc}") from exc


async def settle_topology(redis: Redis, keys: Keys, partitions: int) -> None:
    """Write the number of partitions if none is set yet, and check it.

    Raises:
        TopologyError: The log was made with another number.
    """
    await redis.hsetnx(keys.topology(), "partitions", str(partitions))
    found = await redis.hget(keys.topology(), "partitions")
    if found is None or int(found) != partitions:
        raise TopologyError(partitions, int(found or 0))
