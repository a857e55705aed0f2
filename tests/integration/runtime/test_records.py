"""What becomes of callers stands in records, once for each, whatever happens to those who write them."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import msgspec
import pytest
from redis.asyncio import Redis

from ingress.intents import model as i
from ingress.log import Keys, Partition
from tests.integration.runtime.recording import FAR_MS, Recording, callers, changes
from tests.integration.runtime.test_conversations import scene, until
from tests.integration.runtime.test_lost_webhooks import at_rest, settings_of
from tests.integration.runtime.whole import Whole, whole
from worker.aggregates.conference.state import Conference
from worker.records.book import Book
from worker.records.coverage import Gap
from worker.records.model import Record
from worker.runtime.errors import FencedError, UnavailableError
from worker.runtime.lease import Lease
from worker.runtime.metrics import Metrics
from worker.runtime.recording.role import RecorderRole
from worker.runtime.recording.store import RecordStore
from worker.settings import WorkerSettings


class Dying(RecordStore):
    """Ends the recorder at its n-th writing: before it, or after it and before the answer."""

    written = 0
    dies_at = 0
    after = False

    async def write(
        self,
        lease: Lease,
        before: int | None,
        reached: int,
        records: Sequence[Record],
        book: Book,
        *,
        drop: str = "",
        gaps: Sequence[Gap] = (),
    ) -> None:
        self.written += 1
        dies = self.written == self.dies_at
        if dies and not self.after:
            raise UnavailableError("killed before it wrote")
        await super().write(lease, before, reached, records, book, drop=drop, gaps=gaps)
        if dies:
            raise UnavailableError("killed before it heard that it had written")


def forms(records: list[Record]) -> list[bytes]:
    return [msgspec.json.encode(record) for record in records]


def saved(centre: Whole) -> int:
    """Return how many recordings the conferences know to be saved."""
    return sum(len(state.saved) for state in centre.worker.aggregates().values() if isinstance(state, Conference))


async def test_a_caller_who_talked_with_an_agent_has_one_record_of_all_of_it(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    async with whole(redis, redis_url, keys, settings_of()) as centre:
        legs = [centre.ring(talk_secs=0.5) for _ in range(3)]
        await centre.served(legs)
        await at_rest(centre, secs=60)
        await until(lambda: saved(centre) == len(legs))
    records = await Recording(redis, keys).write()
    found = {record.call: record for record in callers(records)}
    assert sorted(found) == sorted(leg.id for leg in legs)
    for record in found.values():
        assert record.result == "answered"
        assert record.ended_by == "caller"
        (stay,) = record.stays
        assert (stay.queue, stay.end) == ("support", "answered")
        (talk,) = record.conversations
        assert talk.agent == stay.answered_by
        assert talk.talk_ms >= 300
        assert len(record.recordings) == 1
        assert record.offers[-1].end == "connected"
    begins = [change.state for change in changes(records, "alice")][:3]
    assert begins == ["available", "reserved", "busy"]
    ends = [change.at_ms for change in changes(records, "alice")]
    assert [change.since_ms for change in changes(records, "alice")][1:] == ends[:-1]


async def test_another_reading_of_the_same_log_gives_the_same_records(redis: Redis, redis_url: str, keys: Keys) -> None:
    async with whole(redis, redis_url, keys, settings_of()) as centre:
        await centre.served([centre.ring() for _ in range(3)])
        await at_rest(centre, secs=60)
    once = await Recording(redis, keys).write()
    again = await Recording(redis, keys, ":again").write()
    assert forms(once) == forms(again)
    assert forms(await Recording(redis, keys).write()) == forms(once)


@pytest.mark.parametrize("after", [False, True])
async def test_a_recorder_that_is_killed_at_any_writing_leaves_each_record_once(
    redis: Redis, redis_url: str, keys: Keys, after: bool
) -> None:
    begun_ms = await Recording(redis, keys).present_ms()
    async with whole(redis, redis_url, keys, settings_of()) as centre:
        await centre.served([centre.ring() for _ in range(3)])
        await at_rest(centre, secs=60)
    clean = await Recording(redis, keys, ":clean").write()
    recording = Recording(redis, keys, ":killed")
    ended_ms = await recording.present_ms()
    store = Dying(redis, recording.keys)
    store.after = after
    recorder = await recording.recorder(store=store)
    # Each second writing is a recorder's last; the history is read in parts of a twentieth of a second.
    for now_ms in (*range(begun_ms, ended_ms, 50), ended_ms + FAR_MS):
        recording.now_ms = now_ms
        for _ in range(3):
            store.dies_at = 2
            try:
                while await recorder.advance():
                    pass
            except UnavailableError:
                store.written = 0
                recorder = await recording.recorder(store=store)
    assert forms(await recording.all()) == forms(clean)


async def test_a_recorder_that_stood_still_writes_nothing_when_another_has_taken_its_place(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    async with whole(redis, redis_url, keys, settings_of()) as centre:
        await centre.served([centre.ring()])
        await at_rest(centre, secs=60)
    recording = Recording(redis, keys)
    recording.now_ms = await recording.present_ms() + FAR_MS
    old = await recording.recorder("old")
    new = await recording.recorder("new")
    with pytest.raises(FencedError):
        await old.advance()
    assert await recording.all() == []
    await new.advance()
    assert len(callers(await recording.all())) == 1


async def test_a_worker_takes_the_role_and_gives_it_back(redis: Redis, redis_url: str, keys: Keys) -> None:
    settings = WorkerSettings(redis_url=redis_url, policy="", prefix=keys.prefix, worker_id="w1", lease_secs=2)
    recording = Recording(redis, keys)
    async with whole(redis, redis_url, keys, settings_of()) as centre, anyio.create_task_group() as tasks:
        role = RecorderRole(settings, redis, Metrics(), now_ms=centre.worker.now_ms)
        tasks.start_soon(role.run)
        with anyio.fail_after(20):
            while not changes(await recording.all(), "alice"):
                await anyio.sleep(0.05)
        assert await redis.exists(recording.keys.lease(Partition(0)))
        tasks.cancel_scope.cancel()
    assert not await redis.exists(recording.keys.lease(Partition(0)))


async def test_what_is_done_in_a_conversation_stands_in_the_record(redis: Redis, redis_url: str, keys: Keys) -> None:
    async with scene(redis, redis_url, keys) as stage:
        await stage.centre.ask(i.Hold("alice"))
        await until(lambda: stage.part(stage.caller).on_hold)
        await stage.centre.ask(i.Hold("alice", on=False))
        await until(lambda: not stage.part(stage.caller).on_hold)
        await stage.centre.ask(i.EndConversation("alice"))
        await until(lambda: not stage.caller.alive)
    (record,) = callers(await Recording(redis, keys).write())
    assert [deed.what for deed in record.deeds] == ["hold", "hold", "end-conversation"]
    assert record.conversations[0].holds == 1
    assert record.ended_by == "agent"
