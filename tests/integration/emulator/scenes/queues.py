"""A scene for each operation of queues."""

from __future__ import annotations

from tests.integration.emulator.scenes.stage import (
    QUEUE,
    Stage,
    scene,
)


@scene
async def queues_list(s: Stage) -> None:
    names = [f"q{number}" for number in range(5)]
    for name in names:
        await s.sdk.queues.create(queue_name=name)
    assert [each.name async for each in s.sdk.queues.list(page_size=2)] == names


@scene
async def queues_create(s: Stage) -> None:
    answer = await s.sdk.queues.create(queue_name=QUEUE)
    assert answer.data is not None
    assert (answer.data.name, answer.data.max_size, answer.data.current_size) == (QUEUE, 300, 0)


@scene
async def queues_retrieve(s: Stage) -> None:
    await s.queued()
    answer = await s.sdk.queues.retrieve(QUEUE)
    assert answer.data is not None
    assert (answer.data.current_size, answer.data.max_size) == (1, 100)


@scene
async def queues_update(s: Stage) -> None:
    await s.sdk.queues.create(queue_name=QUEUE)
    answer = await s.sdk.queues.update(QUEUE, max_size=7)
    assert answer.data is not None
    assert answer.data.max_size == 7


@scene
async def queues_delete(s: Stage) -> None:
    await s.sdk.queues.create(queue_name=QUEUE)
    await s.sdk.queues.delete(QUEUE)
    assert s.emulator.telephony.queues.by_name == {}


@scene
async def queues_calls(s: Stage) -> None:
    legs = [await s.queued() for _ in range(5)]
    found = [each async for each in s.sdk.queues.calls.list(QUEUE, page_size=2)]
    assert [each.call_control_id for each in found] == [leg.id for leg in legs]
    assert [each.queue_position for each in found] == [1, 2, 3, 4, 5]


@scene
async def queues_call(s: Stage) -> None:
    leg = await s.queued()
    answer = await s.sdk.queues.calls.retrieve(leg.id, queue_name=QUEUE)
    assert answer.data is not None
    assert (answer.data.queue_position, answer.data.is_alive) == (1, True)


@scene
async def queues_update_call(s: Stage) -> None:
    leg = await s.queued()
    await s.sdk.queues.calls.update(leg.id, queue_name=QUEUE, keep_after_hangup=True)
    s.emulator.world.hangup(leg, cause="normal_clearing", source="caller")
    answer = await s.sdk.queues.calls.retrieve(leg.id, queue_name=QUEUE)
    assert answer.data is not None
    assert answer.data.is_alive is False


@scene
async def queues_remove_call(s: Stage) -> None:
    leg = await s.queued()
    await s.sdk.queues.calls.update(leg.id, queue_name=QUEUE, keep_after_hangup=True)
    s.emulator.world.hangup(leg, cause="normal_clearing", source="caller")
    await s.sdk.queues.calls.remove(leg.id, queue_name=QUEUE)
    assert s.emulator.telephony.queues.by_name[QUEUE].entries == []
