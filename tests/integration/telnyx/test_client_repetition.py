"""What the client sends a second time, and what never, told by counting what arrives."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import anyio
import pytest
from aiohttp import web

from tests.integration.telnyx.answering import serving
from worker.telnyx.calls.answering import AnswerBody
from worker.telnyx.calls.queueing import EnqueueBody
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences.bodies import HoldBody
from worker.telnyx.conferences.media import PlayBody
from worker.telnyx.errors import ApiError, DeadlineError, HeldBackError, NetworkError, RateLimitedError
from worker.telnyx.queues.bodies import CreateBody

Made = Callable[[TelnyxClient], Coroutine[object, object, object]]
OK = {"data": {"result": "ok"}}
PLAY: Made = lambda client: client.conferences.play("c", PlayBody(audio_url="u"))  # noqa: E731
ANSWER: Made = lambda client: client.calls.answer("x")  # noqa: E731
HOLD: Made = lambda client: client.conferences.hold("c", HoldBody())  # noqa: E731
HANGUP: Made = lambda client: client.calls.hangup("x")  # noqa: E731


class NoPause(random.Random):
    """Chance that never makes a repetition wait; it tells when it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = anyio.Event()

    def uniform(self, a: float, _: float) -> float:
        self.asked.set()
        return a


class Server:
    """Does what the script says, one step for each request, then answers."""

    def __init__(self, *script: str | int | web.Response) -> None:
        self.script = list(script)
        self.bodies: list[dict[str, object]] = []

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        self.bodies.append(json.loads(await request.read() or b"{}"))
        step = self.script.pop(0) if self.script else 200
        if step == "break":
            assert request.transport is not None
            request.transport.abort()
        if isinstance(step, web.Response):
            return step
        return web.json_response(OK, status=step) if isinstance(step, int) else web.Response()

    @property
    def count(self) -> int:
        return len(self.bodies)


@asynccontextmanager
async def client_of(server: Server, *, retry_secs: float = 10.0) -> AsyncIterator[TelnyxClient]:
    async with (
        serving(server) as address,
        TelnyxClient("KEYtest", base_url=address, retry_secs=retry_secs, jitter=NoPause()) as client,
    ):
        with anyio.fail_after(10):
            yield client


async def test_a_keyed_command_is_given_a_key_and_keeps_it_when_its_answer_is_lost() -> None:
    server = Server("break", 503, "break")
    async with client_of(server) as client:
        await client.calls.answer("x", AnswerBody(client_state="YQ=="))
        await client.calls.answer("x", AnswerBody(client_state="YQ=="))
    keys = [body["command_id"] for body in server.bodies]
    assert len(keys) == 5
    assert keys[0]
    assert len(set(keys[:4])) == 1
    assert keys[4] != keys[0]
    assert {body["client_state"] for body in server.bodies} == {"YQ=="}


async def test_a_key_of_ones_own_is_kept() -> None:
    server = Server(503)
    async with client_of(server) as client:
        await client.calls.enqueue("x", EnqueueBody(queue_name="q", command_id="mine"))
    assert [body["command_id"] for body in server.bodies] == ["mine", "mine"]


async def test_without_repetition_nothing_is_given_a_key_or_sent_twice() -> None:
    server = Server("break")
    async with client_of(server, retry_secs=0) as client:
        with pytest.raises(NetworkError):
            await client.calls.answer("x")
    assert server.bodies == [{}]


@pytest.mark.parametrize("step", ["break", 500, 503])
@pytest.mark.parametrize("made", [PLAY, lambda x: x.queues.create(CreateBody(queue_name="q"))])
async def test_what_has_its_effect_each_time_is_never_sent_again_blindly(made: Made, step: str | int) -> None:
    server = Server(step)
    async with client_of(server) as client:
        with pytest.raises((NetworkError, ApiError)):
            await made(client)
    assert server.count == 1


@pytest.mark.parametrize("made", [PLAY, ANSWER, HOLD, HANGUP])
async def test_what_a_limit_turned_away_is_sent_again_whatever_it_is(made: Made) -> None:
    server = Server(429, 429)
    async with client_of(server) as client:
        await made(client)
    assert server.count == 3


@pytest.mark.parametrize("made", [HOLD, HANGUP, lambda x: x.queues.delete("q")])
async def test_what_says_how_it_should_be_is_sent_again_after_a_lost_answer(made: Made) -> None:
    server = Server(503, 500)
    async with client_of(server) as client:
        await made(client)
    assert server.count == 3


