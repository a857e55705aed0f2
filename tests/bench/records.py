"""What the recorder costs for each event: read, decoded, folded, taken into the book, and its records written.

The floor is a bare pipeline to the same Redis: the same pages of log and journal, left undecoded, and as many entries
of the same size as there are records.
"""

from __future__ import annotations

import time
from typing import cast

from redis.asyncio import Redis
from structlog.testing import capture_logs

from ingress.log import Keys, Partition
from tests.bench.printing import say
from tests.bench.recovery import CALLS, P, fill
from worker.runtime.journal import START, Entries, Journal, order_of
from worker.runtime.lease import Leases
from worker.runtime.metrics import Metrics
from worker.runtime.recording.keys import RecordKeys
from worker.runtime.recording.reader import PAGE, Together
from worker.runtime.recording.recorder import Recorder
from worker.runtime.recording.store import RecordStore
from worker.runtime.snapshots import Snapshots

TURNS = 3
#: Later than anything that settles.
FAR_MS = 3_600_000


async def record(url: str) -> None:
    """Measure the recorder, and its floor, in turns."""
    redis, keys = Redis.from_url(url), Keys("bench-records")
    events = await fill(redis, keys)
    best = {"recorder": (float("inf"), float("inf")), "floor": (float("inf"), float("inf"))}
    for turn in range(TURNS):
        records = RecordKeys(f"bench-records:{turn}")
        with capture_logs():
            best["recorder"] = min(best["recorder"], await _recorder(redis, keys, records))
        best["floor"] = min(best["floor"], await _floor(redis, keys, records))
        assert await redis.xlen(records.records()) == 2 * CALLS
    await redis.aclose()
    for name, (_, wall_secs) in best.items():
        print(
            f"{f'records, {name}':<34}{events / wall_secs:6.0f} events/s ({events} events, {CALLS} records)", flush=True
        )
    say("records, one event", *(best[name][0] / events * 1e6 for name in ("recorder", "floor")))


async def _recorder(redis: Redis, keys: Keys, records: RecordKeys) -> tuple[float, float]:
    """Return the CPU and wall seconds of a recorder that begins with the log, and ends with it."""
    lease = await Leases(redis, records, "bench", ttl_secs=600).acquire(Partition(0))
    assert lease is not None
    journal, store = Journal(redis, keys), RecordStore(redis, records)
    now_ms = order_of(await journal.position(P))[0] + FAR_MS
    together = Together(journal, Snapshots(redis, keys), 1)
    recorder = Recorder(lease, store, together, now_ms=lambda: now_ms, metrics=Metrics())
    cpu, wall = time.process_time(), time.perf_counter()
    await recorder.recover()
    while await recorder.advance():
        pass
    return time.process_time() - cpu, time.perf_counter() - wall


async def _floor(redis: Redis, keys: Keys, records: RecordKeys) -> tuple[float, float]:
    """Return the CPU and wall seconds of a bare script that reads and writes as much; it writes behind the records."""
    sample = cast("Entries", await redis.xrange(records.records(), count=1))[0][1]
    cpu, wall = time.process_time(), time.perf_counter()
    after, written = START, 0
    while True:
        pipe = redis.pipeline(transaction=False)
        pipe.xrange(keys.log(P), min=f"({after}", count=PAGE)
        pipe.xrange(keys.journal(P), min=f"({after}", count=PAGE)
        for _ in range(min(CALLS - written, PAGE)):
            pipe.xadd(records.records(), {"kind": sample[b"kind"], "record": sample[b"record"]})
            written += 1
        page, *_ = cast("list[Entries]", await pipe.execute())
        if not page:
            return time.process_time() - cpu, time.perf_counter() - wall
        after = page[-1][0].decode()
