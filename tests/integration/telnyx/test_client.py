"""The client against the emulator: answers, errors, pages, and that its key is never said."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Receiver
from worker.telnyx.client import TelnyxClient, api_error
from worker.telnyx.errors import (
    ApiError,
    AuthenticationError,
    NetworkError,
    NotFoundError,
    ServerError,
    UnprocessableError,
)
from worker.telnyx.models import (
    AnswerBody,
    CommandBody,
    CreateConferenceBody,
    DialBody,
    EnqueueBody,
    JoinBody,
    LeaveBody,
    RecordStartBody,
    SpeakBody,
)
from worker.testing.emulator.faults import Fault
from worker.testing.emulator.server import Emulator

CONNECTION = "1494404757140276705"


async def caller(emulator: Emulator, client: TelnyxClient) -> str:
    """Return an answered caller's leg."""
    leg = emulator.actors.ring("+15550100", "+13125550131", patience_secs=60, talk_secs=60)
    await client.calls.answer(leg.id, AnswerBody())
    return leg.id


async def test_a_calls_way_through_every_operation(
    emulator: Emulator, client: TelnyxClient, receiver: Receiver
) -> None:
    agent = await client.calls.dial(DialBody("sip:a@sip.telnyx.com", "+13125550100", CONNECTION, client_state="YQ=="))
    assert (await receiver.wait_for("call.answered"))["client_state"] == "YQ=="
    room = await client.conferences.create(CreateConferenceBody(agent.call_control_id, "room"))
    call = await caller(emulator, client)
    await client.calls.speak(call, SpeakBody("Welcome", "female", "en-US"))
    await receiver.wait_for("call.speak.ended")
    await client.calls.enqueue(call, EnqueueBody("sales / north", max_wait_time_secs=60))
    assert (await client.queues.retrieve("sales / north")).current_size == 1
    assert (await client.queues.call("sales / north", call)).queue_position == 1
    await client.conferences.join(room.id, JoinBody(call))
    assert [x.call_control_id async for x in client.queues.calls("sales / north")] == []
    inside = {x.call_control_id async for x in client.conferences.participants(room.id)}
    assert inside == {agent.call_control_id, call}
    await client.conferences.record_start(room.id, RecordStartBody("mp3", "dual"))
    await client.conferences.record_stop(room.id, CommandBody())
    assert (await receiver.wait_for("conference.recording.saved"))["conference_id"] == room.id
    await client.conferences.leave(room.id, LeaveBody(call))
    await client.calls.hangup(call, AnswerBody())
    assert not (await client.calls.retrieve(call)).is_alive
    assert (await client.conferences.retrieve("room")).status == "in_progress"
    await client.conferences.end(room.id, CommandBody())
    assert [x.id async for x in client.conferences.list(name="room", status="completed")] == [room.id]


async def test_a_list_is_read_over_all_its_pages(
    emulator: Emulator, client: TelnyxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.telnyx.client.PAGE_SIZE", 2)
    calls = [await caller(emulator, client) for _ in range(5)]
    for call in calls:
        await client.calls.enqueue(call, EnqueueBody("q"))
    assert [x.call_control_id async for x in client.queues.calls("q")] == calls


async def test_errors_carry_telnyxs_status_code_and_words(emulator: Emulator, client: TelnyxClient) -> None:
    with pytest.raises(UnprocessableError) as unknown:
        await client.calls.retrieve("v3:nobody")
    assert (unknown.value.status, unknown.value.code, unknown.value.pointer) == (422, "90015", "/call_control_id")
    with pytest.raises(NotFoundError) as missing:
        await client.conferences.retrieve("nowhere")
    assert missing.value.code == "90058"
    leg = emulator.actors.ring("+1", "+2", patience_secs=9, talk_secs=9)
    with pytest.raises(UnprocessableError) as early:
        await client.calls.speak(leg.id, SpeakBody("x", "female"))
    assert early.value.code == "90034"


async def test_the_key_is_in_no_error_and_no_repr(emulator: Emulator) -> None:
    async with TelnyxClient("KEYwrong", base_url=emulator.api_base) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.calls.retrieve("x")
        assert "KEYwrong" not in f"{client!r} {client.calls!r} {caught.value!r} {caught.value}"


async def test_a_broken_connection_is_a_network_error(emulator: Emulator, client: TelnyxClient) -> None:
    emulator.api.faults.add(Fault("answer", "reset-before"))
    with pytest.raises(NetworkError):
        await client.calls.answer("x", AnswerBody())


@pytest.mark.parametrize(
    ("content", "detail"),
    [(b"<html>Bad gateway</html>", "Bad gateway"), (b'{"errors":{"status":"is wrong"}}', "status is wrong"), (b"", "")],
)
def test_each_shape_of_error_is_read(content: bytes, detail: str) -> None:
    error = api_error(502, content, lambda _: None)
    assert isinstance(error, ServerError)
    assert detail in error.detail
    assert isinstance(error, ApiError)
