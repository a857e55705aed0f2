"""What a report says is what the log holds, counted a second time in the plainest way."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import anyio
from redis.asyncio import Redis

from ingress.log import Keys, Partition
from tests.integration.runtime.conftest import NUMBER, PARTITIONS
from tests.integration.runtime.recording import Recording, callers
from tests.integration.runtime.test_lost_webhooks import at_rest, settings_of
from tests.integration.runtime.whole import AGENTS, whole
from worker.aggregates.queue.state import Queue
from worker.console.reports import rows_of, written
from worker.console.sources import from_redis
from worker.events import notices as n
from worker.events.event import Event
from worker.policy.load import parse_policy
from worker.runtime.journal import Journal
from worker.runtime.policies import Policies
from worker.statistics.intervals import Intervals, intervals_of


def today() -> Intervals:
    day = datetime.now(UTC).date()
    return intervals_of(day, day, "day", ZoneInfo("UTC"))


async def events_of(redis: Redis, keys: Keys) -> list[Event]:
    journal, found = Journal(redis, keys), []
    for number in range(PARTITIONS):
        partition = Partition(number)
        async for event, _ in journal.history(partition, await journal.last_id(partition)):
            found.append(event)
    return found


POLICY = """
[tenants.default]
connection_id = "{connection}"
caller_id = "+13125550100"
api_key = {{ env = "K" }}
public_keys = [{{ env = "P" }}]
numbers = {{ "{number}" = {{ queue = "support" }} }}
[tenants.default.queues.support]
service_level_secs = {level}
[tenants.default.agents.alice]
address = "sip:alice@sip.telnyx.com"
queues = ["support"]
wrap_up_secs = 0
"""


async def test_a_report_goes_by_the_threshold_that_the_queue_had_then(redis: Redis, redis_url: str, keys: Keys) -> None:
    settings, policies = settings_of(), Policies(redis, keys)

    async def bring(level: float) -> None:
        text = POLICY.format(connection=settings.connection_id, number=NUMBER, level=level)
        await policies.bring(parse_policy(text, "policy.toml"), "test", again=False)

    await bring(30)
    async with whole(redis, redis_url, keys, settings) as centre:
        await centre.served([centre.ring() for _ in range(2)])
        await bring(0.001)
        with anyio.fail_after(20):
            while {ledger.governing.number for ledger in centre.worker.ledgers().values()} != {2}:
                await anyio.sleep(0.02)
        await centre.served([centre.ring()])
        await at_rest(centre, secs=60)
    recording = Recording(redis, keys)
    once = callers(await recording.write())
    assert sorted(stay.threshold_ms or 0 for record in once for stay in record.stays) == [1, 30_000, 30_000]
    intervals = today()
    known = await from_redis(recording.store, intervals)
    (row,) = rows_of(known, "queue", intervals)
    assert (row["answered"], row["answered_in"], row["threshold_ms"]) == (3, 2, None)
    (row,) = rows_of(known, "queue", intervals, threshold_ms=60_000)
    assert (row["answered_in"], row["threshold_ms"]) == (3, 60_000)
    assert callers(await Recording(redis, keys, ":again").write()) == once


async def test_a_report_agrees_with_the_log_and_with_the_queues_own_count(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    async with whole(redis, redis_url, keys, settings_of()) as centre:
        served = [centre.ring(talk_secs=0.3) for _ in range(6)]
        hasty = [
            centre.emulator.actors.ring("+15550199", served[0].to, patience_secs=0.7, talk_secs=0.3) for _ in range(3)
        ]
        with anyio.fail_after(30):
            while any(leg.alive for leg in (*served, *hasty)):
                await anyio.sleep(0.02)
        await at_rest(centre, secs=60)
        queue = next(s for s in centre.worker.aggregates().values() if isinstance(s, Queue))
    recording = Recording(redis, keys)
    await recording.write()
    intervals = today()
    known = await from_redis(recording.store, intervals)
    (row,) = rows_of(known, "queue", intervals, threshold_ms=20_000)
    events = await events_of(redis, keys)
    told = [e.body.notice for e in events if isinstance(e.body, n.Told) and e.address.kind == "queue"]
    waiting = {notice.call: notice.arrived_ms for notice in told if isinstance(notice, n.CallerWaiting)}
    connected = {notice.call: notice.at_ms for notice in told if isinstance(notice, n.Connected)}
    assert row["offered"] == len(waiting) == queue.tally.offered
    assert row["answered"] == row["answered_in"] == len(connected) == queue.tally.answered
    waited_ms = sum(at_ms - waiting[call] for call, at_ms in connected.items())
    assert row["wait_ms"] == waited_ms == queue.tally.wait_total_ms
    lost = queue.tally.abandoned + queue.tally.short_abandoned
    assert row["abandoned"] == queue.tally.abandoned
    assert row["short_abandoned"] == queue.tally.short_abandoned
    assert lost == len(waiting) - len(connected)
    assert row["offers"] == queue.tally.offers

    agents = rows_of(known, "agent", intervals, threshold_ms=20_000)
    parted = {notice.call: notice.at_ms for notice in told if isinstance(notice, n.CallerLeft)}
    talked_ms = sum(parted[call] - at_ms for call, at_ms in connected.items())
    assert sum(int(str(row["talk_ms"])) for row in agents) == talked_ms
    assert sum(int(str(row["conversations"])) for row in agents) == len(connected)
    assert {row["agent"] for row in agents} == set(AGENTS)
    assert written(agents, "csv").count("\n") == 3
