"""Finds the event that kills its workers: owners and attempts are noted in Redis, where a dead process leaves them.

A partition whose owners die is read one event at a time, each attempt noted before it is made; an event that nobody has
survived so often is set aside, unlooked at, and everything else goes on. What a process that still lives has noted does
not count: its holding ended because Redis went away, or because the partition became another's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

import anyio
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.log import Keys, Partition
from worker.runtime.errors import UnavailableError

#: After so many deaths in a row a partition is read one event at a time.
DEATHS = 2
#: An event that has been attempted so often, and was never survived, is set aside.
ATTEMPTS = 2
#: Notes are forgotten after so long, seconds: deaths that far apart have nothing to do with one another.
REMEMBERED_SECS = 3600


class Suspicion:
    """The notes of one partition.

    Args:
        redis: Where they are.
        keys: Their names.
        partition: Whose they are.
        me: This worker's id.
        life: Names this process: a worker that is started again under its id has another one.
        alive: Returns the ids of the workers that live.
        turn: Of all partitions of this process, held from noting an attempt until it has been survived. Otherwise an
            event would be suspected because another partition's ended the process meanwhile.
    """

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        partition: Partition,
        *,
        me: str,
        life: str,
        alive: Callable[[], frozenset[str]],
        turn: anyio.Lock,
    ) -> None:
        self._redis = redis
        self._partition = partition
        self._deaths = keys.deaths(partition)
        self._attempts = keys.attempts(partition)
        self._me = me
        self._life = life
        self._alive = alive
        self.turn = turn
        #: Whether events are to be taken one at a time.
        self.careful = False

    async def begin(self) -> None:
        """Note an ownership, which is a death if this process ends before it has survived something.

        Raises:
            UnavailableError: Redis failed.
        """
        self.careful = await self._dead(self._deaths, "") >= DEATHS

    async def survived(self) -> None:
        """Forget the deaths: what they came from is behind, or the owner ends in good order."""
        await self._ask(self._redis.delete(self._deaths, self._attempts))
        self.careful = False

    async def kills(self, entry_id: str) -> bool:
        """Note an attempt at an event, and return whether it is to be left alone."""
        return await self._dead(self._attempts, entry_id) >= ATTEMPTS

    async def _dead(self, key: str, what: str) -> int:
        """Note *what* of this process under *key*, and return how many dead ones have noted it."""
        noted = cast("list[bytes]", await self._ask(self._redis.hkeys(key)))
        await self._ask(self._redis.hset(key, f"{what} {self._me} {self._life}", 1))
        await self._ask(self._redis.expire(key, REMEMBERED_SECS))
        return sum(
            self._is_dead(*name.decode().split(" ")[1:]) for name in noted if name.startswith(f"{what} ".encode())
        )

    def _is_dead(self, worker: str, life: str) -> bool:
        if worker == self._me:
            return life != self._life
        return worker not in self._alive()

    async def _ask(self, request: object) -> object:
        try:
            return await cast("Awaitable[object]", request)
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"partition {self._partition}: {exc}") from exc
