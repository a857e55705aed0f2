"""What the client writes on the wire, and what it makes of answers that the emulator never gives."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import anyio
import pytest
from aiohttp import web

from tests.integration.telnyx.answering import serving
from worker.telnyx.answers import PAGE_SIZE
from worker.telnyx.calls.answering import AnswerBody
from worker.telnyx.calls.dialling import DialBody
from worker.telnyx.calls.media import SpeakBody
from worker.telnyx.calls.operations import ANSWER
from worker.telnyx.calls.queueing import EnqueueBody
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences.bodies import CreateBody, JoinBody, LeaveBody
from worker.telnyx.conferences.queries import ConferencesQuery
from worker.telnyx.conferences.recording import RecordStartBody
from worker.telnyx.errors import (
    ApiError,
    ConflictError,
    DeadlineError,
    NetworkError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    TelnyxError,
    api_error,
)
from worker.telnyx.operation import Body

OK = {"data": {"result": "ok"}}
CALL = "v3:a/b?c#d%2F é"
PATH_OF_CALL = "v3%3Aa%2Fb%3Fc%23d%252F%20%C3%A9"


class Scribe:
    """Notes each request's line and body, and answers with *document*."""

    def __init__(self, document: object = OK) -> None:
        self.document = document
        self.asked: list[tuple[str, str]] = []
        self.bodies: list[object] = []
        self.headers: list[dict[str, str]] = []

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        self.asked.append((request.method, request.raw_path))
        self.headers.append(dict(request.headers))
        content = await request.read()
        if content:
            self.bodies.append(json.loads(content))
        return web.json_response(self.document)


def answering(status: int, content: bytes) -> Callable[[web.BaseRequest], Awaitable[web.Response]]:
    """Return a handler that always answers the same."""

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(status=status, body=content, content_type="application/json")

    return answer


POSTS: list[tuple[Callable[[TelnyxClient], Awaitable[object]], str]] = [
    (lambda x: x.calls.answer(CALL), f"/calls/{PATH_OF_CALL}/actions/answer"),
    (lambda x: x.calls.speak(CALL, SpeakBody(payload="Hi", voice="female")), f"/calls/{PATH_OF_CALL}/actions/speak"),
    (lambda x: x.calls.enqueue(CALL, EnqueueBody(queue_name="q")), f"/calls/{PATH_OF_CALL}/actions/enqueue"),
    (lambda x: x.calls.leave_queue(CALL), f"/calls/{PATH_OF_CALL}/actions/leave_queue"),
    (lambda x: x.calls.hangup(CALL), f"/calls/{PATH_OF_CALL}/actions/hangup"),
    (lambda x: x.conferences.join("a/b", JoinBody(call_control_id=CALL)), "/conferences/a%2Fb/actions/join"),
    (lambda x: x.conferences.leave("a/b", LeaveBody(call_control_id=CALL)), "/conferences/a%2Fb/actions/leave"),
    (
        lambda x: x.conferences.record_start("a/b", RecordStartBody(format="mp3")),
        "/conferences/a%2Fb/actions/record_start",
    ),
    (lambda x: x.conferences.record_stop("a/b"), "/conferences/a%2Fb/actions/record_stop"),
    (lambda x: x.conferences.end("a/b"), "/conferences/a%2Fb/actions/end"),
]


@pytest.mark.parametrize(("command", "path"), POSTS)
async def test_whatever_a_name_has_in_it_is_one_segment_of_the_path(
    command: Callable[[TelnyxClient], Awaitable[object]], path: str
) -> None:
    scribe = Scribe()
    async with serving(scribe) as address, TelnyxClient("KEYtest", base_url=f"{address}/v2/") as client:
        await command(client)
    assert scribe.asked == [("POST", f"/v2{path}")]
    assert scribe.headers[0]["Authorization"] == "Bearer KEYtest"
    assert scribe.headers[0]["Content-Type"] == "application/json"


async def test_reads_escape_names_too() -> None:
    scribe = Scribe({"data": {"call_control_id": CALL, "id": "a", "name": "b"}})
    async with serving(scribe) as address, TelnyxClient("KEYtest", base_url=address) as client:
        await client.calls.retrieve(CALL)
        await client.conferences.retrieve("../calls")
        await client.queues.retrieve("north & south")
        await client.queues.call("north & south", CALL)
    assert scribe.asked == [
        ("GET", f"/calls/{PATH_OF_CALL}"),
        ("GET", "/conferences/..%2Fcalls"),
        ("GET", "/queues/north%20%26%20south"),
        ("GET", f"/queues/north%20%26%20south/calls/{PATH_OF_CALL}"),
    ]


async def test_the_brackets_of_a_filter_are_escaped_and_an_absent_filter_is_not_sent() -> None:
    scribe = Scribe({"data": []})
    async with serving(scribe) as address, TelnyxClient("KEYtest", base_url=address) as client:
        assert [x async for x in client.conferences.list(ConferencesQuery(name="a&b = c", status="in_progress"))] == []
        assert [x async for x in client.conferences.list()] == []
    pages = f"page%5Bnumber%5D=1&page%5Bsize%5D={PAGE_SIZE}"
    filters = "filter%5Bname%5D=a%26b%20%3D%20c&filter%5Bstatus%5D=in_progress"
    assert scribe.asked == [("GET", f"/conferences?{filters}&{pages}"), ("GET", f"/conferences?{pages}")]


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (
            DialBody(to="sip:a@b.c", from_="+13125550100", connection_id="1", timeout_secs=30, client_state="YQ==",
                     command_id="k"),
            {"to": "sip:a@b.c", "from": "+13125550100", "connection_id": "1", "timeout_secs": 30,
             "client_state": "YQ==", "command_id": "k"},
        ),
        (DialBody(to="+1", from_="+2", connection_id="1"), {"to": "+1", "from": "+2", "connection_id": "1"}),
        (EnqueueBody(queue_name="q", max_wait_time_secs=60), {"queue_name": "q", "max_wait_time_secs": 60}),
        (CreateBody(call_control_id="leg", name="room", command_id="k"),
         {"call_control_id": "leg", "name": "room", "command_id": "k"}),
        (AnswerBody(), {}),
    ],
)  # fmt: skip
async def test_a_body_has_telnyxs_names_and_nothing_that_was_not_said(body: Body, sent: object) -> None:
    scribe = Scribe()
    async with serving(scribe) as address, TelnyxClient("KEYtest", base_url=address) as client:
        await client.ask(ANSWER, "x", body=body)
    assert scribe.bodies == [sent]


