"""Legs that hear each other, and what becomes of each when that ends."""

from __future__ import annotations

import base64

import pytest

from tests.integration.conftest import Receiver
from tests.integration.emulator.conftest import NUMBER, answered, refused, ringing, told
from worker.telnyx.calls.bridging import BridgeBody, ReferBody
from worker.telnyx.calls.dialling import DialBody, TransferBody
from worker.telnyx.calls.queueing import EnqueueBody
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences.bodies import CreateBody
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator
from worker.testing.emulator.settings import Phone

AGENT = "sip:alice@sip.telnyx.com"
AUDIO = "https://example.com/a.mp3"
STATE, OTHER_STATE = (base64.b64encode(text).decode() for text in (b"one", b"other"))


def two(emulator: Emulator) -> tuple[Leg, Leg]:
    return answered(emulator, "+15550101"), answered(emulator, "+15550102")


async def bridged(emulator: Emulator, line: TelnyxClient, **fields: object) -> tuple[Leg, Leg]:
    one, other = two(emulator)
    await line.calls.bridge(one.id, BridgeBody(call_control_id=other.id, **fields))  # type: ignore[arg-type]
    return one, other


async def test_each_leg_is_told_of_the_bridge_and_neither_of_the_other(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    one, other = await bridged(still, line, client_state=STATE)
    payloads = {str(payload["call_control_id"]): payload for payload in await told(still, receiver, "call.bridged")}
    assert set(payloads) == {one.id, other.id}
    assert other.id not in payloads[one.id].values()
    assert (payloads[one.id]["client_state"], payloads[other.id]["client_state"]) == (STATE, None)


@pytest.mark.parametrize(
    ("fields", "lives", "held"),
    [
        ({}, False, False),
        ({"park_after_unbridge": "self"}, True, False),
        ({"hold_after_unbridge": True}, True, True),
        ({"hold_after_unbridge": False, "park_after_unbridge": "self"}, True, False),
    ],
)
async def test_the_commanded_leg_is_hung_up_parked_or_held_when_the_other_goes(
    still: Emulator, line: TelnyxClient, receiver: Receiver, fields: dict[str, object], lives: bool, held: bool
) -> None:
    one, other = await bridged(still, line, **fields)
    await line.calls.hangup(other.id)
    assert (one.alive, one.peer) == (lives, None)
    assert [payload["call_control_id"] for payload in await told(still, receiver, "call.hold")] == [one.id] * held


async def test_the_other_leg_is_hung_up_whatever_the_commanded_one_asked_for(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    one, other = await bridged(still, line, park_after_unbridge="self")
    await line.calls.hangup(one.id)
    assert not other.alive
    assert len(await told(still, receiver, "call.hangup")) == 2


async def test_a_held_leg_that_is_bridged_again_is_told_so(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    one, other = await bridged(still, line, hold_after_unbridge=True)
    await line.calls.hangup(other.id)
    await line.calls.bridge(one.id, BridgeBody(call_control_id=answered(still).id))
    assert [payload["call_control_id"] for payload in await told(still, receiver, "call.unhold")] == [one.id]


async def test_a_second_bridge_takes_the_leg_from_the_first_unless_that_is_prevented(
    still: Emulator, line: TelnyxClient
) -> None:
    one, other = await bridged(still, line)
    third = answered(still, "+15550103")
    with refused(422, "10015", "/prevent_double_bridge"):
        await line.calls.bridge(third.id, BridgeBody(call_control_id=other.id, prevent_double_bridge=True))
    assert one.peer == other.id
    await line.calls.bridge(third.id, BridgeBody(call_control_id=other.id))
    assert (third.peer, other.peer, one.alive) == (other.id, third.id, False)


async def test_what_cannot_be_bridged_is_refused_and_changes_nothing(still: Emulator, line: TelnyxClient) -> None:
    one, other = two(still)
    with refused(422, "90034"):
        await line.calls.bridge(ringing(still).id, BridgeBody(call_control_id=other.id))
    with refused(422, "90034"):
        await line.calls.bridge(one.id, BridgeBody(call_control_id=ringing(still).id, client_state=STATE))
    with refused(422, "10015"):
        await line.calls.bridge(one.id, BridgeBody(call_control_id=one.id, client_state=STATE))
    with refused(422, "10015"):
        await line.calls.bridge(one.id, BridgeBody(call_control_id=other.id, queue="q"))
    with refused(422, "10004"):
        await line.calls.bridge(one.id, BridgeBody())
    with refused(422, "90015"):
        await line.calls.bridge(one.id, BridgeBody(call_control_id="v3:none"))
    await line.calls.hangup(other.id)
    with refused(422, "90018"):
        await line.calls.bridge(one.id, BridgeBody(call_control_id=other.id))
    assert (one.peer, one.client_state) == (None, None)


async def test_a_bridge_with_a_phone_that_rings_stands_when_it_answers(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    caller = answered(still)
    body = DialBody(connection_id=still.world.settings.connection_id, from_=NUMBER, to=AGENT)
    agent = await line.calls.dial(body)
    await line.calls.bridge(caller.id, BridgeBody(call_control_id=agent.call_control_id))
    assert await told(still, receiver, "call.bridged") == []
    still.clock.advance(1)
    assert caller.peer == agent.call_control_id


async def test_a_bridge_with_a_queue_takes_its_first_call(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    agent, (first, second) = answered(still), two(still)
    for leg in (first, second):
        await line.calls.enqueue(leg.id, EnqueueBody(queue_name="support"))
    await line.calls.bridge(agent.id, BridgeBody(queue="support"))
    assert (agent.peer, second.queue) == (first.id, "support")
    (left,) = await told(still, receiver, "call.dequeued")
    assert (left["call_control_id"], left["reason"]) == (first.id, "bridging-in-process")


async def test_a_bridge_with_an_empty_queue_or_none_is_refused(still: Emulator, line: TelnyxClient) -> None:
    agent, caller = two(still)
    with refused(404, "10005"):
        await line.calls.bridge(agent.id, BridgeBody(queue="support"))
    await line.calls.enqueue(caller.id, EnqueueBody(queue_name="support"))
    await line.calls.leave_queue(caller.id)
    with refused(422, "90035"):
        await line.calls.bridge(agent.id, BridgeBody(queue="support"))


async def test_the_first_call_of_a_queue_leaves_it_though_the_bridge_fails(still: Emulator, line: TelnyxClient) -> None:
    agent, (ended, waiting) = answered(still), two(still)
    for leg in (ended, waiting):
        await line.calls.enqueue(leg.id, EnqueueBody(queue_name="support", keep_after_hangup=True))
    await line.calls.hangup(ended.id)
    with refused(422, "90018"):
        await line.calls.bridge(agent.id, BridgeBody(queue="support"))
    assert [each.call_control_id async for each in line.queues.calls("support")] == [waiting.id]
    with refused(422, "10015"):
        await line.calls.bridge(waiting.id, BridgeBody(queue="support"))
    assert [each async for each in line.queues.calls("support")] == []


async def test_who_is_enqueued_or_enters_a_conference_is_bridged_no_longer(still: Emulator, line: TelnyxClient) -> None:
    one, other = await bridged(still, line)
    await line.calls.enqueue(one.id, EnqueueBody(queue_name="support"))
    assert (one.peer, one.queue, other.alive) == (None, "support", False)
    one, other = await bridged(still, line)
    await line.conferences.create(CreateBody(call_control_id=other.id, name="room"))
    assert (other.peer, other.alive, one.alive) == (None, True, False)


async def test_a_transfer_calls_somebody_and_bridges_who_answers(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = answered(still)
    await line.calls.transfer(leg.id, TransferBody(to=AGENT, client_state=STATE, target_leg_client_state=OTHER_STATE))
    new = (await told(still, receiver, "call.initiated"))[-1]
    assert (new["from"], new["to"], new["client_state"]) == (NUMBER, AGENT, OTHER_STATE)
    assert (new["call_session_id"], new["direction"]) == (leg.session_id, "outgoing")
    still.clock.advance(1)
    states = {
        payload["call_control_id"]: payload["client_state"] for payload in await told(still, receiver, "call.bridged")
    }
    assert states == {leg.id: STATE, new["call_control_id"]: OTHER_STATE}


@pytest.mark.parametrize(
    ("does", "cause"),
    [("decline", "call_rejected"), ("busy", "user_busy"), ("unknown", "not_found"), ("ring", "timeout")],
)
async def test_a_transfer_that_is_not_answered_ends_the_new_leg_alone(
    still: Emulator, line: TelnyxClient, receiver: Receiver, does: str, cause: str
) -> None:
    still.telephony.phones.at[AGENT] = Phone(does)  # type: ignore[arg-type]
    leg = answered(still)
    await line.calls.transfer(leg.id, TransferBody(to=AGENT, timeout_secs=10))
    still.clock.advance(10)
    (ended,) = await told(still, receiver, "call.hangup")
    assert (ended["to"], ended["hangup_cause"], leg.alive) == (AGENT, cause, True)
    await line.calls.transfer(leg.id, TransferBody(to="+13125550178"))
    still.clock.advance(1)
    assert leg.peer is not None


async def test_a_transfer_takes_the_call_out_of_its_queue(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = answered(still)
    await line.calls.enqueue(leg.id, EnqueueBody(queue_name="support"))
    await line.calls.transfer(leg.id, TransferBody(to=AGENT))
    assert (await told(still, receiver, "call.dequeued"))[0]["reason"] == "bridging-in-process"


async def test_a_transfer_is_given_up_when_the_caller_goes(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    still.telephony.phones.at[AGENT] = Phone("ring")
    leg = answered(still)
    await line.calls.transfer(leg.id, TransferBody(to=AGENT))
    await line.calls.hangup(leg.id)
    causes = {payload["to"]: payload["hangup_cause"] for payload in await told(still, receiver, "call.hangup")}
    assert causes == {NUMBER: "normal_clearing", AGENT: "originator_cancel"}


async def test_who_is_transferred_to_hears_the_audio_before_the_bridge(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = answered(still)
    await line.calls.transfer(leg.id, TransferBody(to=AGENT, audio_url=AUDIO))
    still.clock.advance(0.3)
    assert len(await told(still, receiver, "call.playback.started")) == 1
    assert leg.peer is None
    still.clock.advance(1)
    assert leg.peer is not None


async def test_a_refer_that_is_followed_ends_the_leg(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    leg = answered(still)
    await line.calls.refer(leg.id, ReferBody(sip_address=AGENT, client_state=STATE))
    assert (await told(still, receiver, "call.refer.started"))[0]["client_state"] == STATE
    still.clock.advance(1)
    assert (await told(still, receiver, "call.refer.completed"))[0]["sip_notify_response"] == 200
    assert not leg.alive


async def test_a_refer_that_is_refused_leaves_the_leg_as_it_is(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    still.telephony.phones.at[AGENT] = Phone("decline")
    leg = answered(still)
    await line.calls.refer(leg.id, ReferBody(sip_address=AGENT))
    still.clock.advance(1)
    assert (await told(still, receiver, "call.refer.failed"))[0]["sip_notify_response"] == 603
    assert leg.alive
