"""Calls out: what the phones do, and what a dial begins at once, at the answer, and later."""

from __future__ import annotations

import base64

import pytest

from tests.integration.conftest import Receiver
from tests.integration.emulator.conftest import CALLER, NUMBER, answered, refused, ringing, told
from worker.telnyx.calls.bridging import SwitchSupervisorRoleBody
from worker.telnyx.calls.dialling import DialBody
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences.bodies import CreateBody
from worker.telnyx.structures import ConferenceConfig
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator
from worker.testing.emulator.settings import Phone

AGENT, OTHER = "sip:alice@sip.telnyx.com", "sip:bob@sip.telnyx.com"
CONNECTION = "1494404757140276705"
STATE = base64.b64encode(b"state").decode()


def call(**fields: object) -> DialBody:
    return DialBody(**{"connection_id": CONNECTION, "from_": NUMBER, "to": AGENT, **fields})  # type: ignore[arg-type]


async def dialled(emulator: Emulator, line: TelnyxClient, **fields: object) -> Leg:
    return emulator.world.legs[(await line.calls.dial(call(**fields))).call_control_id]


async def test_a_dialled_phone_rings_and_is_answered(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    shown = await line.calls.dial(call(client_state=STATE))
    assert not shown.is_alive
    assert shown.recording_id is None
    (initiated,) = await told(still, receiver, "call.initiated")
    assert (initiated["direction"], initiated["state"]) == ("outgoing", "bridging")
    assert (initiated["from"], initiated["to"], initiated["client_state"]) == (NUMBER, AGENT, STATE)
    assert await told(still, receiver, "call.answered") == []
    still.clock.advance(0.2)
    (payload,) = await told(still, receiver, "call.answered")
    assert (payload["call_control_id"], payload["state"]) == (shown.call_control_id, "answered")
    assert (await line.calls.retrieve(shown.call_control_id)).is_alive


@pytest.mark.parametrize(
    ("does", "cause", "sip"),
    [("decline", "call_rejected", "603"), ("busy", "user_busy", "486"), ("unknown", "not_found", "404")],
)
async def test_a_phone_that_does_not_answer_says_why(
    still: Emulator, line: TelnyxClient, receiver: Receiver, does: str, cause: str, sip: str
) -> None:
    still.telephony.phones.at[AGENT] = Phone(does, 2)  # type: ignore[arg-type]
    await dialled(still, line)
    still.clock.advance(1.9)
    assert await told(still, receiver, "call.hangup") == []
    still.clock.advance(0.2)
    (payload,) = await told(still, receiver, "call.hangup")
    assert (payload["hangup_cause"], payload["sip_hangup_cause"]) == (cause, sip)
    assert payload["hangup_source"] == "callee"


@pytest.mark.parametrize(("retried", "cause"), [(None, "timeout"), (True, "timeout"), (False, "no_answer")])
async def test_a_phone_rings_until_its_time_is_up(
    still: Emulator, line: TelnyxClient, receiver: Receiver, retried: bool | None, cause: str
) -> None:
    still.telephony.phones.at[AGENT] = Phone("ring")
    await dialled(still, line, timeout_secs=20, retry_on_timeout=retried)
    still.clock.advance(19)
    assert await told(still, receiver, "call.hangup") == []
    still.clock.advance(1)
    (payload,) = await told(still, receiver, "call.hangup")
    assert (payload["hangup_cause"], payload["sip_hangup_cause"]) == (cause, "480")


async def test_a_ringing_phone_that_is_given_up_was_cancelled(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    still.telephony.phones.at[AGENT] = Phone("ring")
    leg = await dialled(still, line)
    await line.calls.hangup(leg.id)
    (payload,) = await told(still, receiver, "call.hangup")
    assert (payload["hangup_cause"], payload["hangup_source"]) == ("originator_cancel", "caller")


async def test_of_several_phones_the_first_that_answers_wins(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    still.telephony.phones.at |= {AGENT: Phone("decline", 1), OTHER: Phone("answer", 3)}
    await dialled(still, line, to=[AGENT, OTHER])
    still.clock.advance(3)
    assert len(await told(still, receiver, "call.answered")) == 1
    assert await told(still, receiver, "call.hangup") == []


async def test_of_several_phones_that_decline_the_last_says_why(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    still.telephony.phones.at |= {AGENT: Phone("busy", 2), OTHER: Phone("decline", 1)}
    await dialled(still, line, to=[AGENT, OTHER])
    still.clock.advance(2)
    assert (await told(still, receiver, "call.hangup"))[0]["hangup_cause"] == "user_busy"


async def test_the_time_limit_counts_from_the_answer(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    still.telephony.phones.at[AGENT] = Phone("answer", 10)
    await dialled(still, line, time_limit_secs=30)
    still.clock.advance(39)
    assert await told(still, receiver, "call.hangup") == []
    still.clock.advance(1)
    assert (await told(still, receiver, "call.hangup"))[0]["hangup_cause"] == "time_limit"


async def test_no_call_lasts_longer_than_four_hours(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    leg = await dialled(still, line)
    still.clock.advance(4 * 3600)
    assert leg.alive
    still.clock.advance(1)
    assert (await told(still, receiver, "call.hangup"))[0]["hangup_cause"] == "time_limit"


async def test_a_linked_leg_shares_the_session_and_with_the_intent_to_bridge_the_number_too(
    still: Emulator, line: TelnyxClient
) -> None:
    caller = answered(still)
    linked = await dialled(still, line, link_to=caller.id)
    assert (linked.session_id, linked.from_) == (caller.session_id, NUMBER)
    shown = await dialled(still, line, to=OTHER, link_to=caller.id, bridge_intent=True)
    assert (shown.session_id, shown.from_) == (caller.session_id, CALLER)


@pytest.mark.parametrize(
    "field", [{"bridge_intent": True}, {"bridge_on_answer": True}, {"park_after_unbridge": "self"}]
)
async def test_what_needs_a_linked_leg_is_refused_without_one(line: TelnyxClient, field: dict[str, object]) -> None:
    with refused(422, "10004", "/link_to"):
        await line.calls.dial(call(**field))


async def test_a_leg_is_bridged_on_answer(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    caller = answered(still)
    leg = await dialled(still, line, link_to=caller.id, bridge_on_answer=True, park_after_unbridge="self")
    assert await told(still, receiver, "call.bridged") == []
    still.clock.advance(1)
    bridged = await told(still, receiver, "call.bridged")
    assert {payload["call_control_id"] for payload in bridged} == {leg.id, caller.id}
    await line.calls.hangup(caller.id)
    assert leg.alive


async def test_a_second_bridge_is_prevented_and_the_new_leg_hung_up(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    caller = answered(still)
    first = await dialled(still, line, link_to=caller.id, bridge_on_answer=True)
    still.clock.advance(1)
    second = await dialled(still, line, to=OTHER, link_to=caller.id, bridge_on_answer=True, prevent_double_bridge=True)
    still.clock.advance(1)
    assert (caller.peer, second.alive) == (first.id, False)
    assert len(await told(still, receiver, "call.bridged")) == 2


async def test_a_leg_whose_partner_has_gone_before_the_answer_stays_alone(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    caller = answered(still)
    leg = await dialled(still, line, link_to=caller.id, bridge_on_answer=True)
    await line.calls.hangup(caller.id)
    still.clock.advance(1)
    assert leg.alive
    assert await told(still, receiver, "call.bridged") == []


@pytest.mark.parametrize("early", [None, True, False])
async def test_a_leg_is_dialled_into_a_conference_while_it_rings_or_with_the_answer(
    still: Emulator, line: TelnyxClient, receiver: Receiver, early: bool | None
) -> None:
    caller = answered(still)
    room = await line.conferences.create(CreateBody(call_control_id=caller.id, name="room"))
    config = ConferenceConfig(id=room.id, early_media=early, mute=True, hold=True)
    leg = await dialled(still, line, conference_config=config)
    joined = [payload["call_control_id"] for payload in await told(still, receiver, "conference.participant.joined")]
    assert joined == ([caller.id] if early is False else [caller.id, leg.id])
    still.clock.advance(1)
    assert len(await told(still, receiver, "conference.participant.joined")) == 2
    shown = {each.call_control_id: each async for each in line.conferences.participants(room.id)}
    assert (shown[leg.id].muted, shown[leg.id].on_hold) == (True, True)
    assert (shown[caller.id].muted, shown[caller.id].on_hold) == (False, False)


async def test_a_leg_that_is_dialled_into_a_conference_that_is_not_there_makes_it(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = await dialled(still, line, conference_config=ConferenceConfig(conference_name="new", early_media=False))
    assert await told(still, receiver, "conference.created") == []
    still.clock.advance(1)
    (created,) = await told(still, receiver, "conference.created")
    assert created["call_control_id"] == leg.id
    with refused(404, "90058"):
        await line.calls.dial(call(conference_config=ConferenceConfig(id="nowhere")))


async def test_a_conference_that_is_full_refuses_the_dial_and_nobody_rings(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    two = [answered(still), answered(still, "+15550101")]
    room = await line.conferences.create(CreateBody(call_control_id=two[0].id, name="room", max_participants=2))
    await dialled(still, line, conference_config=ConferenceConfig(id=room.id, early_media=False))
    still.clock.advance(1)
    with refused(422, "90032"):
        await line.calls.dial(call(to=OTHER, conference_config=ConferenceConfig(id=room.id)))
    assert [payload["to"] for payload in await told(still, receiver, "call.initiated")] == [NUMBER, NUMBER, AGENT]


async def test_a_supervisor_is_dialled_and_switches_the_role(still: Emulator, line: TelnyxClient) -> None:
    caller = answered(still)
    leg = await dialled(still, line, supervise_call_control_id=caller.id, supervisor_role="monitor")
    still.clock.advance(1)
    assert (leg.supervises, leg.supervisor_role) == (caller.id, "monitor")
    await line.calls.switch_supervisor_role(leg.id, SwitchSupervisorRoleBody(role="whisper"))
    assert leg.supervisor_role == "whisper"
    with refused(422, "10015"):
        await line.calls.switch_supervisor_role(caller.id, SwitchSupervisorRoleBody(role="barge"))


async def test_who_is_not_answered_cannot_be_supervised(still: Emulator, line: TelnyxClient) -> None:
    with refused(422, "90034"):
        await line.calls.dial(call(supervise_call_control_id=ringing(still).id))


async def test_a_recording_from_the_answer_is_named_at_once_and_begins_then(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    still.telephony.phones.at[AGENT] = Phone("answer", 5)
    shown = await line.calls.dial(call(record="record-from-answer", record_format="wav"))
    assert shown.recording_id
    still.clock.advance(5)
    await line.calls.hangup(shown.call_control_id)
    still.clock.advance(1)
    (saved,) = await told(still, receiver, "call.recording.saved")
    (payload,) = await told(still, receiver, "call.answered")
    assert (saved["recording_id"], saved["channels"]) == (shown.recording_id, "dual")
    assert str(saved["recording_started_at"]) > str(payload["start_time"])


async def test_a_call_that_is_not_answered_is_not_recorded(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    still.telephony.phones.at[AGENT] = Phone("decline")
    await line.calls.dial(call(record="record-from-answer"))
    still.clock.advance(5)
    assert await told(still, receiver, "call.recording.saved") == []


async def test_digits_and_audio_for_the_answer_are_heard_then(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = await dialled(still, line, to="+13125550199,20w1", audio_url="https://example.com/a.mp3")
    assert (leg.to, leg.tones) == ("+13125550199", "")
    still.clock.advance(0.2)
    assert leg.tones == "20w1"
    assert len(await told(still, receiver, "call.playback.started")) == 1


async def test_another_application_is_refused(line: TelnyxClient) -> None:
    with refused(422, "10015", "/connection_id"):
        await line.calls.dial(call(connection_id="1"))
    with refused(422, "10004", "/to"):
        await line.calls.dial(call(to=[]))