async def test_no_answer_in_time_is_a_deadline_error_that_says_what_was_asked_and_for_how_long() -> None:
    over = anyio.Event()

    async def stall(_: web.BaseRequest) -> web.Response:
        await over.wait()
        return web.Response()

    async with (
        serving(stall) as address,
        TelnyxClient("KEYtest", base_url=address, request_secs=0.05) as client,
    ):
        with (
            anyio.fail_after(10),
            pytest.raises(DeadlineError, match=r"POST /calls/x/actions/hangup: no answer in 0\.05"),
        ):
            await client.calls.hangup("x")
        over.set()


async def test_nobody_there_is_a_network_error_without_the_key(unused_tcp_port: int) -> None:
    async with TelnyxClient("KEYtest", base_url=f"http://127.0.0.1:{unused_tcp_port}") as client:
        with pytest.raises(NetworkError, match="GET /calls/x: ") as caught:
            await client.calls.retrieve("x")
    assert "KEYtest" not in f"{caught.value!r}"
    assert not isinstance(caught.value, DeadlineError)


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"data":', b'{"data":{}}', b'{"data":[]}', b'{"data":{"id":5}}'])
async def test_an_answer_that_is_not_as_documented_is_an_error_of_telnyxs(content: bytes) -> None:
    async with serving(answering(200, content)) as address, TelnyxClient("KEYtest", base_url=address) as client:
        with pytest.raises(TelnyxError, match="not as documented"):
            await client.conferences.retrieve("x")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, PermissionDeniedError), (404, NotFoundError), (409, ConflictError), (429, RateLimitedError),
     (500, ServerError), (503, ServerError)],
)  # fmt: skip
async def test_a_gateways_page_instead_of_json_is_the_error_of_its_status(status: int, kind: type[ApiError]) -> None:
    page = b"<html>\n  <h1>Sorry</h1>\n</html>"
    async with serving(answering(status, page)) as address, TelnyxClient("KEYtest", base_url=address) as client:
        with pytest.raises(kind) as caught:
            await client.calls.retrieve("x")
    assert (caught.value.status, caught.value.code) == (status, "")
    assert caught.value.detail == "<html> <h1>Sorry</h1> </html>"


async def test_a_client_that_was_not_entered_says_so() -> None:
    with pytest.raises(RuntimeError, match="outside its `async with` block"):
        await TelnyxClient("KEYtest").calls.retrieve("x")


def test_an_error_has_the_first_of_telnyxs_errors_with_its_place_and_its_request() -> None:
    first = {"code": 90018, "title": "Call has already ended", "source": {"parameter": "call_control_id"}}
    content = json.dumps({"errors": [first, {"code": "10015", "title": "other"}]}).encode()
    error = api_error(422, content, {"x-request-id": "r-1"}.get)
    assert (error.code, error.title, error.pointer) == ("90018", "Call has already ended", "call_control_id")
    assert error.request_id == "r-1"


@pytest.mark.parametrize("content", [b'{"errors":[]}', b'{"errors":[{}]}', b"{}", b"[]", b"\xff\xfe", b"null"])
def test_an_error_that_explains_nothing_is_an_error_all_the_same(content: bytes) -> None:
    error = api_error(404, content, lambda _: None)
    assert isinstance(error, NotFoundError)
    assert error.code == ""


def test_of_a_long_page_only_the_beginning_is_kept() -> None:
    assert len(api_error(500, b"x" * 100_000, lambda _: None).detail) == 200


@pytest.mark.parametrize(
    "error",
    [
        {"detail": None},
        {"title": None},
        {"detail": {"a": 1}},
        {"source": "/name"},
        {"source": {"pointer": None, "parameter": None}},
        {"code": 90018},
    ],
)
def test_the_code_of_an_error_is_read_whatever_stands_beside_it(error: dict[str, object]) -> None:
    content = json.dumps({"errors": [{"code": "90018", "title": "T", "detail": "D", **error}, "another"]}).encode()
    read = api_error(422, content, lambda _: None)
    assert (read.code, read.pointer) == ("90018", None)


def test_a_wait_of_hours_is_told_and_so_never_cut_short() -> None:
    assert api_error(429, b"{}", {"retry-after": "86400"}.get).retry_after_secs == 86400
    assert api_error(429, b"{}", {"x-ratelimit-reset": "1792569600"}.get).retry_after_secs is None


@pytest.mark.parametrize("wait", ["-1", "nan", "inf", "1e999", "soon"])
def test_a_wait_that_makes_no_sense_is_not_waited(wait: str) -> None:
    assert api_error(429, b"{}", {"retry-after": wait}.get).retry_after_secs is None
