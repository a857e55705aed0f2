"""The lease of a partition: who may act, until when, and under which epoch."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.log import Keys, Partition, load_script
from worker.runtime.clock import monotonic
from worker.runtime.errors import FencedError, LapsedError, UnavailableError

#: An owner stops acting by its own clock this share of the time to live before the lease ends in Redis.
MARGIN = 0.1


class Lease:
    """A held lease. `held` turns False by the clock alone when renewals stop, before anybody else can hold it."""

    def __init__(self, partition: Partition, owner: str, epoch: int, *, until: float) -> None:
        self.partition = partition
        self.epoch = epoch
        self.token = f"{owner}:{epoch}"
        self._until = until
        #: Why it was last not renewed, if it was not.
        self.trouble: str | None = None

    @property
    def held(self) -> bool:
        """Whether this worker may act for the partition now."""
        return monotonic() < self._until

    @property
    def remaining_secs(self) -> float:
        """How long this worker may still act for the partition, if no renewal comes."""
        return max(0.0, self._until - monotonic())

    def check(self) -> None:
        """Raise LapsedError unless the lease is held."""
        if not self.held:
            # It is renewed long before it ends: if no renewal failed, none was tried.
            why = self.trouble or "this process stood still, or gave it back"
            raise LapsedError(f"the lease of partition {self.partition} (epoch {self.epoch}) is over: {why}")

    def extend(self, until: float) -> None:
        """Note that the lease lasts until *until* (monotonic seconds)."""
        self._until = until
        self.trouble = None

    def drop(self) -> None:
        """Stop acting at once."""
        self._until = 0.0


class Leases:
    """Takes, renews and gives back leases for one worker."""

    def __init__(self, redis: Redis, keys: Keys, owner: str, *, ttl_secs: float) -> None:
        self.ttl_secs = ttl_secs
        self._keys = keys
        self._owner = owner
        self._acquire = redis.register_script(load_script("worker.runtime", "acquire.lua"))
        self._renew = redis.register_script(load_script("worker.runtime", "renew.lua"))
        self._release = redis.register_script(load_script("worker.runtime", "release.lua"))

    async def acquire(self, partition: Partition) -> Lease | None:
        """Take the lease of *partition*, or return None when another worker has it.

        Raises:
            UnavailableError: Redis did not answer.
        """
        sent = monotonic()
        keys = [self._keys.lease(partition), self._keys.epoch(partition)]
        try:
            epoch = int(await self._acquire(keys=keys, args=[self._owner, self._ttl_ms]))
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"partition {partition} could not be leased: {exc}") from exc
        return Lease(partition, self._owner, epoch, until=self._until(sent)) if epoch else None

    async def renew(self, lease: Lease) -> None:
        """Lengthen *lease*, counted from the moment of sending.

        Raises:
            FencedError: It is another's now.
            UnavailableError: Redis did not answer; the lease may still be renewed while it is held.
        """
        sent = monotonic()
        keys = [self._keys.lease(lease.partition)]
        try:
            renewed = await self._renew(keys=keys, args=[lease.token, self._ttl_ms])
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the lease of partition {lease.partition} could not be renewed: {exc}") from exc
        if not renewed:
            lease.drop()
            raise FencedError(f"partition {lease.partition} has another owner (our epoch was {lease.epoch})")
        lease.extend(self._until(sent))

    async def release(self, lease: Lease) -> None:
        """Give *lease* back, so that the next owner need not wait. Harmless when it is another's, or Redis is away."""
        lease.drop()
        try:
            await self._release(keys=[self._keys.lease(lease.partition)], args=[lease.token])
        except (RedisError, OSError):
            # It ends by itself.
            return

    @property
    def _ttl_ms(self) -> int:
        return round(self.ttl_secs * 1000)

    def _until(self, sent: float) -> float:
        return sent + self.ttl_secs * (1 - MARGIN)
