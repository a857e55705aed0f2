"""Finds the event that kills its workers: deaths and attempts are counted in Redis, where a dead process leaves them.

A partition whose owners die is read one event at a time, each attempt counted before it is made; an event that nobody
has survived so often is set aside, unlooked at, and everything else goes on.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.log import Keys, Partition
from worker.runtime.errors import UnavailableError

#: After so many deaths in a row a partition is read one event at a time.
DEATHS = 2
#: An event that has been attempted so often, and was never survived, is set aside.
ATTEMPTS = 2
#: Counts are forgotten after so long, seconds: deaths that far apart have nothing to do with one another.
REMEMBERED_SECS = 3600


class Suspicion:
    """The counts of one partition."""

    def __init__(self, redis: Redis, keys: Keys, partition: Partition) -> None:
        self._redis = redis
        self._partition = partition
        self._deaths = keys.deaths(partition)
        self._attempts = keys.attempts(partition)
        #: Whether events are to be taken one at a time.
        self.careful = False

    async def begin(self) -> None:
        """Count an ownership as a death, until it has survived something.

        Raises:
            UnavailableError: Redis failed.
        """
        deaths = await self._ask(self._redis.incr(self._deaths))
        await self._ask(self._redis.expire(self._deaths, REMEMBERED_SECS))
        self.careful = deaths > DEATHS

    async def survived(self) -> None:
        """Forget the deaths: what they came from is behind, or the owner ends in good order."""
        await self._ask(self._redis.delete(self._deaths, self._attempts))
        self.careful = False

    async def kills(self, entry_id: str) -> bool:
        """Count an attempt at an event, and return whether it is to be left alone."""
        attempts = await self._ask(self._redis.hincrby(self._attempts, entry_id, 1))
        await self._ask(self._redis.expire(self._attempts, REMEMBERED_SECS))
        return attempts > ATTEMPTS

    async def _ask(self, request: object) -> int:
        try:
            return await cast("Awaitable[int]", request)
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"partition {self._partition}: {exc}") from exc
