"""How far the log is recorded, for those who trim it: what is in no record yet must not go."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.log import Partition
from worker.runtime.errors import UnavailableError
from worker.runtime.recording.keys import RecordKeys


class Awaited:
    """The recorder, as who trims sees it."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._keys = RecordKeys(prefix)

    async def recorded_ms(self) -> int | None:
        """Return the moment up to which the log is in the records; None: nobody records, nor ever has.

        Raises:
            UnavailableError: Redis failed.
        """
        try:
            reached = await self._redis.get(self._keys.reached())
            if reached is not None:
                return int(reached)
            return 0 if await self._redis.get(self._keys.lease(Partition(0))) is not None else None
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"how far the log is recorded could not be read: {exc}") from exc
