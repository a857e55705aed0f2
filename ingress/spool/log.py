"""The log with a spool before it: what Redis does not take goes to the disk, and from there into Redis, in order.

The rule of order: as long as one event waits in the spool, every later one goes behind it into the spool; only when
all are in Redis are events appended directly again. So an ingress appends in the order in which it took, whatever Redis
does. An event whose append was not answered may be in Redis and in the spool; the append is deduplicated, so it is in
the log once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Sequence

import anyio
import structlog
from redis.exceptions import RedisError

from ingress.envelope import LogEntry
from ingress.errors import LogUnavailableError
from ingress.log import Appended, EventLog
from ingress.spool.spool import Spool

log = structlog.get_logger(__name__)

#: How long Redis may take before an event goes to the disk instead; with the confirmation's own wait on top.
#: Both, and an fsync, have to fit into the time in which Telnyx is answered.
APPEND_SECS = 0.5
#: A batch out of the spool has nobody waiting for it.
DRAIN_SECS = 5.0
BACKOFF_SECS, MAX_BACKOFF_SECS = 0.05, 1.0

SPOOLED = Appended("", duplicate=False, spooled=True)


class SpooledLog:
    """Appends to Redis or to the spool. `run` belongs to the application's task group.

    Args:
        event_log: The log in Redis.
        spool: An open spool.
        settle: What must have succeeded once before anything is appended to Redis.
        confirm_ms: How long Redis itself waits for its replicas or its disk.
    """

    def __init__(
        self,
        event_log: EventLog,
        spool: Spool,
        settle: Callable[[], Awaitable[None]],
        *,
        confirm_ms: int = 0,
    ) -> None:
        self._log = event_log
        self._spool = spool
        self._settle = settle
        self._settled = False
        self._append_secs = APPEND_SECS + confirm_ms / 1000
        self._drain_secs = DRAIN_SECS + confirm_ms / 1000
        self._said = ""

    async def settle(self) -> None:
        """Do once what must have been done before Redis is written to.

        Raises:
            ConfigError: Redis does not give what the settings ask for.
            TopologyError: The log has another number of partitions.
            RedisError: Redis does not answer.
            OSError: As before.
        """
        await self._settle()
        self._settled = True

    async def append(self, entries: Sequence[LogEntry]) -> list[Appended]:
        """Append *entries* to Redis, or keep all of them in the spool.

        Raises:
            LogUnavailableError: Neither took them. Some may be in Redis; appending again is harmless.
        """
        if not entries:
            return []
        if self._settled and not self._spool.records:
            try:
                with anyio.fail_after(self._append_secs):
                    return await self._log.append(entries)
            except (LogUnavailableError, TimeoutError) as exc:
                log.warning("spool.begins", reason=str(exc) or f"Redis took longer than {self._append_secs} s")
        await self._spool.write(entries)
        return [SPOOLED] * len(entries)

    async def run(self) -> None:
        """Append to Redis what is in the spool, for ever.

        Raises:
            ConfigError: As `settle`.
            TopologyError: As `settle`.
        """
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._spool.look_after, name="spool disk")
            while True:
                if self._settled:
                    await self._spool.until_filled()
                await self._drain()

    async def _drain(self) -> None:
        """Append until nothing is left; then say how much it was, and how long the oldest had waited since it came."""
        waited_secs, drained, backoff_secs = 0.0, 0, BACKOFF_SECS
        while self._spool.records or not self._settled:
            try:
                with anyio.fail_after(self._drain_secs):
                    if not self._settled:
                        await self.settle()
                        continue
                    batch = await self._spool.read()
                    await self._log.append(batch)
            except (LogUnavailableError, RedisError, OSError) as exc:
                self._say(str(exc) or f"Redis took longer than {self._drain_secs} s")
                # Chance, so that many ingresses do not come at the same moment.
                await anyio.sleep(backoff_secs * random.uniform(0.5, 1))
                backoff_secs = min(MAX_BACKOFF_SECS, backoff_secs * 2)
                continue
            await self._spool.acknowledge()
            if batch:
                waited_secs = max(waited_secs, time.time() - batch[0].received_ms / 1000)
            drained += len(batch)
            backoff_secs, self._said = BACKOFF_SECS, ""
        if drained:
            log.warning("spool.drained", records=drained, secs=round(waited_secs, 3))

    def _say(self, reason: str) -> None:
        if reason != self._said:
            log.warning("spool.waits", records=self._spool.records, reason=reason)
        self._said = reason
