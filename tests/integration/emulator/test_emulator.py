"""The emulator behaves as Telnyx says that Telnyx does."""

from __future__ import annotations

import base64
import json

import aiohttp
import msgspec
import pytest
from msgspec.structs import replace
from nacl.signing import VerifyKey
from telnyx import Telnyx

from tests.integration.conftest import Receiver
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.problems import Problem
from worker.testing.emulator.server import Emulator, serve
from worker.testing.emulator.settings import EmulatorSettings, Phone, Unconfirmed

NUMBER = "+13125550131"


async def ask(
    emulator: Emulator, method: str, path: str, body: object = None, key: str = "KEYtest"
) -> tuple[int, dict[str, object]]:
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        aiohttp.ClientSession() as http,
        http.request(
            method, emulator.api_base + path, data=json.dumps(body) if body is not None else None, headers=headers
        ) as response,
    ):
        return response.status, await response.json()


def code(answer: tuple[int, dict[str, object]]) -> tuple[int, str]:
    errors = answer[1]["errors"]
    assert isinstance(errors, list)
    return answer[0], errors[0]["code"]


def ring(emulator: Emulator, *, patience: float = 60, talk: float = 60, answered: bool = True) -> Leg:
    leg = emulator.actors.ring("+15550100", NUMBER, patience_secs=patience, talk_secs=talk)
    if answered:
        emulator.world.answer(leg)
    return leg


async def room_of(emulator: Emulator, leg: Leg, name: str = "room") -> str:
    status, answer = await ask(emulator, "POST", "/conferences", {"call_control_id": leg.id, "name": name})
    assert status == 200
    data = answer["data"]
    assert isinstance(data, dict)
    return str(data["id"])


async def test_a_webhook_is_signed_so_that_telnyxs_own_library_takes_it(emulator: Emulator, receiver: Receiver) -> None:
    ring(emulator, answered=False)
    payload = await receiver.wait_for("call.initiated")
    assert (payload["direction"], payload["state"], payload["client_state"]) == ("incoming", "parked", None)
    headers, body = receiver.requests[0]
    signed = headers["telnyx-timestamp"].encode() + b"|" + body
    VerifyKey(base64.b64decode(emulator.public_key)).verify(
        signed, base64.b64decode(headers["telnyx-signature-ed25519"])
    )
    event = Telnyx(api_key="x", public_key=emulator.public_key).webhooks.unwrap(body.decode(), headers=headers)
    assert type(event).__name__ == "CallInitiatedWebhookEvent"


async def test_a_refused_webhook_comes_again_with_the_same_id_and_a_lost_one_does_not(
    emulator: Emulator, receiver: Receiver
) -> None:
    receiver.statuses = [503, 503, 200]
    ring(emulator, answered=False)
    await receiver.wait_for("call.initiated", 3)
    assert len({str(body["data"]["id"]) for body in receiver.bodies}) == 1
    assert [body["meta"]["attempt"] for body in receiver.bodies] == [1, 2, 3]
    receiver.statuses = [404]
    ring(emulator, answered=False)
    await receiver.wait_for("call.initiated", 4)
    await emulator.delivery.settle()
    assert emulator.delivery.counts["failed"] == 1


async def test_a_wrong_key_is_refused(emulator: Emulator) -> None:
    assert code(await ask(emulator, "GET", "/conferences", key="KEYwrong")) == (401, "10009")


async def test_queues_refuse_as_documented(emulator: Emulator, receiver: Receiver) -> None:
    first, second, early = ring(emulator), ring(emulator), ring(emulator, answered=False)
    enqueue = {"queue_name": "q", "max_size": 1}
    assert (await ask(emulator, "POST", f"/calls/{first.id}/actions/enqueue", enqueue))[0] == 200
    assert (await receiver.wait_for("call.enqueued"))["queue"] == "q"
    assert code(await ask(emulator, "POST", f"/calls/{first.id}/actions/enqueue", enqueue)) == (422, "90038")
    assert code(await ask(emulator, "POST", f"/calls/{second.id}/actions/enqueue", enqueue)) == (422, "90036")
    assert code(await ask(emulator, "POST", f"/calls/{early.id}/actions/enqueue", enqueue)) == (422, "90034")
    assert code(await ask(emulator, "POST", f"/calls/{second.id}/actions/leave_queue", {})) == (422, "90035")
    assert code(await ask(emulator, "GET", "/queues/nowhere")) == (404, "10005")


async def test_who_waits_too_long_is_taken_out_and_stays_parked(emulator: Emulator, receiver: Receiver) -> None:
    leg = ring(emulator)
    await ask(emulator, "POST", f"/calls/{leg.id}/actions/enqueue", {"queue_name": "q", "max_wait_time_secs": 1})
    assert (await receiver.wait_for("call.dequeued"))["reason"] == "timeout"
    assert leg.alive


@pytest.mark.parametrize("reason", ["bridged", "bridging-in-process", "leave"])
async def test_a_join_takes_the_caller_out_of_the_queue_with_the_reason_that_is_set(
    emulator: Emulator, receiver: Receiver, reason: str
) -> None:
    unsaid = msgspec.convert({"dequeued_by_join": reason}, Unconfirmed)
    emulator.world.settings = msgspec.structs.replace(emulator.world.settings, unconfirmed=unsaid)
    agent, caller = ring(emulator), ring(emulator)
    await ask(emulator, "POST", f"/calls/{caller.id}/actions/enqueue", {"queue_name": "q"})
    room = await room_of(emulator, agent)
    await ask(emulator, "POST", f"/conferences/{room}/actions/join", {"call_control_id": caller.id})
    assert (await receiver.wait_for("call.dequeued"))["reason"] == reason
    await receiver.wait_for("conference.participant.joined", 2)


