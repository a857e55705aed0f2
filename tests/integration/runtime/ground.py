"""A partition with ten days of log, archived and trimmed as the test says."""

from __future__ import annotations

import time
from typing import cast

from redis.asyncio import Redis

from ingress.envelope import Address, LogEntry
from ingress.log import Keys, Partition, encode_entry
from tests.integration.runtime.conftest import NUMBER
from worker.decisions.decision import Decision
from worker.events.event import read_event, write_entry
from worker.events.intents import Release
from worker.ledger import image
from worker.ledger.ledger import Ledger
from worker.policy.model import Policy
from worker.runtime.clock import RedisClock
from worker.runtime.journal import Entries, Journal
from worker.runtime.keeping import Keeper, Keeping
from worker.runtime.lease import Lease, Leases
from worker.runtime.metrics import Metrics
from worker.runtime.recording.awaited import Awaited
from worker.runtime.snapshots import Snapshots
from worker.testing.centre import small_tenant

P = Partition(0)
POLICY = Policy({"default": small_tenant()})
DAY_MS = 24 * 3600 * 1000
RINGS = (
    '{"data":{"event_type":"call.initiated","id":"%s","payload":{"call_control_id":"%s","direction":"incoming",'
    '"state":"parked","to":"' + NUMBER + '"}}}'
)


class Ground:
    """A partition with a log that somebody else has written, a day after the other."""

    def __init__(self, redis: Redis, keys: Keys, lease: Lease) -> None:
        self.redis, self.keys, self.lease = redis, keys, lease
        self.journal = Journal(redis, keys)
        self.snapshots = Snapshots(redis, keys)
        self.ledger = Ledger(P)
        self.metrics = Metrics()
        self.clock = RedisClock()
        self.clock.set(int(time.time() * 1000))

    async def event(self, at_ms: int, call: str) -> str:
        raw = (RINGS % (f"i-{call}", call)).encode()
        return await self._take(at_ms, LogEntry(f"i-{call}", Address("default", "call", call), "webhook", at_ms, raw))

    async def release(self, at_ms: int, call: str) -> str:
        return await self._take(
            at_ms, write_entry(f"r-{call}", Address("default", "call", call), Release("test"), at_ms)
        )

    async def _take(self, at_ms: int, entry: LogEntry) -> str:
        fields = encode_entry(entry)
        name = f"{at_ms}-0"
        await self.redis.xadd(self.keys.log(P), dict(zip(fields[::2], fields[1::2], strict=True)), id=name)
        taken = self.ledger.decide(read_event(name, entry), POLICY)
        await self.journal.commit(self.lease, name, [(name, Decision(entry.address, taken.acts))])
        return name

    def keeper(self, **keeping: object) -> Keeper:
        return Keeper(
            self.lease,
            Keeping(**keeping),  # type: ignore[arg-type]
            snapshots=self.snapshots,
            journal=self.journal,
            awaited=Awaited(self.redis, self.keys.prefix),
            clock=self.clock,
            metrics=self.metrics,
        )

    async def ids(self) -> list[str]:
        return [name.decode() for name, _ in cast("Entries", await self.redis.xrange(self.keys.log(P)))]


async def ground_on(redis: Redis, keys: Keys) -> Ground:
    """Return a partition that the test itself owns."""
    lease = await Leases(redis, keys, "w", ttl_secs=30).acquire(P)
    assert lease is not None
    return Ground(redis, keys, lease)


async def ten_days(ground: Ground) -> list[str]:
    """Write ten days of two calls each, with a snapshot at the end of each; return the last event of each day."""
    now_ms = ground.clock.now_ms()
    ends = []
    for day in range(10, 0, -1):
        at_ms = now_ms - day * DAY_MS
        await ground.event(at_ms, f"c{day}a")
        ends.append(await ground.event(at_ms + 1000, f"c{day}b"))
        await ground.snapshots.keep(ground.lease, image.take(ground.ledger, ends[-1], at_ms), [])
    return ends
