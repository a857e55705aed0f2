"""The proxy that breaks connections on purpose: it passes everything on until it is told otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from worker.testing.proxy import Proxy, open_proxy

BROKEN = (anyio.EndOfStream, anyio.BrokenResourceError, OSError)


@asynccontextmanager
async def echoing() -> AsyncIterator[int]:
    """Serve what says everything back, and yield its port."""

    async def echo(stream: SocketStream) -> None:
        async with stream:
            try:
                async for data in stream:
                    await stream.send(data)
            except anyio.BrokenResourceError:
                return

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, echo)
        yield int(listener.extra(SocketAttribute.local_port))
        tasks.cancel_scope.cancel()


async def said(stream: SocketStream, size: int) -> bytes:
    heard = b""
    with anyio.fail_after(5):
        while len(heard) < size:
            heard += await stream.receive()
    return heard


async def silent(stream: SocketStream) -> bool:
    with anyio.move_on_after(0.05):
        await stream.receive()
        return False
    return True


@asynccontextmanager
async def proxied() -> AsyncIterator[tuple[Proxy, SocketStream]]:
    """Serve a proxy before what says everything back, and yield it with a connection that is up."""
    async with (
        echoing() as port,
        open_proxy(port) as proxy,
        await anyio.connect_tcp("127.0.0.1", proxy.port) as stream,
    ):
        await stream.send(b"?")
        assert await said(stream, 1) == b"?"
        yield proxy, stream


async def test_everything_is_passed_on_and_heard() -> None:
    heard: list[tuple[int, bytes]] = []
    async with (
        echoing() as port,
        open_proxy(port, heard=lambda number, data: heard.append((number, data))) as proxy,
        await anyio.connect_tcp("127.0.0.1", proxy.port) as stream,
    ):
        await stream.send(b"hello")
        assert await said(stream, 5) == b"hello"
        assert proxy.connections == 1
    assert heard == [(1, b"hello")]


async def test_what_is_held_back_is_passed_on_when_it_is_let_go() -> None:
    async with proxied() as (proxy, stream):
        for requests, replies in ((True, False), (False, True), (True, True)):
            proxy.hold(requests=requests, replies=replies)
            await stream.send(b"hello")
            assert await silent(stream)
            proxy.let_go()
            assert await said(stream, 5) == b"hello"


async def test_a_reply_is_cut_at_the_byte_that_was_asked_for() -> None:
    async with proxied() as (proxy, stream):
        proxy.cut_after(7)
        await stream.send(b"hello")
        assert await said(stream, 5) == b"hello"
        await stream.send(b"again")
        heard = b""
        with anyio.fail_after(5), pytest.raises(BROKEN):
            while True:
                heard += await stream.receive()
        # What a reset overtakes is never read.
        assert heard in (b"ag", b"")
        assert proxy.broken == 1
        async with await anyio.connect_tcp("127.0.0.1", proxy.port) as other:
            await other.send(b"hello again")
            assert await said(other, 11) == b"hello again"


async def test_a_cut_breaks_every_connection_and_refusing_lets_none_in() -> None:
    async with proxied() as (proxy, stream):
        proxy.refusing = True
        await proxy.cut()
        for each in (stream, await anyio.connect_tcp("127.0.0.1", proxy.port)):
            with anyio.fail_after(5), pytest.raises(BROKEN):
                await each.receive()
            await each.aclose()
        assert proxy.broken == 1
