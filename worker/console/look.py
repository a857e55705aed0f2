"""Looks at all partitions of a log in few round trips: who owns them, how far they are, what they keep."""

from __future__ import annotations

from typing import cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from ingress.errors import LogUnavailableError
from ingress.log import Keys, Partition, load_script
from worker.console.table import span_of
from worker.runtime.journal import START, order_of
from worker.runtime.witness import Standing, read_standing

#: Undecided events are counted up to so many.
MOST = 1_000
#: Partitions that are asked for in one round trip.
AT_ONCE = 128
#: A live worker beats four times a second.
SILENT_SECS = 5.0


class Snapshot(msgspec.Struct, frozen=True):
    """The newest snapshot: the event that it ends with, how long ago that was, its size compressed."""

    position: str
    age_secs: float
    bytes: int


class Look(msgspec.Struct, frozen=True):
    """One partition at one moment. What is None is not known, or not there."""

    partition: Partition
    owner: str | None
    epoch: int
    #: What is left of the owner's lease.
    lease_secs: float | None
    #: The last event that is decided.
    position: str
    #: The last event in the log, or that was.
    last: str
    #: Events that are not decided, counted up to `MOST`; and how long the first of them has waited.
    lag: int
    lag_secs: float
    snapshot: Snapshot | None
    #: The last event that was trimmed.
    trimmed: str | None
    #: What the last owner said, if that still counts.
    standing: Standing | None


class Beat(msgspec.Struct, frozen=True):
    """A worker, and how long ago it last said that it lives."""

    worker: str
    secs_ago: float

    @property
    def silent(self) -> bool:
        """Whether that is longer ago than a live worker leaves it."""
        return self.secs_ago > SILENT_SECS


class Overview(msgspec.Struct, frozen=True):
    """A log at one moment."""

    workers: list[Beat]
    partitions: list[Look]
    #: Redis's time (Unix ms).
    at_ms: int


def worker_of(beat: Beat) -> str:
    """Return a worker's name, with for how long he has been silent if he should not have been."""
    return f"{beat.worker} (silent for {span_of(beat.secs_ago)})" if beat.silent else beat.worker


async def overview(redis: Redis, keys: Keys, partitions: int) -> Overview:
    """Return how all partitions are.

    Raises:
        LogUnavailableError: Redis failed.
    """
    try:
        seconds, micros = await redis.time()
        now_ms = seconds * 1000 + micros // 1000
        beats = cast("list[tuple[bytes, float]]", await redis.zrange(keys.workers(), 0, -1, withscores=True))
        looks: list[Look] = []
        for start in range(0, partitions, AT_ONCE):
            wanted = [Partition(number) for number in range(start, min(partitions, start + AT_ONCE))]
            looks += [_read(each, reply, now_ms) for each, reply in await _ask(redis, keys, wanted)]
    except (RedisError, OSError) as exc:
        raise LogUnavailableError(f"Redis does not answer: {exc}") from exc
    workers = [Beat(name.decode().partition(" ")[0], max(0.0, (now_ms - at_ms) / 1000)) for name, at_ms in beats]
    return Overview(sorted(workers, key=lambda beat: beat.worker), looks, now_ms)


class _Reply(msgspec.Struct, frozen=True, array_like=True):
    lease: bytes
    lease_ms: int
    epoch: bytes
    position: bytes
    last: bytes
    first: bytes
    lag: int
    snapshot: bytes
    snapshot_bytes: int
    trimmed: bytes
    standing: bytes


async def _ask(redis: Redis, keys: Keys, wanted: list[Partition]) -> list[tuple[Partition, _Reply]]:
    script = redis.register_script(load_script("worker.console", "look.lua"))

    async def send() -> list[object]:
        pipe = redis.pipeline(transaction=False)
        for each in wanted:
            named = (
                keys.lease(each), keys.epoch(each), keys.position(each), keys.log(each), keys.snapshots(each),
                keys.trimmed(each), keys.standing(each),
            )  # fmt: skip
            pipe.evalsha(script.sha, len(named), *named, MOST)
        return await pipe.execute()

    try:
        replies = await send()
    except NoScriptError:
        await redis.script_load(script.script)
        replies = await send()
    return [(each, msgspec.convert(reply, _Reply)) for each, reply in zip(wanted, replies, strict=True)]


def _read(partition: Partition, reply: _Reply, now_ms: int) -> Look:
    owner, _, held_epoch = reply.lease.decode().rpartition(":")
    epoch = int(reply.epoch or 0)
    position = reply.position.decode() or START
    return Look(
        partition=partition,
        owner=owner or None,
        epoch=int(held_epoch or epoch),
        lease_secs=reply.lease_ms / 1000 if owner else None,
        position=position,
        last=max(reply.last.decode() or START, reply.trimmed.decode() or START, key=order_of),
        lag=reply.lag,
        lag_secs=_age_secs(reply.first, now_ms) if reply.lag else 0.0,
        snapshot=Snapshot(reply.snapshot.decode(), _age_secs(reply.snapshot, now_ms), reply.snapshot_bytes)
        if reply.snapshot
        else None,
        trimmed=reply.trimmed.decode() or None,
        standing=_counting(reply.standing, epoch=epoch, position=position, owned=bool(owner)),
    )


def _counting(raw: bytes, *, epoch: int, position: str, owned: bool) -> Standing | None:
    """Return what was said, if the partition's present owner has said it, or nothing has happened since."""
    said = read_standing(raw) if raw else None
    if said is None or said.epoch != epoch or not (owned or said.position == position):
        return None
    return said


def _age_secs(entry_id: bytes, now_ms: int) -> float:
    return max(0.0, (now_ms - order_of(entry_id.decode())[0]) / 1000)
