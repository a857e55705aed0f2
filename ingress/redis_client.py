"""The Redis clients: one for commands, one for reads that wait. Time-outs are set here, not left to the library."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable

import anyio
import structlog
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError

from ingress.errors import ConfigError, LogUnavailableError

log = structlog.get_logger(__name__)

COMMAND_SECS = 2.0
CONNECT_SECS = 2.0
#: How long a start waits for Redis, and how often it asks.
START_SECS, RETRY_SECS = 15.0, 0.2
#: A blocking read is given this much longer than its own BLOCK before the socket is held for dead.
READ_SLACK_SECS = 2.0

#: Up to the last @, for a password that was not percent-encoded may hold any character.
_USER_PASSWORD = re.compile(r"(?<=://)([^:@/?]*):.*@", re.DOTALL)
_QUERY_PASSWORD = re.compile(r"([?&]password=)[^&]*", re.IGNORECASE)


class _Lost(AbstractConnection):
    """A connection that says of a closed transport what it is: lost.

    uvloop raises a RuntimeError when what is written to has been closed by the peer already (a Redis that dies, or a
    load balancer that finds none, right after the connection was taken), which redis-py lets through.
    """

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as exc:
            await self.disconnect(nowait=True)
            raise RedisConnectionError(f"the connection was closed: {exc}") from exc


class _TcpConnection(_Lost, Connection):
    """To redis://."""


class _TlsConnection(_Lost, SSLConnection):
    """To rediss://."""


class _UnixConnection(_Lost, UnixDomainSocketConnection):
    """To unix://."""


_KINDS: dict[type[AbstractConnection], type[AbstractConnection]] = {
    Connection: _TcpConnection,
    SSLConnection: _TlsConnection,
    UnixDomainSocketConnection: _UnixConnection,
}


def connect(url: str, *, blocking_read_secs: float | None = None) -> Redis:
    """Return a client of the Redis at *url* (redis://, rediss:// or unix://); nothing is sent yet.

    Nothing is repeated by the library: a lost reply is for the caller to judge, who knows what may be repeated.

    Args:
        url: Where Redis is.
        blocking_read_secs: For a client that reads with BLOCK: the longest of these waits.

    Raises:
        ConfigError: *url* is not a Redis address.
    """
    timeout = COMMAND_SECS if blocking_read_secs is None else blocking_read_secs + READ_SLACK_SECS
    try:
        client = Redis.from_url(
            url,
            socket_timeout=timeout,
            socket_connect_timeout=CONNECT_SECS,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=0,
            decode_responses=False,
        )
    except (ValueError, RedisError):
        # The library's own words may quote a part of the password.
        raise ConfigError(
            f"{redact(url)} is not a Redis address: write redis://host:port/0, rediss://… or unix:///path, "
            "with a password percent-encoded"
        ) from None
    pool = client.connection_pool
    pool.connection_class = _KINDS[pool.connection_class]
    return client


async def when_redis_answers(
    action: Callable[[], Awaitable[None]], url: str, *, within_secs: float = START_SECS
) -> None:
    """Do *action*, again and again while Redis does not answer: it may be starting too.

    Raises:
        ConfigError: Redis wants another password.
        OSError: It did not answer in time.
    """
    said = False
    with anyio.move_on_after(within_secs):
        while True:
            try:
                return await action()
            except AuthenticationError:
                raise ConfigError(f"{redact(url)} refuses the user or password: put the right one in the URL") from None
            except (RedisError, OSError, LogUnavailableError) as exc:
                if not said:
                    log.warning("redis.away", url=redact(url), error=str(exc))
                said = True
                await anyio.sleep(RETRY_SECS)
    raise OSError(f"{redact(url)} does not answer: start Redis, or name another with --redis")


def redact(url: str) -> str:
    """Return *url* without its password, before the host or in the query, also when it is not a valid URL."""
    return _USER_PASSWORD.sub(r"\1:***@", _QUERY_PASSWORD.sub(r"\1***", url))
