"""A caller enters a queue that holds as many as the policy lets wait, whoever made it and for how many."""

from __future__ import annotations

import uuid

import pytest

from worker.commands import command as c
from worker.events.outcomes import Outcome, Refused, Succeeded, Unknown
from worker.telnyx.client import TelnyxClient
from worker.telnyx.queues.bodies import CreateBody
from worker.telnyx.sender import Sender
from worker.testing.emulator.faults import Fault
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator


@pytest.fixture
def sender(client: TelnyxClient) -> Sender:
    return Sender(client, try_secs=3)


async def result(sender: Sender, command: c.AnyCommand) -> Succeeded | Refused | Unknown:
    ended = await sender.send(command, str(uuid.uuid4()), epoch=7, first_tried_secs_ago=0)
    assert isinstance(ended, Outcome)
    return ended.result


def answered(emulator: Emulator) -> Leg:
    leg = emulator.actors.ring("+1555", "+13125550131", patience_secs=60, talk_secs=60)
    emulator.world.answer(leg)
    return leg


async def size(client: TelnyxClient) -> int | None:
    return (await client.queues.retrieve("support")).max_size


async def test_the_first_caller_makes_the_queue_in_its_size(
    emulator: Emulator, sender: Sender, client: TelnyxClient
) -> None:
    assert await result(sender, c.Enqueue(answered(emulator).id, "support", 60, 400)) == Succeeded()
    assert await size(client) == 400


async def test_a_queue_of_another_size_is_changed_before_a_caller_enters(
    emulator: Emulator, sender: Sender, client: TelnyxClient
) -> None:
    await client.queues.create(CreateBody(queue_name="support", max_size=1))
    first, second = answered(emulator), answered(emulator)
    assert await result(sender, c.Enqueue(first.id, "support", 60)) == Succeeded()
    assert await result(sender, c.Enqueue(second.id, "support", 60, 400)) == Succeeded()
    assert await size(client) == 400
    assert (first.queue, second.queue) == ("support", "support")


async def test_an_entry_whose_answer_was_lost_after_the_change_is_one_entry(
    emulator: Emulator, sender: Sender, client: TelnyxClient
) -> None:
    await client.queues.create(CreateBody(queue_name="support", max_size=1))
    emulator.api.faults.add(Fault("queues update", "reset-after"))
    caller = answered(emulator)
    assert await result(sender, c.Enqueue(caller.id, "support", 60, 400)) == Succeeded()
    assert [entry.call_control_id async for entry in client.queues.calls("support")] == [caller.id]


async def test_a_size_that_telnyx_does_not_bear_keeps_nobody_out(emulator: Emulator, sender: Sender) -> None:
    emulator.api.faults.add(Fault("calls enqueue", "refuse", status=422, code="10015"))
    caller = answered(emulator)
    assert await result(sender, c.Enqueue(caller.id, "support", 60, 400)) == Succeeded()
    assert caller.queue == "support"
