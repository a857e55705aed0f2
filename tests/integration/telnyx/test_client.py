"""The client against the emulator: answers, errors, pages, and that its key is never said."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from yarl import URL

from ingress.errors import ConfigError
from tests.integration.conftest import Receiver
from tests.integration.telnyx.answering import serving
from worker.telnyx.addresses import environment_proxy
from worker.telnyx.calls.dialling import DialBody
from worker.telnyx.calls.media import SpeakBody
from worker.telnyx.calls.queueing import EnqueueBody
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences.bodies import CreateBody, JoinBody, LeaveBody
from worker.telnyx.conferences.queries import ConferencesQuery
from worker.telnyx.conferences.recording import RecordStartBody
from worker.telnyx.errors import (
    ApiError,
    AuthenticationError,
    NetworkError,
    NotFoundError,
    ServerError,
    UnprocessableError,
    api_error,
)
from worker.testing.emulator.faults import Fault
from worker.testing.emulator.server import Emulator

CONNECTION = "1494404757140276705"


async def caller(emulator: Emulator, client: TelnyxClient) -> str:
    """Return an answered caller's leg."""
    leg = emulator.actors.ring("+15550100", "+13125550131", patience_secs=60, talk_secs=60)
    await client.calls.answer(leg.id)
    return leg.id


async def test_a_calls_way_through_every_operation(
    emulator: Emulator, client: TelnyxClient, receiver: Receiver
) -> None:
    agent = await client.calls.dial(
        DialBody(to="sip:a@sip.telnyx.com", from_="+13125550100", connection_id=CONNECTION, client_state="YQ==")
    )
    assert (await receiver.wait_for("call.answered"))["client_state"] == "YQ=="
    room = await client.conferences.create(CreateBody(call_control_id=agent.call_control_id, name="room"))
    call = await caller(emulator, client)
    await client.calls.speak(call, SpeakBody(payload="Welcome", voice="female", language="en-US"))
    await receiver.wait_for("call.speak.ended")
    await client.calls.enqueue(call, EnqueueBody(queue_name="sales / north", max_wait_time_secs=60))
    assert (await client.queues.retrieve("sales / north")).current_size == 1
    assert (await client.queues.call("sales / north", call)).queue_position == 1
    await client.conferences.join(room.id, JoinBody(call_control_id=call))
    assert [x.call_control_id async for x in client.queues.calls("sales / north")] == []
    inside = {x.call_control_id async for x in client.conferences.participants(room.id)}
    assert inside == {agent.call_control_id, call}
    await client.conferences.record_start(room.id, RecordStartBody(format="mp3", channels="dual"))
    await client.conferences.record_stop(room.id)
    assert (await receiver.wait_for("conference.recording.saved"))["conference_id"] == room.id
    await client.conferences.leave(room.id, LeaveBody(call_control_id=call))
    await client.calls.hangup(call)
    assert not (await client.calls.retrieve(call)).is_alive
    assert (await client.conferences.retrieve(room.id)).status == "in_progress"
    await client.conferences.end(room.id)
    assert [x.id async for x in client.conferences.list(ConferencesQuery(name="room", status="completed"))] == [room.id]


@pytest.fixture
async def by_twos(emulator: Emulator) -> AsyncIterator[TelnyxClient]:
    async with TelnyxClient("KEYtest", base_url=emulator.api_base, page_size=2) as client:
        yield client


async def test_a_list_is_read_over_all_its_pages(emulator: Emulator, by_twos: TelnyxClient) -> None:
    client = by_twos
    calls = [await caller(emulator, client) for _ in range(5)]
    for call in calls:
        await client.calls.enqueue(call, EnqueueBody(queue_name="q"))
    assert [x.call_control_id async for x in client.queues.calls("q")] == calls
    pages = [[x.call_control_id for x in page.data] async for page in client.queues.call_pages("q")]
    assert pages == [calls[:2], calls[2:4], calls[4:]]
    assert [[x.name for x in page.data] async for page in client.queues.list_pages()] == [["q"]]


async def test_participants_are_read_over_all_their_pages(emulator: Emulator, by_twos: TelnyxClient) -> None:
    client = by_twos
    calls = [await caller(emulator, client) for _ in range(5)]
    room = await client.conferences.create(CreateBody(call_control_id=calls[0], name="room"))
    for call in calls[1:]:
        await client.conferences.join(room.id, JoinBody(call_control_id=call))
    assert [x.call_control_id async for x in client.conferences.participants(room.id)] == calls
    assert emulator.api.requests["conferences participants", 200] == 3
    pages = [(page.meta.page_number, len(page.data)) async for page in client.conferences.participant_pages(room.id)]
    assert pages == [(1, 2), (2, 2), (3, 1)]
    await client.conferences.end(room.id)
    assert [x async for x in client.conferences.participants(room.id)] == []


async def test_conferences_are_read_over_all_their_pages_and_found_by_name_and_status(
    emulator: Emulator, by_twos: TelnyxClient
) -> None:
    client = by_twos
    names = ["a & b", "A & b", "c", "d"]
    rooms = [
        await client.conferences.create(CreateBody(call_control_id=await caller(emulator, client), name=x))
        for x in names
    ]
    await client.conferences.end(rooms[3].id)
    assert [x.name async for x in client.conferences.list()] == names[::-1]
    assert emulator.api.requests["conferences list", 200] == 2
    assert [len(page.data) async for page in client.conferences.list_pages()] == [2, 2]
    some = ConferencesQuery(name="c")
    assert [[x.id for x in page.data] async for page in client.conferences.list_pages(some)] == [[rooms[2].id]]
    assert [x.id async for x in client.conferences.list(ConferencesQuery(name="a & b"))] == [rooms[0].id]
    assert [x.id async for x in client.conferences.list(ConferencesQuery(status="in_progress"))] == [
        x.id for x in rooms[2::-1]
    ]
    assert [(x.id, x.end_reason) async for x in client.conferences.list(ConferencesQuery(status="completed"))] == [
        (rooms[3].id, "ended_via_api")
    ]
    assert [x async for x in client.conferences.list(ConferencesQuery(name="nobody"))] == []


