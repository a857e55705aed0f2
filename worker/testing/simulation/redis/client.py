"""redis-py's own client on connections to the model Redis: pool, pipelines, scripts and time-outs are its own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, cast

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from ingress.redis_client import COMMAND_SECS, CONNECT_SECS, READ_SLACK_SECS
from worker.testing.simulation.redis.replies import Args
from worker.testing.simulation.redis.server import Answer, Link, Server


class ModelConnection(AbstractConnection):
    """A connection whose other end is in this process. Commands are not packed into bytes, nor replies parsed."""

    def __init__(self, *, server: Server, **options: Any) -> None:
        super().__init__(**options)
        self._server = server
        self._link: Link | None = None
        self._answers: deque[Answer] = deque()

    @property
    def is_connected(self) -> bool:
        """Whether it is open, as far as this end knows."""
        return self._link is not None

    def repr_pieces(self) -> list[tuple[str, object]]:
        """Return what its repr shows."""
        return [("host", "model")]

    async def connect_check_health(self, *_: object, **__: object) -> None:
        """Open it, if it is not."""
        if self._link is not None:
            return
        try:
            async with asyncio.timeout(self.socket_connect_timeout):
                self._link = await self._server.connect()
        except TimeoutError:
            raise RedisTimeoutError("Timeout connecting to server") from None
        except OSError as exc:
            raise RedisConnectionError(str(exc)) from None

    async def disconnect(self, *_: object, **__: object) -> None:
        """Close it."""
        if self._link is not None:
            self._server.close(self._link)
        self._link = None
        self._answers.clear()

    async def send_packed_command(self, command: Any, *_: object, **__: object) -> None:
        """Send what `pack_command` or `pack_commands` returned."""
        if self._link is None:
            await self.connect_check_health()
        assert self._link is not None
        self._answers.extend(self._link.send(cast("Sequence[Args]", command)))

    async def can_read(self) -> bool:
        """Return False; raise ConnectionError when the other end has closed it."""
        if self._link is not None and self._link.broken:
            raise RedisConnectionError("the other end has closed the connection")
        return False

    async def read_response(self, *_: object, **__: object) -> Any:
        """Return the next reply."""
        if not self._answers:
            raise RedisConnectionError("the connection is closed")
        answer = self._answers.popleft()
        try:
            async with asyncio.timeout(self.socket_timeout):
                # The answer of a connection that is given up is not cancelled: the other end still holds it.
                await asyncio.wait([answer])
        except TimeoutError:
            await self.disconnect()
            raise RedisTimeoutError("Timeout reading from the model") from None
        except BaseException:
            await self.disconnect()
            raise
        try:
            return answer.result()
        except OSError as exc:
            await self.disconnect()
            raise RedisConnectionError(str(exc)) from None

    def pack_command(self, *args: Any) -> Any:
        """Return one command in the form that is sent."""
        return [self._encoded(args)]

    def pack_commands(self, commands: Iterable[Iterable[Any]]) -> Any:
        """Return several commands in the form that is sent."""
        return [self._encoded(command) for command in commands]

    def _encoded(self, command: Iterable[Any]) -> Args:
        """Return a command's words as bytes; redis-py writes some names as two words in one."""
        name, *rest = command
        return (*(word.encode() for word in str(name).split()), *(self._encode(arg) for arg in rest))

    def _encode(self, arg: Any) -> bytes:
        return cast("bytes", self.encoder.encode(arg))  # type: ignore[no-untyped-call]

    async def _connect(self) -> None:
        raise NotImplementedError

    def _host_error(self) -> str:
        return "the model"


def connect(server: Server, *, blocking_read_secs: float | None = None) -> Redis:
    """Return a client of *server*, with the time-outs of `ingress.redis_client.connect`."""
    timeout = COMMAND_SECS if blocking_read_secs is None else blocking_read_secs + READ_SLACK_SECS
    pool = ConnectionPool(
        connection_class=cast("type[AbstractConnection]", ModelConnection),
        server=server,
        protocol=2,
        socket_timeout=timeout,
        socket_connect_timeout=CONNECT_SECS,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis(connection_pool=pool)
