"""The heartbeat of a worker: says that it lives, learns who else does, and sets the clock by Redis."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.log import Keys, load_script
from worker.runtime.clock import RedisClock
from worker.runtime.errors import UnavailableError


class Membership:
    """One worker among those that share the partitions."""

    def __init__(self, redis: Redis, keys: Keys, worker_id: str, *, alive_secs: float, clock: RedisClock) -> None:
        self._redis = redis
        self._keys = keys
        self._worker_id = worker_id
        self._alive_ms = round(alive_secs * 1000)
        self._clock = clock
        self._beat = redis.register_script(load_script("worker.runtime", "beat.lua"))

    async def beat(self) -> list[str]:
        """Say that this worker lives, and return all that do.

        Raises:
            UnavailableError: Redis did not answer.
        """
        try:
            reply = await self._beat(keys=[self._keys.workers()], args=[self._worker_id, self._alive_ms])
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the heartbeat was not taken: {exc}") from exc
        self._clock.set(int(reply[0]))
        return [worker.decode() for worker in reply[1:]]

    async def leave(self) -> None:
        """Say that this worker is gone, so that the others need not wait to see it."""
        try:
            await self._redis.zrem(self._keys.workers(), self._worker_id)
        except (RedisError, OSError):
            # They see it when the heartbeat is too old.
            return
