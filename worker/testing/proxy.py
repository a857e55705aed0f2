"""A TCP proxy that breaks connections on purpose: for tests of what a network does between two processes.

It listens on a free loopback port and passes everything on, until it is told to cut, to hold back, to break in the
middle of a reply, or to be slow. What it holds back is passed on when it is let go, as TCP does.
"""

from __future__ import annotations

import itertools
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import anyio
from anyio.abc import SocketAttribute, SocketStream

CONNECT_SECS = 2.0
_CHUNK_BYTES = 65_536
#: A close with this option says RST, which is what a peer sees of a cut that it hears of.
_RESET = struct.pack("ii", 1, 0)

#: Called with a connection's number and what its client has sent, before it is passed on.
Listener = Callable[[int, bytes], None]


class Proxy:
    """One way from a port of its own to a server. Its attributes may be set at any time, and hold from then on."""

    def __init__(self, host: str, server_port: int, *, heard: Listener | None = None) -> None:
        self.port = 0
        #: New connections are closed at once.
        self.refusing = False
        #: How long each piece takes, each way.
        self.latency_secs = 0.0
        #: How many bytes of replies have come; more than were passed on while they are held.
        self.reply_bytes = 0
        #: How many connections were broken by `cut` or in the middle of a reply.
        self.broken = 0
        self._host = host
        self._server_port = server_port
        self._heard = heard
        self._numbers = itertools.count(1)
        self._links: dict[int, tuple[SocketStream, SocketStream]] = {}
        self._cut_after: int | None = None
        self._requests_pass, self._replies_pass = anyio.Event(), anyio.Event()
        self.let_go()

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self._links)

    def hold(self, *, requests: bool = True, replies: bool = True) -> None:
        """Pass nothing on, either way or one of them, and tell nobody: connections stay half-open."""
        if requests and self._requests_pass.is_set():
            self._requests_pass = anyio.Event()
        if replies and self._replies_pass.is_set():
            self._replies_pass = anyio.Event()

    def let_go(self) -> None:
        """Pass on what was held back, and all that comes."""
        self._requests_pass.set()
        self._replies_pass.set()

    def cut_after(self, reply_bytes: int) -> None:
        """Break the one connection that passes on the last of so many more bytes of replies, right after it."""
        self._cut_after = reply_bytes

    async def cut(self) -> None:
        """Break every connection at once; both ends hear of it."""
        for number in list(self._links):
            await self._break(number)

    async def serve(self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled."""
        async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
            self.port = int(listener.extra(SocketAttribute.local_port))  # noqa: S610  # AnyIO's, not Django's
            task_status.started()
            await listener.serve(self._link)

    async def _link(self, client: SocketStream) -> None:
        async with client:
            if self.refusing:
                _reset_on_close(client)
                return
            try:
                with anyio.fail_after(CONNECT_SECS):
                    server = await anyio.connect_tcp(self._host, self._server_port)
            except (OSError, TimeoutError):
                _reset_on_close(client)
                return
            async with server:
                number = next(self._numbers)
                self._links[number] = client, server
                try:
                    async with anyio.create_task_group() as tasks:
                        tasks.start_soon(self._requests, number, tasks.cancel_scope)
                        tasks.start_soon(self._replies, number, tasks.cancel_scope)
                finally:
                    del self._links[number]

    async def _requests(self, number: int, link: anyio.CancelScope) -> None:
        client, server = self._links[number]
        async for data in _pieces(client):
            await self._requests_pass.wait()
            await anyio.sleep(self.latency_secs)
            if self._heard is not None:
                self._heard(number, data)
            if not await _sent(server, data):
                break
        link.cancel()

    async def _replies(self, number: int, link: anyio.CancelScope) -> None:
        client, server = self._links[number]
        async for data in _pieces(server):
            self.reply_bytes += len(data)
            await self._replies_pass.wait()
            await anyio.sleep(self.latency_secs)
            left = self._cut_after
            if left is not None and left <= len(data):
                self._cut_after = None
                await _sent(client, data[:left])
                await self._break(number)
                break
            if left is not None:
                self._cut_after = left - len(data)
            if not await _sent(client, data):
                break
        link.cancel()

    async def _break(self, number: int) -> None:
        if number not in self._links:
            # It ended while another one was broken.
            return
        self.broken += 1
        for stream in self._links[number]:
            _reset_on_close(stream)
            await anyio.aclose_forcefully(stream)


@asynccontextmanager
async def open_proxy(port: int, *, host: str = "127.0.0.1", heard: Listener | None = None) -> AsyncIterator[Proxy]:
    """Serve a proxy to *port* of *host* for the length of a block."""
    proxy = Proxy(host, port, heard=heard)
    async with anyio.create_task_group() as tasks:
        await tasks.start(proxy.serve)
        yield proxy
        tasks.cancel_scope.cancel()


async def _pieces(stream: SocketStream) -> AsyncIterator[bytes]:
    """Yield what comes, until the other end closes or the connection breaks."""
    while True:
        try:
            yield await stream.receive(_CHUNK_BYTES)
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            return


async def _sent(stream: SocketStream, data: bytes) -> bool:
    try:
        await stream.send(data)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        return False
    return True


def _reset_on_close(stream: SocketStream) -> None:
    # One that is closed already has told its peer.
    with suppress(OSError):
        raw = stream.extra(SocketAttribute.raw_socket)  # noqa: S610  # AnyIO's, not Django's
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
