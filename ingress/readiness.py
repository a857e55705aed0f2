"""Whether webhooks should be sent to this ingress."""

from __future__ import annotations

import anyio
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.metrics import Metrics
from ingress.spool.spool import Spool

log = structlog.get_logger(__name__)

PING_SECS = 1.0


class Readiness:
    """Ready: no shutdown has begun, and Redis has answered lately, or there is a spool that takes events."""

    def __init__(self, redis: Redis, metrics: Metrics, spool: Spool | None = None, *, redis_ok: bool = True) -> None:
        self._redis = redis
        self._metrics = metrics
        self._spool = spool
        self.redis_ok = redis_ok
        self.leaving = False

    @property
    def ready(self) -> bool:
        """The answer of `/health/ready`."""
        if self.leaving or self._spool is None:
            return self.redis_ok and not self.leaving
        # While events wait in the spool, others go nowhere but behind them.
        return self._spool.takes or (self.redis_ok and not self._spool.records)

    def details(self) -> dict[str, bool | int]:
        """Return what stands beside the answer."""
        told: dict[str, bool | int] = {"redis": self.redis_ok, "leaving": self.leaving}
        if self._spool is not None:
            told |= {
                "spool_takes": self._spool.takes,
                "spool_records": self._spool.records,
                "spool_bytes": self._spool.size,
            }
        return told

    async def watch(self) -> None:
        """Ask Redis for ever, and say each change."""
        while True:
            try:
                with anyio.fail_after(PING_SECS):
                    await self._redis.ping()
                ok = True
            except (RedisError, OSError, TimeoutError):
                ok = False
            if ok != self.redis_ok:
                self.redis_ok = ok
                log.warning("redis.here" if ok else "redis.away")
            self._metrics.ready.set(self.ready)
            await anyio.sleep(PING_SECS)
