"""The connections to Redis, with the time-outs of this engine, and with errors that say of a connection what it is.

Nothing is repeated here: a lost reply is for the caller to judge, who knows what may be repeated.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MasterDownError, ReadOnlyError, ResponseError

from ingress.redis_url import Login, RedisAddress, Tls

COMMAND_SECS = 2.0
CONNECT_SECS = 2.0
#: A blocking read is given this much longer than its own BLOCK before the socket is held for dead.
READ_SLACK_SECS = 2.0
#: One for each partition that waits for its next event; the library's own bound of 100 is less than there may be.
MAX_CONNECTIONS = 16_384
#: A way to Redis that a firewall has forgotten is noticed before it is needed.
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
#: How a server says that it is not, or no longer, the one that takes writes; up to Redis 6.2 a script's error has it
#: in its middle.
_DEMOTED = ("READONLY ", "MASTERDOWN ", "UNBLOCKED ")


class PlainConnection(AbstractConnection):
    """A connection that says of a closed transport, and of a server that has become a replica, what they are: lost."""

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        """Send; RedisConnectionError also where uvloop has another error.

        It raises a RuntimeError when what is written to has been closed by the peer already (a Redis that dies, or a
        load balancer that finds none, right after the connection was taken), which redis-py lets through.
        """
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as exc:
            await self.disconnect(nowait=True)
            raise RedisConnectionError(f"the connection was closed: {exc}") from exc

    async def read_response(self, *args: Any, **options: Any) -> Any:
        """Read; a server that was demoted is left, so that the next connection finds the one in its place."""
        try:
            return await super().read_response(*args, **options)
        except ResponseError as exc:
            if isinstance(exc, (ReadOnlyError, MasterDownError)) or any(word in str(exc) for word in _DEMOTED):
                await self.disconnect(nowait=True)
                raise RedisConnectionError(f"this Redis is a replica now: {exc}") from exc
            raise


class TcpConnection(PlainConnection, Connection):
    """To redis://."""


class TlsConnection(PlainConnection, SSLConnection):
    """To rediss://."""


class UnixConnection(PlainConnection, UnixDomainSocketConnection):
    """To unix://."""


def timeout_of(blocking_read_secs: float | None) -> float:
    """Return how long a reply is waited for by a client that reads with BLOCK so long, or never."""
    return COMMAND_SECS if blocking_read_secs is None else blocking_read_secs + READ_SLACK_SECS


def pool_of(
    address: RedisAddress,
    login: Login,
    *,
    timeout_secs: float,
    host: tuple[str, int] | None = None,
    db: int = 0,
    kind: type[AbstractConnection] | None = None,
    **more: object,
) -> ConnectionPool:
    """Return a pool of connections to *host*, or to the socket, with *address*'s TLS; nothing is sent yet."""
    options: dict[str, Any] = {
        "db": db,
        "username": login.username,
        "password": login.password,
        "socket_timeout": timeout_secs,
        "socket_connect_timeout": min(CONNECT_SECS, timeout_secs),
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 0,
        **more,
    }
    if address.kind == "unix":
        options |= {"connection_class": UnixConnection, "path": address.path}
        return ConnectionPool(max_connections=MAX_CONNECTIONS, **options)
    options |= {
        "connection_class": kind or (TlsConnection if address.tls else TcpConnection),
        "socket_keepalive": True,
        "socket_keepalive_options": {
            getattr(socket, name): value for name, value in _KEEPALIVE.items() if hasattr(socket, name)
        },
    }
    if host is not None:
        options["host"], options["port"] = host
    return ConnectionPool(max_connections=MAX_CONNECTIONS, **options, **(_tls_options(address.tls)))


def _tls_options(tls: Tls | None) -> dict[str, Any]:
    if tls is None:
        return {}
    return {
        "ssl_ca_certs": tls.ca,
        "ssl_certfile": tls.certificate,
        "ssl_keyfile": tls.key,
        "ssl_password": tls.key_password,
        "ssl_cert_reqs": "required" if tls.verify else "none",
        "ssl_check_hostname": tls.check_name,
    }
