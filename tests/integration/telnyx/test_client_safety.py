"""What the client makes of servers that lie, break off or answer strangely, and that it never says a secret."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import shutil
import ssl
import subprocess
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import anyio
import pytest
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey

from ingress.errors import ConfigError
from tests.integration.telnyx.answering import serving
from worker.commands import command as c
from worker.events.outcomes import CallSeen, Observed, Outcome, Unknown
from worker.telnyx.client import TelnyxClient
from worker.telnyx.errors import (
    ApiError,
    AuthenticationError,
    NetworkError,
    NotSentError,
    ServerError,
    TelnyxError,
    UnreadableError,
    UnsendableError,
)
from worker.telnyx.failures import network_error
from worker.telnyx.sender import Sender

KEY = "KEY0123_verysecret"
CALL = {"data": {"call_control_id": "x", "is_alive": True}}


@asynccontextmanager
async def saying(answer: bytes) -> AsyncIterator[str]:
    """Answer each connection with these bytes, whatever it asks, and close it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def http(status: str, content: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content


def all_that_is_told(error: BaseException | None) -> str:
    """Return everything that a log could make of *error* and of what it hides."""
    if error is None:
        return ""
    own = [str(error), repr(error), repr(error.args), repr(vars(error)), *traceback.format_exception(error)]
    return "\n".join([*own, all_that_is_told(error.__context__), all_that_is_told(error.__cause__)])


async def failure(address: str, **options: str) -> TelnyxError:
    async with TelnyxClient(KEY, base_url=address, **options) as client:  # type: ignore[arg-type]
        with anyio.fail_after(10), pytest.raises(TelnyxError) as caught:
            await client.calls.retrieve("x")
    return caught.value


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", NetworkError),
        (b"\x00\xff\r\n\r\n", NetworkError),
        (b"SSH-2.0-OpenSSH_9.6\r\n", NetworkError),
        (b"HTTP/1.1 abc OK\r\n\r\n", NetworkError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", NetworkError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}", NetworkError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", NetworkError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", NetworkError),
        (http("200 OK", b"no gzip at all", "Content-Encoding: gzip"), NetworkError),
        (http("200 OK", gzip.compress(b"{}")[:-9], "Content-Encoding: gzip"), TelnyxError),
        (http("200 OK", b"<html>Please log in</html>", "Content-Type: text/html"), UnreadableError),
        (http("204 No Content", b""), UnreadableError),
        (http("200 OK", b"\xff\xfe{\x00"), UnreadableError),
        (http("301 Moved", b"", "Location: https://elsewhere.example/"), ApiError),
        (http("999 Odd", b"?"), ServerError),
    ],
    ids=range(15),
)  # fmt: skip
async def test_whatever_comes_back_is_an_error_of_telnyxs(answer: bytes, kind: type[TelnyxError]) -> None:
    async with saying(answer) as address:
        error = await failure(address)
    assert isinstance(error, kind)
    assert KEY not in all_that_is_told(error)
    assert error.__context__ is None or isinstance(error, UnreadableError)
    assert len(str(error)) < 500


async def test_a_packed_answer_is_unpacked() -> None:
    packed = http("200 OK", gzip.compress(json.dumps(CALL).encode()), "Content-Encoding: gzip")
    async with saying(packed) as address, TelnyxClient(KEY, base_url=address) as client:
        assert (await client.calls.retrieve("x")).is_alive


async def test_where_no_content_is_awaited_none_is_read() -> None:
    async with saying(http("200 OK", b"<html>")) as address, TelnyxClient(KEY, base_url=address) as client:
        await client.queues.delete("q")


async def test_content_where_http_allows_none_is_a_broken_answer_at_the_most() -> None:
    """It is taken for the beginning of another answer: at once, or when that is looked for."""
    async with saying(http("204 No Content", b"surprise")) as address, TelnyxClient(KEY, base_url=address) as client:
        with contextlib.suppress(NetworkError):
            await client.queues.delete("q")