async def test_conferences_behave_as_documented(emulator: Emulator, receiver: Receiver) -> None:
    agent, other = ring(emulator), ring(emulator)
    room = await room_of(emulator, agent)
    taken = {"call_control_id": other.id, "name": "room"}
    assert code(await ask(emulator, "POST", "/conferences", taken)) == (422, "90033")
    join = f"/conferences/{room}/actions/join"
    assert code(await ask(emulator, "POST", join, {"call_control_id": agent.id})) == (422, "90044")
    await ask(emulator, "POST", f"/conferences/{room}/actions/leave", {"call_control_id": agent.id})
    ended = await receiver.wait_for("conference.ended")
    assert ended["reason"] == "all_left"
    assert "occurred_at" in ended
    assert agent.alive
    assert code(await ask(emulator, "POST", join, {"call_control_id": agent.id})) == (422, "90019")
    assert code(await ask(emulator, "POST", "/conferences/nowhere/actions/join", {"call_control_id": agent.id})) == (
        404,
        "90058",
    )
    assert await room_of(emulator, agent)


async def test_a_command_id_has_its_effect_once(emulator: Emulator) -> None:
    dial = {"to": "sip:a@b.c", "from": "+13125550100", "connection_id": "1494404757140276705", "command_id": "k"}
    first, second = [await ask(emulator, "POST", "/calls", dial) for _ in range(2)]
    assert first == second
    assert len(emulator.world.legs) == 1


async def test_a_recording_is_saved_after_it_has_stopped(emulator: Emulator, receiver: Receiver) -> None:
    room = await room_of(emulator, ring(emulator))
    await ask(emulator, "POST", f"/conferences/{room}/actions/record_start", {"format": "wav"})
    await ask(emulator, "POST", f"/conferences/{room}/actions/record_stop", {})
    saved = await receiver.wait_for("conference.recording.saved")
    assert (saved["format"], saved["channels"]) == ("wav", "single")
    body = next(b for b in receiver.bodies if b["data"]["event_type"] == "conference.recording.saved")
    assert "occurred_at" not in body["data"]


async def test_callers_hang_up_when_they_lose_patience_or_have_said_all(emulator: Emulator, receiver: Receiver) -> None:
    hasty = ring(emulator, patience=0.05, answered=False)
    assert (await receiver.wait_for("call.hangup"))["hangup_cause"] == "originator_cancel"
    agent, brief = ring(emulator), ring(emulator, talk=0.05)
    room = await room_of(emulator, agent)
    await ask(emulator, "POST", f"/conferences/{room}/actions/join", {"call_control_id": brief.id})
    await receiver.wait_for("call.hangup", 2)
    assert not hasty.alive
    assert not brief.alive
    assert agent.alive


async def test_agents_answer_unless_they_let_it_ring(emulator: Emulator, receiver: Receiver) -> None:
    emulator.telephony.phones.at = {"sip:away@b.c": Phone("ring")}
    body = {"to": "sip:away@b.c", "from": "+1", "connection_id": "1494404757140276705", "timeout_secs": 5}
    await ask(emulator, "POST", "/calls", body)
    await ask(emulator, "POST", "/calls", {**body, "to": "sip:here@b.c"})
    assert (await receiver.wait_for("call.answered"))["to"] == "sip:here@b.c"
    assert "call.hangup" not in receiver.types()


async def test_a_client_state_that_is_not_base64_is_refused(emulator: Emulator) -> None:
    leg = ring(emulator)
    speak = {"payload": "x", "voice": "female", "client_state": "é"}
    assert code(await ask(emulator, "POST", f"/calls/{leg.id}/actions/speak", speak)) == (422, "90017")


async def test_the_books_show_what_has_happened(emulator: Emulator) -> None:
    ring(emulator)
    async with aiohttp.ClientSession() as http, http.get(f"{emulator.base}/emulator/books") as response:
        books = await response.json()
    assert len(books["callers"]) == 1
    assert books["double_bookings"] == []


async def test_outside_telnyxs_operations_it_is_said_where_they_are(emulator: Emulator) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{emulator.base}/queues") as response:
        (error,) = (await response.json())["errors"]
    assert (response.status, error["code"]) == (404, "10005")
    assert "below /v2" in error["detail"]


async def test_without_a_seed_two_emulators_have_no_id_in_common(emulator_settings: EmulatorSettings) -> None:
    ids = []
    for settings in (replace(emulator_settings, seed=None),) * 2 + (replace(emulator_settings, seed=5),) * 2:
        async with serve(settings) as emulator:
            ids.append((emulator.seed, ring(emulator).id, emulator.world.new_uuid()))
    first, second, third, fourth = ids
    assert not set(first) & set(second)
    assert third == fourth


async def test_two_agents_on_one_caller_would_be_seen_in_the_books(emulator: Emulator) -> None:
    caller = ring(emulator)
    for number in range(2):
        agent = emulator.world.add(incoming=False, from_="+13125550100", to=f"sip:agent{number}@b.c")
        emulator.world.answer(agent)
        room = await room_of(emulator, agent, f"room-{number}")
        await ask(emulator, "POST", f"/conferences/{room}/actions/join", {"call_control_id": caller.id})
    assert len(emulator.world.violations) == 1


def test_a_problem_has_the_documented_form() -> None:
    assert Problem(422, "90018", "over", pointer="/to").body() == {
        "errors": [{"code": "90018", "title": "over", "detail": "over", "source": {"pointer": "/to"}}]
    }
