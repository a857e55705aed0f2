"""What is asked of an emulator besides Telnyx's own surface: people on the phones, time, faults, the books."""

from __future__ import annotations

import json

import aiohttp
import pytest

from tests.integration.conftest import Receiver
from tests.integration.emulator.conftest import NUMBER, answered, refused, ringing, told
from worker.telnyx.calls.dialling import DialBody
from worker.telnyx.calls.queueing import EnqueueBody
from worker.telnyx.client import TelnyxClient
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator
from worker.testing.emulator.settings import Phone

AGENT = "sip:alice@sip.telnyx.com"


async def ask(
    emulator: Emulator, method: str, path: str, body: object = None
) -> tuple[int, dict[str, object] | list[object] | str]:
    """Return the status and the answer, which is a text where something is wrong."""
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, f"{emulator.base}/emulator/{path}", json=body) as response,
    ):
        text = await response.text()
        return response.status, json.loads(text) if response.status == 200 else text


async def post(emulator: Emulator, path: str, body: object = None) -> int:
    return (await ask(emulator, "POST", path, body))[0]


async def dialled(emulator: Emulator, line: TelnyxClient) -> Leg:
    body = DialBody(connection_id=emulator.world.settings.connection_id, from_=NUMBER, to=AGENT)
    return emulator.world.legs[(await line.calls.dial(body)).call_control_id]


async def books(emulator: Emulator) -> dict[str, object]:
    _, answer = await ask(emulator, "GET", "books")
    assert isinstance(answer, dict)
    return answer


async def test_somebody_rings_and_loses_patience(still: Emulator, receiver: Receiver) -> None:
    _, answer = await ask(still, "POST", "calls", {"to": NUMBER, "from": "+15550123", "patience_secs": 5})
    assert isinstance(answer, dict)
    (initiated,) = await told(still, receiver, "call.initiated")
    assert (initiated["from"], initiated["call_control_id"]) == ("+15550123", answer["call_control_id"])
    still.clock.advance(5)
    (ended,) = await told(still, receiver, "call.hangup")
    assert (ended["hangup_cause"], ended["hangup_source"]) == ("originator_cancel", "caller")


async def test_many_ring_at_once(still: Emulator, receiver: Receiver) -> None:
    _, answer = await ask(still, "POST", "calls", {"to": NUMBER, "count": 20})
    assert isinstance(answer, dict)
    calls = answer["call_control_ids"]
    assert isinstance(calls, list)
    initiated = await told(still, receiver, "call.initiated")
    assert len(set(calls)) == 20
    assert {payload["call_control_id"] for payload in initiated} == set(calls)


async def test_callers_have_numbers_of_their_own_unless_one_is_given(still: Emulator, receiver: Receiver) -> None:
    for body in ({"count": 2}, {}, {"from": "+15550123", "count": 2}):
        await post(still, "calls", {"to": NUMBER, **body})
    numbers = [payload["from"] for payload in await told(still, receiver, "call.initiated")]
    assert sorted(map(str, numbers)) == ["+15550000001", "+15550000002", "+15550000003", "+15550123", "+15550123"]


async def test_callers_ring_by_themselves_until_they_are_told_not_to(still: Emulator, receiver: Receiver) -> None:
    assert await post(still, "traffic", {"to": NUMBER, "per_minute": 6000}) == 200
    for _ in range(100):
        await told(still, receiver, "")
        still.clock.advance(0.1)
        if await told(still, receiver, "call.initiated"):
            break
    assert await post(still, "traffic", {"to": NUMBER, "per_minute": 0}) == 200
    rung = len(still.world.legs)
    assert rung > 0
    still.clock.advance(60)
    assert len(still.world.legs) == rung


async def test_a_phone_does_what_it_is_told_from_now_on(still: Emulator, line: TelnyxClient) -> None:
    assert await post(still, "phones", {AGENT: {"does": "busy", "after_secs": 1}}) == 200
    assert still.telephony.phones.at == {AGENT: Phone("busy", 1)}
    leg = await dialled(still, line)
    still.clock.advance(1)
    assert leg.cause == "user_busy"


async def test_the_far_end_answers_and_hangs_up(still: Emulator, line: TelnyxClient) -> None:
    still.telephony.phones.at[AGENT] = Phone("ring")
    leg = await dialled(still, line)
    assert await post(still, f"legs/{leg.id}/answer") == 200
    assert leg.answered_at is not None
    assert await post(still, f"legs/{leg.id}/hangup") == 200
    assert leg.cause == "normal_clearing"


async def test_who_is_not_answered_declines_or_gives_up(still: Emulator, line: TelnyxClient) -> None:
    agent, caller = await dialled(still, line), ringing(still)
    for leg in (agent, caller):
        assert await post(still, f"legs/{leg.id}/hangup") == 200
    assert (agent.cause, caller.cause) == ("call_rejected", "originator_cancel")
    with refused(422, "90018"):
        await line.calls.hangup(agent.id)