async def test_a_command_that_never_left_is_sent_when_somebody_is_there(unused_tcp_port: int) -> None:
    server, jitter = Server(), NoPause()
    runner = web.ServerRunner(web.Server(server, access_log=None), shutdown_timeout=1)
    base = f"http://127.0.0.1:{unused_tcp_port}"
    async with TelnyxClient("KEYtest", base_url=base, retry_secs=10, jitter=jitter) as client:
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(PLAY, client)
                await jitter.asked.wait()
                assert server.count == 0
                await runner.setup()
                await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    await runner.cleanup()
    assert server.count == 1


@pytest.mark.parametrize("header", ["Retry-After", "X-RateLimit-Reset"])
async def test_it_waits_as_long_as_the_answer_asks_for(header: str) -> None:
    async with client_of(Server(web.Response(status=429, headers={header: "0.04"}))) as client:
        before = anyio.current_time()
        await ANSWER(client)
        assert anyio.current_time() - before >= 0.04


async def test_when_the_window_is_used_up_a_request_waits_for_its_end() -> None:
    told = {"x-ratelimit-limit": "9", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "0.04"}
    async with client_of(Server(web.json_response(OK, headers=told)), retry_secs=0) as client:
        await PLAY(client)
        before = anyio.current_time()
        await PLAY(client)
        assert anyio.current_time() - before >= 0.03


@pytest.mark.parametrize("retry_secs", [0, 5])
async def test_a_wait_beyond_the_deadline_is_told_at_once_and_nothing_is_sent(retry_secs: float) -> None:
    told = {"x-ratelimit-limit": "9", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "600"}
    server = Server(web.json_response(OK, headers=told))
    async with client_of(server, retry_secs=retry_secs) as client:
        await PLAY(client)
        before = anyio.current_time()
        with pytest.raises(HeldBackError, match="not sent: ") as caught:
            await PLAY(client)
        assert anyio.current_time() - before < 1
    assert isinstance(caught.value, RateLimitedError)
    assert server.count == 1


async def test_the_whole_time_is_a_bound_however_long_one_request_may_take() -> None:
    over = anyio.Event()

    async def stall(_: web.BaseRequest) -> web.Response:
        await over.wait()
        return web.Response()

    async with (
        serving(stall) as address,
        TelnyxClient("KEYtest", base_url=address, retry_secs=0.05, request_secs=60) as client,
    ):
        with anyio.fail_after(10), pytest.raises(DeadlineError, match=r"within the 0\.05 s"):
            await client.calls.retrieve("x")
        over.set()


@pytest.mark.parametrize("retry_secs", [0, 60])
async def test_a_task_that_is_cancelled_while_it_waits_for_an_answer_ends(retry_secs: float) -> None:
    asked, over = anyio.Event(), anyio.Event()

    async def stall(_: web.BaseRequest) -> web.Response:
        asked.set()
        await over.wait()
        return web.Response()

    async with serving(stall) as address, TelnyxClient("KEYtest", base_url=address, retry_secs=retry_secs) as client:
        with anyio.fail_after(10):
            task = asyncio.ensure_future(client.calls.retrieve("x"))
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        over.set()


async def test_no_more_requests_are_under_way_than_there_may_be_connections() -> None:
    under_way, most = 0, 0

    async def count(request: web.BaseRequest) -> web.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(3):
            await anyio.lowlevel.checkpoint()
        under_way -= 1
        return web.json_response(OK)

    async with serving(count) as address, TelnyxClient("KEYtest", base_url=address, max_connections=2) as client:
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                for _ in range(20):
                    tasks.start_soon(HANGUP, client)
    assert 1 <= most <= 2


@asynccontextmanager
async def closing_after_the_first(requests: list[str]) -> AsyncIterator[str]:
    """Answer the first request of each connection, and close it when the second has come: as one kept too long."""
    content = json.dumps({"data": {"result": "ok", "call_control_id": "x"}}).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for first in (True, False):
            head = await reader.readuntil(b"\r\n\r\n")
            requests.append(head.decode().split(" ", 1)[0])
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length or 0))
            if first:
                writer.write(answer + content)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_post_on_a_connection_that_was_closed_meanwhile_is_not_sent_again_by_the_library() -> None:
    requests: list[str] = []
    async with closing_after_the_first(requests) as address, TelnyxClient("KEYtest", base_url=address) as client:
        with anyio.fail_after(10):
            await PLAY(client)
            with pytest.raises(NetworkError):
                await PLAY(client)
            assert requests == ["POST", "POST"]


async def test_a_read_on_such_a_connection_is_asked_again_by_the_library() -> None:
    requests: list[str] = []
    async with closing_after_the_first(requests) as address, TelnyxClient("KEYtest", base_url=address) as client:
        with anyio.fail_after(10):
            await client.calls.retrieve("x")
            await client.calls.retrieve("x")
    assert requests == ["GET", "GET", "GET"]
