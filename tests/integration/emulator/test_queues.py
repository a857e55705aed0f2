"""Queues hold as many as they should, in order, for as long as they should, and tell of it."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Receiver
from tests.integration.emulator.conftest import answered, refused, ringing, told
from worker.telnyx.calls.answering import HangupBody
from worker.telnyx.calls.bridging import BridgeBody
from worker.telnyx.calls.queueing import EnqueueBody, LeaveQueueBody
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences.bodies import CreateBody as ConferenceBody
from worker.telnyx.conferences.bodies import JoinBody
from worker.telnyx.queues.bodies import CreateBody, UpdateBody, UpdateCallBody
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator
from worker.testing.emulator.settings import Unconfirmed

CALL_FIELDS = {"call_control_id", "call_leg_id", "call_session_id", "client_state", "connection_id", "queue"}


async def enqueue(line: TelnyxClient, leg: Leg, queue: str = "support", **fields: object) -> None:
    await line.calls.enqueue(leg.id, EnqueueBody(queue_name=queue, **fields))  # type: ignore[arg-type]


async def places(line: TelnyxClient, queue: str = "support") -> list[tuple[str, int]]:
    return [(call.call_control_id, call.queue_position) async for call in line.queues.calls(queue)]


async def test_an_enqueue_makes_a_queue_of_100_and_a_command_one_of_300(still: Emulator, line: TelnyxClient) -> None:
    await enqueue(line, answered(still))
    made = await line.queues.create(CreateBody(queue_name="sales"))
    assert (await line.queues.retrieve("support")).max_size == 100
    assert (made.max_size, made.current_size, made.average_wait_time_secs) == (300, 0, 0)
    assert [queue.name async for queue in line.queues.list()] == ["support", "sales"]


@pytest.mark.parametrize("name", ["a/b", "ü ö & ?", "100%", "x" * 255])
async def test_a_queue_may_have_any_name(still: Emulator, line: TelnyxClient, name: str) -> None:
    await enqueue(line, answered(still), name)
    assert (await line.queues.retrieve(name)).name == name
    assert len(await places(line, name)) == 1


async def test_a_full_queue_refuses_until_it_is_made_larger(still: Emulator, line: TelnyxClient) -> None:
    await line.queues.create(CreateBody(queue_name="support", max_size=1))
    await enqueue(line, answered(still))
    late = answered(still)
    with refused(422, "90036"):
        await enqueue(line, late)
    with refused(400, "90050"):
        await line.queues.delete("support")
    assert (await line.queues.update("support", UpdateBody(max_size=2))).max_size == 2
    await enqueue(line, late)
    assert (await line.queues.retrieve("support")).current_size == 2


async def test_the_size_of_a_queue_that_there_is_cannot_be_set_by_an_enqueue(
    still: Emulator, line: TelnyxClient
) -> None:
    await enqueue(line, answered(still), max_size=7)
    with refused(422, "90037"):
        await enqueue(line, answered(still), max_size=8)
    await enqueue(line, answered(still), max_size=7)
    assert (await line.queues.retrieve("support")).max_size == 7


async def test_who_is_in_a_queue_cannot_enter_it_again_nor_leave_it_twice(still: Emulator, line: TelnyxClient) -> None:
    leg = answered(still)
    await enqueue(line, leg)
    with refused(422, "90038"):
        await enqueue(line, leg)
    await line.calls.leave_queue(leg.id)
    with refused(422, "90035"):
        await line.calls.leave_queue(leg.id)


async def test_enqueued_tells_the_place_and_how_long_the_others_have_waited(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    await enqueue(line, answered(still))
    still.clock.advance(30)
    await enqueue(line, answered(still), client_state="c3RhdGU=")
    (second,) = [each for each in await told(still, receiver, "call.enqueued") if each["current_position"] == 2]
    assert set(second) == CALL_FIELDS | {"current_position", "queue_avg_wait_time_secs"}
    assert (second["queue"], second["queue_avg_wait_time_secs"], second["client_state"]) == ("support", 30, "c3RhdGU=")


async def test_who_comes_first_is_first_and_the_others_move_up(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    legs = [answered(still) for _ in range(3)]
    for leg in legs:
        await enqueue(line, leg)
        still.clock.advance(10)
    assert await places(line) == [(legs[0].id, 1), (legs[1].id, 2), (legs[2].id, 3)]
    await line.calls.leave_queue(legs[1].id, LeaveQueueBody(client_state="bGVmdA=="))
    assert await places(line) == [(legs[0].id, 1), (legs[2].id, 2)]
    shown = await line.queues.call("support", legs[2].id)
    assert (shown.wait_time_secs, shown.is_alive, shown.from_) == (10, True, legs[2].from_)
    assert (await line.queues.retrieve("support")).average_wait_time_secs == 20
    (left,) = await told(still, receiver, "call.dequeued")
    assert set(left) == CALL_FIELDS | {"queue_position", "reason", "wait_time_secs"}
    assert (left["reason"], left["queue_position"], left["wait_time_secs"]) == ("leave", 2, 20)
    assert left["client_state"] == "bGVmdA=="


async def test_who_waits_too_long_is_parked(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    leg = answered(still)
    await enqueue(line, leg, max_wait_time_secs=60)
    still.clock.advance(59)
    assert len(await places(line)) == 1
    still.clock.advance(1)
    (left,) = await told(still, receiver, "call.dequeued")
    assert (left["reason"], left["wait_time_secs"]) == ("timeout", 60)
    assert (leg.alive, leg.queue) == (True, None)
    await enqueue(line, leg, "other")


async def test_the_longest_wait_is_that_of_the_stay_not_of_the_call(still: Emulator, line: TelnyxClient) -> None:
    leg = answered(still)
    await enqueue(line, leg, max_wait_time_secs=10)
    await line.calls.leave_queue(leg.id)
    await enqueue(line, leg)
    still.clock.advance(100)
    assert await places(line) == [(leg.id, 1)]


@pytest.mark.parametrize("unsaid", [Unconfirmed(), Unconfirmed(dequeued_by_hangup=False)], ids=["told", "untold"])
async def test_who_hangs_up_is_out_of_the_queue(
    still: Emulator, line: TelnyxClient, receiver: Receiver, unsaid: Unconfirmed
) -> None:
    leg = answered(still)
    await enqueue(line, leg)
    await line.calls.hangup(leg.id, HangupBody())
    assert await places(line) == []
    reasons = [each["reason"] for each in await told(still, receiver, "call.dequeued")]
    assert reasons == (["hangup"] if unsaid.dequeued_by_hangup else [])


async def test_an_entry_may_outlive_its_call_and_only_then_be_removed(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = answered(still)
    await enqueue(line, leg, keep_after_hangup=True)
    with refused(422, "10015"):
        await line.queues.remove_call("support", leg.id)
    still.clock.advance(5)
    still.world.hangup(leg, cause="normal_clearing", source="caller")
    still.clock.advance(5)
    shown = await line.queues.call("support", leg.id)
    assert (shown.is_alive, shown.wait_time_secs) == (False, 5)
    with refused(400, "90050"):
        await line.queues.delete("support")
    assert await told(still, receiver, "call.dequeued") == []
    await line.queues.remove_call("support", leg.id)
    with refused(404, "10005"):
        await line.queues.remove_call("support", leg.id)
    await line.queues.delete("support")
    with refused(404, "10005"):
        await line.queues.retrieve("support")


async def test_whether_an_entry_outlives_its_call_can_be_changed(still: Emulator, line: TelnyxClient) -> None:
    kept, gone = answered(still), answered(still)
    await enqueue(line, kept)
    await enqueue(line, gone, keep_after_hangup=True)
    await line.queues.update_call("support", kept.id, UpdateCallBody(keep_after_hangup=True))
    await line.queues.update_call("support", kept.id, UpdateCallBody())
    await line.queues.update_call("support", gone.id, UpdateCallBody(keep_after_hangup=False))
    for leg in (kept, gone):
        still.world.hangup(leg, cause="normal_clearing", source="caller")
    assert await places(line) == [(kept.id, 1)]
    with refused(404, "10005"):
        await line.queues.update_call("support", gone.id, UpdateCallBody(keep_after_hangup=True))


async def test_a_bridge_and_a_conference_take_the_call_out(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    agent, bridged, joined, creator = (answered(still) for _ in range(4))
    for leg in (bridged, joined, creator):
        await enqueue(line, leg)
    await line.calls.bridge(agent.id, BridgeBody(call_control_id=bridged.id))
    room = await line.conferences.create(ConferenceBody(call_control_id=creator.id, name="room"))
    await line.conferences.join(room.id, JoinBody(call_control_id=joined.id))
    assert await places(line) == []
    left = {each["call_control_id"]: each["reason"] for each in await told(still, receiver, "call.dequeued")}
    assert left == {bridged.id: "bridged", joined.id: "bridged", creator.id: "bridged"}


async def test_an_enqueue_takes_the_call_out_of_its_bridge_and_its_conference(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    agent, bridged, creator, inside = (answered(still) for _ in range(4))
    await line.calls.bridge(agent.id, BridgeBody(call_control_id=bridged.id))
    room = await line.conferences.create(ConferenceBody(call_control_id=creator.id, name="room"))
    await line.conferences.join(room.id, JoinBody(call_control_id=inside.id))
    await enqueue(line, bridged)
    await enqueue(line, inside)
    assert await places(line) == [(bridged.id, 1), (inside.id, 2)]
    assert (bridged.peer, inside.conference) == (None, None)
    (left,) = await told(still, receiver, "conference.participant.left")
    assert left["call_control_id"] == inside.id


@pytest.mark.parametrize("unsaid", [Unconfirmed(enqueue_needs_answer=True), Unconfirmed(enqueue_needs_answer=False)])
async def test_who_was_not_answered_can_be_enqueued_or_not(
    still: Emulator, line: TelnyxClient, unsaid: Unconfirmed
) -> None:
    leg = ringing(still)
    if unsaid.enqueue_needs_answer:
        with refused(422, "90034"):
            await enqueue(line, leg)
    else:
        await enqueue(line, leg)
        assert await places(line) == [(leg.id, 1)]


@pytest.mark.parametrize("unsaid", [Unconfirmed(second_queue="moves"), Unconfirmed(second_queue="refused")])
async def test_a_call_is_in_one_queue_only(still: Emulator, line: TelnyxClient, unsaid: Unconfirmed) -> None:
    leg = answered(still)
    await enqueue(line, leg, "first")
    if unsaid.second_queue == "refused":
        with refused(422, "90038"):
            await enqueue(line, leg, "second")
        assert await places(line, "first") == [(leg.id, 1)]
    else:
        await enqueue(line, leg, "second")
        assert (await places(line, "first"), await places(line, "second")) == ([], [(leg.id, 1)])


@pytest.mark.parametrize("unsaid", [Unconfirmed(duplicate_queue="refused"), Unconfirmed(duplicate_queue="same")])
async def test_a_queue_is_made_once(still: Emulator, line: TelnyxClient, unsaid: Unconfirmed) -> None:
    first = await line.queues.create(CreateBody(queue_name="support", max_size=5))
    if unsaid.duplicate_queue == "refused":
        with refused(422, "10015", "/queue_name"):
            await line.queues.create(CreateBody(queue_name="support"))
    else:
        assert await line.queues.create(CreateBody(queue_name="support")) == first


@pytest.mark.parametrize("unsaid", [Unconfirmed(queue_removed_after_secs=60)])
async def test_a_queue_that_stays_empty_is_removed(still: Emulator, line: TelnyxClient) -> None:
    leg = answered(still)
    await line.queues.create(CreateBody(queue_name="support"))
    still.clock.advance(59)
    await enqueue(line, leg)
    still.clock.advance(100)
    await line.calls.leave_queue(leg.id)
    still.clock.advance(59)
    await enqueue(line, leg)
    await line.calls.leave_queue(leg.id)
    still.clock.advance(59)
    await line.queues.retrieve("support")
    still.clock.advance(1)
    with refused(404, "10005"):
        await line.queues.retrieve("support")


async def test_an_empty_queue_stays_for_ever_if_nothing_else_is_said(still: Emulator, line: TelnyxClient) -> None:
    await line.queues.create(CreateBody(queue_name="support"))
    still.clock.advance(1_000_000)
    assert (await line.queues.retrieve("support")).current_size == 0
