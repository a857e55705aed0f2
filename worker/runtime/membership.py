"""The heartbeat of a worker: says that it lives, learns who else does, and sets the clock by Redis.

Each beat names the process too, its life. Two processes with one id would take each other's leases for ever; so the
second waits until the first is no longer alive, as one that was killed soon is not, and ends when it is all the same.
"""

from __future__ import annotations

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.errors import ConfigError
from ingress.log import Keys, load_script
from worker.runtime.clock import RedisClock, monotonic
from worker.runtime.errors import NamesakeError, UnavailableError

log = structlog.get_logger(__name__)

#: A process whose beats still count so long after the last of a dead one would have ceased to is alive.
SLACK_SECS = 1.0


class Membership:
    """One worker among those that share the partitions."""

    def __init__(
        self, redis: Redis, keys: Keys, worker_id: str, *, life: str, alive_secs: float, clock: RedisClock
    ) -> None:
        """Make the membership of the process *life*; whoever has not beaten for *alive_secs* is dead."""
        self._redis = redis
        self._keys = keys
        self._worker_id = worker_id
        self._life = life
        self._alive_secs = alive_secs
        self._clock = clock
        self._beat = redis.register_script(load_script("worker.runtime", "beat.lua"))
        #: Since when another process has our id (monotonic seconds).
        self._taken_at: float | None = None

    async def beat(self) -> list[str]:
        """Say that this worker lives, and return all that do.

        Raises:
            UnavailableError: Redis did not answer.
            NamesakeError: Another process has this worker's id, or had it until a moment ago.
            ConfigError: It has it still: it lives.
        """
        try:
            reply = await self._beat(
                keys=[self._keys.workers()], args=[self._worker_id, self._life, round(self._alive_secs * 1000)]
            )
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the heartbeat was not taken: {exc}") from exc
        self._clock.set(int(reply[0]))
        if len(reply) == 1:
            raise self._namesake()
        self._taken_at = None
        return [member.decode().partition(" ")[0] for member in reply[1:]]

    async def leave(self) -> None:
        """Say that this worker is gone, so that the others need not wait to see it."""
        try:
            await self._redis.zrem(self._keys.workers(), f"{self._worker_id} {self._life}")
        except (RedisError, OSError):
            # They see it when the heartbeat is too old.
            return

    def _namesake(self) -> NamesakeError | ConfigError:
        now = monotonic()
        if self._taken_at is None:
            self._taken_at = now
            log.warning("worker.waits", worker=self._worker_id, reason="a worker with this id was alive a moment ago")
        if now - self._taken_at > self._alive_secs + SLACK_SECS:
            return ConfigError(
                f"another worker with the id {self._worker_id} is running: give each its own with --id or "
                "SWITCHHOOK_WORKER_ID, or none, so that it makes one up"
            )
        return NamesakeError(f"another process has the id {self._worker_id}")