async def test_who_leaves_a_queue_or_a_conference_is_in_neither_and_lives(
    emulator: Emulator, client: TelnyxClient
) -> None:
    call, other = await caller(emulator, client), await caller(emulator, client)
    await client.calls.enqueue(call, EnqueueBody(queue_name="q"))
    await client.calls.leave_queue(call)
    with pytest.raises(NotFoundError) as absent:
        await client.queues.call("q", call)
    assert absent.value.code == "10005"
    room = await client.conferences.create(CreateBody(call_control_id=call, name="room"))
    await client.conferences.join(room.id, JoinBody(call_control_id=other))
    await client.conferences.leave(room.id, LeaveBody(call_control_id=call))
    assert [x.call_control_id async for x in client.conferences.participants(room.id)] == [other]
    assert (await client.calls.retrieve(call)).is_alive


async def test_errors_carry_telnyxs_status_code_and_words(emulator: Emulator, client: TelnyxClient) -> None:
    with pytest.raises(UnprocessableError) as unknown:
        await client.calls.retrieve("v3:nobody")
    assert (unknown.value.status, unknown.value.code, unknown.value.pointer) == (422, "90015", "/call_control_id")
    with pytest.raises(NotFoundError) as missing:
        await client.conferences.retrieve("nowhere")
    assert missing.value.code == "90058"
    leg = emulator.actors.ring("+1", "+2", patience_secs=9, talk_secs=9)
    with pytest.raises(UnprocessableError) as early:
        await client.calls.speak(leg.id, SpeakBody(payload="x", voice="female"))
    assert early.value.code == "90034"


async def test_the_key_is_in_no_error_and_no_repr(emulator: Emulator) -> None:
    async with TelnyxClient("KEYwrong", base_url=emulator.api_base) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.calls.retrieve("x")
        assert "KEYwrong" not in f"{client!r} {client.calls!r} {caught.value!r} {caught.value}"


async def test_a_broken_connection_is_a_network_error(emulator: Emulator, client: TelnyxClient) -> None:
    emulator.api.faults.add(Fault("calls answer", "reset-before"))
    with pytest.raises(NetworkError):
        await client.calls.answer("x")


@pytest.mark.parametrize(
    ("content", "detail"),
    [(b"<html>Bad gateway</html>", "Bad gateway"), (b'{"errors":{"status":"is wrong"}}', "status is wrong"), (b"", "")],
)
def test_each_shape_of_error_is_read(content: bytes, detail: str) -> None:
    error = api_error(502, content, lambda _: None)
    assert isinstance(error, ServerError)
    assert detail in error.detail
    assert isinstance(error, ApiError)


@pytest.mark.parametrize(
    ("headers", "secs"),
    [
        ({"retry-after": "2", "x-ratelimit-reset": "7"}, 2.0),
        ({"x-ratelimit-reset": "7"}, 7.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "x-ratelimit-reset": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_from_the_header_that_says_so(headers: dict[str, str], secs: float | None) -> None:
    assert api_error(429, b"{}", headers.get).retry_after_secs == secs


async def test_a_redirect_is_an_error_and_is_not_followed() -> None:
    paths: list[str] = []

    async def redirect(request: web.BaseRequest) -> web.Response:
        paths.append(request.path)
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async with serving(redirect) as address, TelnyxClient("KEYtest", base_url=address) as client:
        with pytest.raises(ApiError) as caught:
            await client.calls.hangup("x")
    assert caught.value.status == 302
    assert paths == ["/calls/x/actions/hangup"]


async def test_a_netrc_that_names_the_host_changes_nothing(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with TelnyxClient("KEYtest", base_url=emulator.api_base) as client:
        await caller(emulator, client)


def test_the_environment_names_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert environment_proxy(URL("https://api.telnyx.com/v2")) == URL("http://proxy.example:3128")
    assert environment_proxy(URL("https://127.0.0.1/v2")) is None
    monkeypatch.setenv("https_proxy", "user:secret")
    with pytest.raises(ConfigError, match="HTTPS_PROXY") as caught:
        environment_proxy(URL("https://api.telnyx.com/v2"))
    assert "secret" not in str(caught.value)


async def test_a_proxys_password_reaches_the_proxy_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, str]] = []

    async def refuse(request: web.BaseRequest) -> web.Response:
        asked.append((request.method, request.raw_path, request.headers.get("Proxy-Authorization", "")))
        return web.Response(status=407)

    async with serving(refuse) as address:
        monkeypatch.setenv("https_proxy", address.replace("http://", "http://user:secret@"))
        monkeypatch.setenv("no_proxy", "")
        async with TelnyxClient("KEYtest") as client:
            with pytest.raises(NetworkError, match="the proxy answered 407") as caught:
                await client.calls.hangup("x")
    assert asked == [("CONNECT", "api.telnyx.com:443", "Basic " + base64.b64encode(b"user:secret").decode())]
    assert "secret" not in str(caught.value)
