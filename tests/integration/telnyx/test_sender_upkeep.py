"""What operators ask of Telnyx's queues reaches them, and what cannot be is said with Telnyx's reason."""

from __future__ import annotations

import uuid

import pytest

from worker.commands import command as c
from worker.events.outcomes import Outcome, Refused, Succeeded, Unknown
from worker.telnyx.client import TelnyxClient
from worker.telnyx.sender import Sender
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator


@pytest.fixture
def sender(client: TelnyxClient) -> Sender:
    return Sender(client, try_secs=3)


async def result(sender: Sender, command: c.AnyCommand, *, age: float = 0.0) -> Succeeded | Refused | Unknown:
    ended = await sender.send(command, str(uuid.uuid4()), epoch=7, first_tried_secs_ago=age)
    assert isinstance(ended, Outcome)
    return ended.result


async def waiting(emulator: Emulator, sender: Sender) -> Leg:
    leg = emulator.actors.ring("+1555", "+13125550131", patience_secs=60, talk_secs=60)
    emulator.world.answer(leg)
    assert await result(sender, c.Enqueue(leg.id, "support", 60)) == Succeeded()
    return leg


async def test_a_queue_is_made_and_when_it_is_there_changed_to_the_size_asked_for(
    emulator: Emulator, sender: Sender
) -> None:
    queues = emulator.telephony.queues.by_name
    for max_size in (150, 250):
        assert await result(sender, c.CreateQueue("support", max_size)) == Succeeded()
        assert queues["support"].max_size == max_size
    # What one that died in between had sent is not sent again.
    assert isinstance(await result(sender, c.CreateQueue("support", 9), age=5), Unknown)
    assert queues["support"].max_size == 250


async def test_only_an_empty_queue_is_deleted_and_one_that_is_not_there_is_deleted_already(
    emulator: Emulator, sender: Sender
) -> None:
    leg = await waiting(emulator, sender)
    refused = await result(sender, c.DeleteQueue("support"))
    assert isinstance(refused, Refused)
    assert (refused.status, refused.code, refused.disposition) == (400, "90050", "fatal")
    assert await result(sender, c.LeaveQueue(leg.id)) == Succeeded()
    assert await result(sender, c.DeleteQueue("support")) == Succeeded()
    assert not emulator.telephony.queues.by_name
    assert await result(sender, c.DeleteQueue("support")) == Succeeded(already="10005")


async def test_an_entry_that_is_to_be_kept_stays_until_it_is_removed(emulator: Emulator, sender: Sender) -> None:
    kept, other = await waiting(emulator, sender), await waiting(emulator, sender)
    assert await result(sender, c.KeepEntry("support", kept.id, keep=True)) == Succeeded()
    assert isinstance(await result(sender, c.RemoveEntry("support", kept.id)), Refused)
    for leg in (kept, other):
        emulator.world.hangup(leg, cause="normal_clearing", source="caller")
    queue = emulator.telephony.queues.by_name["support"]
    assert [entry.leg.id for entry in queue.entries] == [kept.id]
    assert await result(sender, c.RemoveEntry("support", kept.id)) == Succeeded()
    assert queue.entries == []
    assert await result(sender, c.RemoveEntry("support", kept.id)) == Succeeded(already="10005")
    gone = await result(sender, c.KeepEntry("support", other.id, keep=True))
    assert isinstance(gone, Refused)
    assert gone.disposition == "gone"
