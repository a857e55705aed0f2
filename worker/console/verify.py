"""`switchhook verify`: holds the state of live owners, and of snapshots, against a replay of the log, byte for byte."""

from __future__ import annotations

import secrets
from typing import cast

import anyio
import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.errors import LogUnavailableError
from ingress.log import Keys, Partition
from worker.ledger import image
from worker.ledger.ledger import Ledger
from worker.replay.render import differences
from worker.replay.source import LogReader, TrimmedMeanwhileError
from worker.runtime.journal import START
from worker.runtime.witness import (
    Answer,
    Question,
    read_answer,
    states_of,
    write_question,
)

POLL_SECS = 0.05
#: Of so many aggregates that differ, it is shown how.
EXPLAINED = 20
#: A log that is trimmed while it is read is read again so often.
ATTEMPTS = 3
#: What the digest named "" is of.
REST = "commands, timers, tombstones and quarantine"


class Difference(msgspec.Struct, frozen=True):
    """An aggregate (or the rest) of which the replay says something else; `how` is `path: replayed → other`."""

    name: str
    how: list[str]


class Verdict(msgspec.Struct, frozen=True):
    """What came of one partition. `live` and `snapshot` are None where there was none to compare."""

    partition: Partition
    #: Whose lease it was.
    owner: str | None
    #: Where the owner's state, the replay and the snapshot were compared.
    position: str
    events: int
    aggregates: int
    live: list[Difference] | None
    #: The event that the newest snapshot ends with.
    snapshot_of: str | None
    snapshot: list[Difference] | None

    @property
    def agrees(self) -> bool:
        """Whether nothing that was compared differs."""
        return not self.live and not self.snapshot

    @property
    def unanswered(self) -> bool:
        """Whether there is an owner, and it did not answer."""
        return self.owner is not None and self.live is None


class Verifier:
    """Verifies the partitions of one log. It writes questions, and nothing else."""

    def __init__(self, redis: Redis, keys: Keys, *, wait_secs: float) -> None:
        self._redis = redis
        self._keys = keys
        self._wait_secs = wait_secs
        self._reader = LogReader(redis, keys)

    async def verify(self, partition: Partition) -> Verdict:
        """Compare one partition.

        Raises:
            UnreadableSnapshotError: The log was trimmed, and its beginning cannot be read.
            LogUnavailableError: Redis failed.
            UnavailableError: Redis failed.
            TrimmedMeanwhileError: The log was trimmed each time that it was read.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._compare(partition)
            except TrimmedMeanwhileError:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("the loop returns or raises")

    async def _compare(self, partition: Partition) -> Verdict:
        owner = await self._owner(partition)
        answer = await self._ask(partition) if owner else None
        position = answer.position if answer else await self._reader.journal.position(partition)
        replayed, start = await self._reader.snapshots.beginning(partition)
        events = await self._reader.fold(replayed, start, position)
        await self._reader.check_whole(partition, start)
        expected = image.digest(replayed)
        aggregates = len(replayed.aggregates)
        kept, snapshot_of = await self._reader.snapshots.load(partition, position)
        snapshot: list[Difference] | None = None
        if snapshot_of not in (START, start):
            await self._reader.fold(kept, snapshot_of, position)
            names = differing(expected, image.digest(kept))
            snapshot = explain(names, _plain_states(replayed, names), _plain_states(kept, names))
        live: list[Difference] | None = None
        if answer is not None:
            names = differing(expected, answer.digests)
            live = await self._explain_live(partition, names, replayed, position) if names else []
        return Verdict(
            partition,
            owner,
            position,
            events,
            aggregates,
            live,
            snapshot_of if snapshot is not None else None,
            snapshot,
        )

    async def _explain_live(
        self, partition: Partition, names: list[str], replayed: Ledger, position: str
    ) -> list[Difference]:
        """Ask the owner for what differs, and say how, at the place in the log where it answers this time."""
        answer = await self._ask(partition, tuple(names[:EXPLAINED]))
        if answer is None:
            return [Difference(name, []) for name in names]
        await self._reader.fold(replayed, position, answer.position)
        now = image.digest(replayed)
        gone = [name for name in names if now.get(name) == answer.digests.get(name)]
        theirs = {name: _plain(raw) for name, raw in answer.states.items()}
        found = explain([name for name in names if name not in gone], _plain_states(replayed, names), theirs)
        return found + [Difference(name or REST, [f"it did at {position}, and no longer does"]) for name in gone]

    async def _owner(self, partition: Partition) -> str | None:
        try:
            lease = await self._redis.get(self._keys.lease(partition))
        except (RedisError, OSError) as exc:
            raise LogUnavailableError(f"Redis does not answer: {exc}") from exc
        return cast("bytes", lease).decode().rpartition(":")[0] if lease else None

    async def _ask(self, partition: Partition, states: tuple[str, ...] = ()) -> Answer | None:
        """Return what the owner answers; None when it does not in time."""
        question = Question(secrets.token_hex(8), states)
        where = self._keys.question(partition)
        try:
            with anyio.move_on_after(self._wait_secs):
                await self._put(where, question)
                try:
                    return read_answer(await self._answer(self._keys.answer(partition, question.id)))
                finally:
                    with anyio.CancelScope(shield=True):
                        await self._redis.delete(where)
        except (RedisError, OSError) as exc:
            raise LogUnavailableError(f"Redis does not answer: {exc}") from exc
        except ValueError:
            # Of another release than this one.
            return None
        return None

    async def _put(self, where: str, question: Question) -> None:
        """Ask, once nobody else's question is there. It goes by itself when nobody waits for the answer any more."""
        lasts_ms = round(self._wait_secs * 1000)
        while True:
            if await self._redis.set(where, write_question(question), px=lasts_ms, nx=True):
                return
            await anyio.sleep(POLL_SECS)

    async def _answer(self, key: str) -> bytes:
        while True:
            raw = await self._redis.get(key)
            if raw is not None:
                return cast("bytes", raw)
            await anyio.sleep(POLL_SECS)


def differing(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Return the names under which two digests differ, or that only one of them has."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def explain(names: list[str], replayed: dict[str, object], other: dict[str, object]) -> list[Difference]:
    """Return how what is named differs, as far as both sides are known."""
    found: list[Difference] = []
    for number, name in enumerate(names):
        mine, theirs = replayed.get(name), other.get(name)
        how: list[str] = []
        if number < EXPLAINED:
            if mine is None or theirs is None:
                how = ["there is none in the replay" if mine is None else "there is one in the replay alone"]
            else:
                how = list(differences("", mine, theirs)) or ["the order, or a form that is not shown"]
        found.append(Difference(name or REST, how))
    return found


def _plain_states(ledger: Ledger, names: list[str]) -> dict[str, object]:
    picture = image.take(ledger, "", 0)
    wanted = frozenset(names[:EXPLAINED])
    return {name: _plain(raw) for part in states_of(picture, wanted) for name, raw in part.items()}


def _plain(raw: msgspec.Raw) -> object:
    return msgspec.json.decode(raw)