async def test_a_redirect_is_not_followed() -> None:
    asked: list[str] = []

    async def redirect(request: web.BaseRequest) -> web.Response:
        asked.append(request.raw_path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with serving(redirect) as address, TelnyxClient(KEY, base_url=address) as client:
        with pytest.raises(ApiError):
            await client.calls.hangup("x")
    assert asked == ["/calls/x/actions/hangup"]


async def test_a_page_that_repeats_the_request_does_not_bring_the_key_into_the_error() -> None:
    async def echo(request: web.BaseRequest) -> web.Response:
        told = f"You sent: {request.headers['Authorization']}"
        status = 502 if "calls" in request.path else 401
        errors = {"errors": [{"code": "10009", "title": told, "detail": told}]}
        answer = web.Response(status=status, text=told) if status == 502 else web.json_response(errors, status=status)
        answer.headers["X-Request-Id"] = told
        return answer

    async with serving(echo) as address, TelnyxClient(KEY, base_url=address) as client:
        with pytest.raises(ServerError) as page:
            await client.calls.retrieve("x")
        with pytest.raises(AuthenticationError) as document:
            await client.queues.retrieve("x")
    for caught in (page, document):
        assert KEY not in all_that_is_told(caught.value)
        assert "Bearer (the API key)" in caught.value.detail
    assert KEY not in repr(client)


@pytest.mark.parametrize("answer", [http("407 Proxy Authentication Required", b""), b"", http("200 OK", b"")])
async def test_a_proxys_password_is_never_told(answer: bytes) -> None:
    async with saying(answer) as address:
        proxy = address.replace("http://", "http://user:pa55word@")
        error = await failure("https://api.telnyx.example/v2", proxy=proxy)
    assert isinstance(error, NetworkError)
    assert "pa55word" not in all_that_is_told(error)
    assert KEY not in all_that_is_told(error)


async def test_a_proxy_that_is_not_there_is_one_to_which_nothing_was_sent(unused_tcp_port: int) -> None:
    proxy = f"http://user:pa55word@127.0.0.1:{unused_tcp_port}"
    error = await failure("https://api.telnyx.example/v2", proxy=proxy)
    assert isinstance(error, NotSentError)
    assert "pa55word" not in all_that_is_told(error)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_where_nothing_listens_it_is_said_with_the_address(host: str, unused_tcp_port: int) -> None:
    error = await failure(f"http://{host}:{unused_tcp_port}/v2")
    assert isinstance(error, NotSentError)
    assert str(error) == f"GET /calls/x: nothing listens at {host}:{unused_tcp_port} (connection refused)"


def test_a_name_that_is_not_known_is_said() -> None:
    key = ConnectionKey("nobody.invalid", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=0)
    error = network_error(
        aiohttp.ClientConnectorDNSError(key, OSError(-2, "?")), "GET /x", connect_secs=1, request_secs=1
    )
    assert isinstance(error, NotSentError)
    assert str(error) == "GET /x: the name nobody.invalid is not known, or cannot be looked up"


@pytest.mark.parametrize("key", ["", "KEY1\n", "KEY 1", "KEY\x00", "KEYé", "KEY\u2028"])
def test_a_key_that_is_none_is_refused_without_being_told(key: str) -> None:
    with pytest.raises(ConfigError, match="the API key is empty, or has") as caught:
        TelnyxClient(key)
    assert not key or key not in all_that_is_told(caught.value)


@pytest.mark.parametrize(
    "base",
    ["http://user:pa55word@127.0.0.1/v2", "https://api.telnyx.com/v2?x=pa55word", "https://api.telnyx.com/v2#pa55word",
     "http://127.0.0.1:99999999/pa55word", "ftp://pa55word", "http://api.telnyx.com/v2",
     "https://pa55word..com", f"https://pa55word{'a' * 60}.com"],
)  # fmt: skip
def test_a_base_url_that_is_more_or_less_than_an_address_is_refused(base: str) -> None:
    with pytest.raises(ConfigError, match="base URL") as caught:
        TelnyxClient(KEY, base_url=base)
    assert "pa55word" not in all_that_is_told(caught.value)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
async def test_a_certificate_that_nobody_vouches_for_is_refused_before_the_key_is_sent(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"]
    await anyio.run_process([*made, "-keyout", str(key), "-out", str(certificate)], stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(10))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        error = await failure(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert isinstance(error, NotSentError)
    assert "certificate" in str(error).lower()
    assert asked == []


@pytest.mark.parametrize("given", ["", "..", "\ud800"])
async def test_an_id_that_cannot_be_one_is_not_sent(given: str) -> None:
    async with saying(http("204 No Content", b"")) as address, TelnyxClient(KEY, base_url=address) as client:
        with pytest.raises(UnsendableError):
            await client.queues.delete(given)


async def test_an_answer_may_have_more_than_is_known_less_than_is_documented_and_new_words() -> None:
    shown = {"id": "c", "name": None, "status": "paused", "end_reason": "new", "region": None, "later": {"x": [1]}}
    answer = http("200 OK", json.dumps({"data": shown, "more": 1}).encode())
    async with saying(answer) as address, TelnyxClient(KEY, base_url=address) as client:
        conference = await client.conferences.retrieve("c")
    assert (conference.id, conference.name, conference.status, conference.end_reason) == ("c", "", "paused", "new")


async def test_a_read_whose_answer_is_no_answer_is_made_again() -> None:
    contents = [b"<html>", b"", json.dumps(CALL).encode()]

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(body=contents.pop(0))

    async with serving(answer) as address, TelnyxClient(KEY, base_url=address, retry_secs=10) as client:
        with anyio.fail_after(10):
            assert (await client.calls.retrieve("x")).is_alive
    assert contents == []


async def test_a_command_whose_answer_is_no_answer_was_accepted_and_is_not_made_again() -> None:
    asked: list[str] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        asked.append(request.path)
        return web.Response(body=b"<html>")

    async with serving(answer) as address, TelnyxClient(KEY, base_url=address, retry_secs=10) as client:
        with anyio.fail_after(10), pytest.raises(UnreadableError):
            await client.calls.answer("x")
    assert len(asked) == 1


@pytest.mark.parametrize("good", [True, False])
async def test_the_engine_reads_again_too_and_does_not_take_an_unreadable_answer_for_a_refusal(good: bool) -> None:
    asked: list[str] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        asked.append(request.method)
        return web.json_response(CALL) if good and len(asked) > 2 else web.Response(body=b"<html>")

    async with serving(answer) as address, TelnyxClient(KEY, base_url=address) as client:
        sender = Sender(client, try_secs=3 if good else 0.1)
        with anyio.fail_after(10):
            seen = await sender.send(c.ReadCall("x"), "k", epoch=1, first_tried_secs_ago=0)
    if good:
        assert seen == Observed("k", c.ReadCall("x"), CallSeen(alive=True))
    else:
        assert isinstance(seen, Outcome)
        assert isinstance(seen.result, Unknown)
    assert set(asked) == {"GET"}