async def test_what_cannot_be_done_is_refused(still: Emulator) -> None:
    assert await post(still, f"legs/{ringing(still).id}/answer") == 409
    assert await post(still, "legs/v3:none/hangup") == 404
    assert await post(still, f"legs/{answered(still).id}/dtmf", {"digits": "12x"}) == 400


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("calls", {}, "to"),
        ("calls", {"to": NUMBER, "count": 0}, "count"),
        ("traffic", {"to": NUMBER, "per_minute": -1}, "per_minute"),
        ("phones", {AGENT: {"does": "explode"}}, "does"),
        ("faults", {"operation": "*", "kind": "explode"}, "kind"),
        ("clock", {"advance_secs": -1}, "advance_secs"),
        ("lost-webhooks", "call.hangup", "array"),
    ],
)
async def test_a_wrong_body_is_named(still: Emulator, path: str, body: object, named: str) -> None:
    status, text = await ask(still, "POST", path, body)
    assert status == 400
    assert named in text


async def test_a_fault_and_a_lost_webhook_are_asked_for(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    fault = {"operation": "calls hangup", "kind": "refuse", "status": 503, "code": "10007"}
    assert await post(still, "faults", fault) == 200
    assert await post(still, "lost-webhooks", ["call.hangup"]) == 200
    leg = answered(still)
    with refused(503, "10007"):
        await line.calls.hangup(leg.id)
    await line.calls.hangup(leg.id)
    assert not leg.alive
    assert await told(still, receiver, "call.hangup") == []


async def test_faults_that_are_to_come_are_shown_and_taken_back(still: Emulator, line: TelnyxClient) -> None:
    await post(still, "faults", {"operation": "calls hangup", "kind": "refuse", "times": 3})
    leg = answered(still)
    with refused(500, "10007"):
        await line.calls.hangup(leg.id)
    fault = {"operation": "calls hangup", "kind": "refuse", "times": 2, "status": 500, "code": "10007"}
    assert await ask(still, "GET", "faults") == (200, [fault])
    assert (await ask(still, "DELETE", "faults"))[0] == 200
    assert await ask(still, "GET", "faults") == (200, [])
    await line.calls.hangup(leg.id)


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("faults", {"operation": "conference join", "kind": "refuse"}, "did you mean conferences join?"),
        ("lost-webhooks", ["call.hangup", "call.hangd_up"], "'call.hangd_up' is not an event type: did you mean call."),
    ],
)
async def test_a_word_that_is_not_known_is_refused_with_the_nearest(
    still: Emulator, path: str, body: object, said: str
) -> None:
    status, text = await ask(still, "POST", path, body)
    assert status == 400
    assert said in json.loads(str(text))["error"]
    assert (still.api.faults.armed, still.delivery.lost_next) == ((), [])


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [("POST", "legs/v3:none/hangup", 404, "no such leg"), ("GET", "bokes", 404, "There is no GET /emulator/bokes")],
)
async def test_what_is_refused_is_told_in_json(still: Emulator, method: str, path: str, status: int, said: str) -> None:
    given, text = await ask(still, method, path)
    assert (given, said in json.loads(str(text))["error"]) == (status, True)


async def test_time_is_moved_on(still: Emulator, line: TelnyxClient) -> None:
    leg = await dialled(still, line)
    status, answer = await ask(still, "POST", "clock", {"advance_secs": 60})
    assert status == 200
    assert isinstance(answer, dict)
    assert answer["now"] == still.clock.text()
    assert (await line.calls.retrieve(leg.id)).call_duration == 59


async def test_the_books_say_what_there_is(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    caller, other = answered(still), ringing(still)
    agent = await dialled(still, line)
    await line.calls.enqueue(caller.id, EnqueueBody(queue_name="support"))
    await told(still, receiver, "")
    account = await books(still)
    callers, agents = account["callers"], account["agents"]
    assert isinstance(callers, list)
    assert isinstance(agents, list)
    assert [each["id"] for each in callers] == [caller.id, other.id]
    assert [each["id"] for each in agents] == [agent.id]
    assert [each["from"] for each in callers] == [caller.from_, other.from_]
    assert account["queues"] == {"support": [caller.id]}
    assert account["waiting"] == 2
    requests = [("calls dial", 1), ("calls enqueue", 1)]
    assert account["requests"] == [{"operation": name, "status": 200, "count": count} for name, count in requests]
    webhooks = account["webhooks"]
    assert isinstance(webhooks, dict)
    assert (webhooks["sent"], webhooks["delivered"], webhooks["under_way"]) == (5, 5, 0)


async def test_the_books_keep_who_was_in_two_places_at_once(still: Emulator, line: TelnyxClient) -> None:
    await dialled(still, line)
    await dialled(still, line)
    assert (await books(still))["double_bookings"] == [f"{AGENT} is dialled while it is in a call"]
