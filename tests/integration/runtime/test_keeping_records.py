"""What is in no record yet is not trimmed, however old it is; and where it must be in the end, the records say so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from ingress.log import Keys, Partition
from tests.integration.runtime.ground import DAY_MS, Ground, P, ground_on, ten_days
from worker.records.coverage import Gap
from worker.records.model import InteractionRecord
from worker.runtime.errors import UnavailableError
from worker.runtime.journal import Journal, order_of
from worker.runtime.lease import Leases
from worker.runtime.metrics import Metrics
from worker.runtime.recording.keys import RecordKeys
from worker.runtime.recording.reader import Together
from worker.runtime.recording.recorder import Recorder
from worker.runtime.recording.store import RecordStore
from worker.runtime.snapshots import Snapshots

DAY_SECS = 24 * 3600.0


async def nothing_more() -> None:
    """Be what happens between two looks of a recorder."""


class Centre:
    """Ten days of callers in one partition, and a recorder that goes as far as it is told to."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.keys = RecordKeys(ground.keys.prefix)
        self.store = RecordStore(ground.redis, self.keys)

    async def record(self, upto_ms: int, meanwhile: Callable[[], Awaitable[None]] = nothing_more) -> None:
        """Let a recorder come, write up to a moment, and be away again; *meanwhile* happens when it has begun."""
        redis, keys = self.ground.redis, self.ground.keys
        await redis.delete(self.keys.lease(Partition(0)))
        lease = await Leases(redis, self.keys, "r", ttl_secs=30).acquire(Partition(0))
        assert lease is not None
        together = Together(Journal(redis, keys), Snapshots(redis, keys), 1, slack_ms=0)
        recorder = Recorder(lease, self.store, together, now_ms=lambda: upto_ms, metrics=Metrics())
        await recorder.recover()
        await meanwhile()
        while await recorder.advance():
            pass

    async def callers(self) -> list[str]:
        """Return those of whom there is a record, once for each record."""
        records = [kept.record async for kept in self.store.records()]
        return sorted(record.call for record in records if isinstance(record, InteractionRecord))


@pytest.fixture
async def centre(redis: Redis, keys: Keys) -> Centre:
    return Centre(await ground_on(redis, keys))


async def test_trimming_waits_for_the_recorder_and_each_caller_has_one_record(centre: Centre) -> None:
    ground = centre.ground
    ends = await ten_days(ground)
    now_ms = ground.clock.now_ms()
    # It has written what happened in the first four days, and then been away for three days more than events are kept.
    await centre.record(order_of(ends[3])[0] + DAY_MS // 2)
    keeper = ground.keeper(retention_secs=3.5 * DAY_SECS)
    with capture_logs() as said:
        await keeper.trim()
    assert await ground.snapshots.trimmed(P) == ends[3]
    assert [line["upto"] for line in said if line["event"] == "partition.trimming-waits"] == [ends[6]]
    assert ground.metrics.trimming_waits._value.get() == 1
    await centre.record(now_ms + 3 * DAY_MS)
    assert await centre.callers() == sorted(f"c{day}{who}" for day in range(1, 11) for who in "ab")
    assert (await centre.store.coverage()).gaps == []
    await keeper.trim()
    assert await ground.snapshots.trimmed(P) == ends[6]
    assert ground.metrics.trimmed_unrecorded._value.get() == 0


async def test_a_recorder_that_is_just_beginning_is_waited_for(centre: Centre) -> None:
    ground = centre.ground
    await ten_days(ground)
    assert await Leases(ground.redis, centre.keys, "r", ttl_secs=30).acquire(Partition(0)) is not None
    await ground.keeper(retention_secs=8.5 * DAY_SECS).trim()
    assert len(await ground.ids()) == 20


async def test_what_nobody_ever_records_is_trimmed_by_its_age_alone(centre: Centre) -> None:
    ground = centre.ground
    ends = await ten_days(ground)
    await ground.keeper(retention_secs=4.5 * DAY_SECS).trim()
    assert await ground.snapshots.trimmed(P) == ends[5]


async def test_trimming_does_not_wait_for_ever_and_the_records_say_what_they_lack(centre: Centre) -> None:
    ground = centre.ground
    ends = await ten_days(ground)
    reached_ms = order_of(ends[0])[0] + 120_000
    await centre.record(reached_ms)
    with capture_logs() as said:
        # So long, and the same again.
        await ground.keeper(retention_secs=2.5 * DAY_SECS).trim()
    assert await ground.snapshots.trimmed(P) == ends[4]
    assert [line["recorded_ms"] for line in said if line["event"] == "partition.trimmed-unrecorded"] == [reached_ms]
    assert ground.metrics.trimmed_unrecorded._value.get() > 0
    await centre.record(ground.clock.now_ms() + 3 * DAY_MS)
    coverage = await centre.store.coverage()
    gap_ms = order_of(ends[4])[0]
    assert coverage.gaps == [Gap(reached_ms, gap_ms, 0)]
    assert list(coverage.lacks(gap_ms + 1, gap_ms + DAY_MS)) == []
    (lack,) = coverage.lacks(gap_ms - 1000, gap_ms + DAY_MS)
    assert "of partition 0 is in no record" in lack
    # Its own ones, who are over, and those after the gap: whoever rang in between has none.
    assert await centre.callers() == sorted(f"c{day}{who}" for day in (10, 5, 4, 3, 2, 1) for who in "ab")


async def test_a_recorder_begins_anew_when_the_log_is_trimmed_before_its_eyes(centre: Centre) -> None:
    ground = centre.ground
    ends = await ten_days(ground)
    reached_ms = order_of(ends[0])[0] + 120_000
    await centre.record(reached_ms)
    with pytest.raises(UnavailableError, match="trimmed before it was recorded"):
        await centre.record(ground.clock.now_ms(), ground.keeper(retention_secs=2.5 * DAY_SECS).trim)
    assert await centre.store.reached() == reached_ms
    await centre.record(ground.clock.now_ms())
    assert (await centre.store.coverage()).gaps == [Gap(reached_ms, order_of(ends[4])[0], 0)]
