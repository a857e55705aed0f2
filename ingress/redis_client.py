"""The Redis clients: one for commands, one for reads that wait. Time-outs are set here, not left to the library."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Iterator

import anyio
import structlog
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, ReadOnlyError, RedisError, ResponseError

from ingress.errors import ConfigError, LogUnavailableError
from ingress.redis_cluster import ClusterRedis
from ingress.redis_connection import COMMAND_SECS, CONNECT_SECS, READ_SLACK_SECS, pool_of, timeout_of
from ingress.redis_rights import lacking_right
from ingress.redis_sentinel import sentinel_pool
from ingress.redis_url import read_address, redact

__all__ = ["COMMAND_SECS", "CONNECT_SECS", "READ_SLACK_SECS", "connect", "redact", "when_redis_answers"]

log = structlog.get_logger(__name__)

#: How long a start waits for Redis, and how often it asks.
START_SECS, RETRY_SECS = 15.0, 0.2


def connect(url: str, *, blocking_read_secs: float | None = None) -> Redis:
    """Return a client of the Redis at *url* (`ingress.redis_url` has the forms); nothing is sent yet.

    Nothing is repeated by the library: a lost reply is for the caller to judge, who knows what may be repeated.

    Args:
        url: Where Redis is.
        blocking_read_secs: For a client that reads with BLOCK: the longest of these waits.

    Raises:
        ConfigError: *url* is not a Redis address, or a file that it names cannot be used.
    """
    address, timeout_secs = read_address(url), timeout_of(blocking_read_secs)
    if address.kind == "cluster":
        return ClusterRedis(
            address.hosts, lambda host: pool_of(address, address.login, timeout_secs=timeout_secs, host=host)
        )
    if address.kind == "sentinel":
        return Redis.from_pool(sentinel_pool(address, timeout_secs=timeout_secs))
    host = address.hosts[0] if address.hosts else None
    return Redis.from_pool(pool_of(address, address.login, timeout_secs=timeout_secs, host=host, db=address.db))


async def when_redis_answers(
    action: Callable[[], Awaitable[None]], url: str, *, within_secs: float = START_SECS
) -> None:
    """Do *action*, again and again while Redis does not answer: it may be starting too.

    Raises:
        ConfigError: Redis wants another password, or other rights, or its certificate cannot be trusted.
        OSError: It did not answer in time, or is a replica.
    """
    last: Exception | None = None
    with anyio.move_on_after(within_secs):
        while True:
            try:
                return await action()
            except (RedisError, OSError, LogUnavailableError) as exc:
                _refuse(exc, url)
                if last is None:
                    log.warning("redis.away", url=redact(url), error=str(exc))
                last = exc
                await anyio.sleep(RETRY_SECS)
    if isinstance(last, ReadOnlyError):
        # It does answer.
        raise OSError(str(last))
    why = f" ({last})" if last else ""
    raise OSError(f"{redact(url)} does not answer{why}: start Redis, or name another with --redis")


def _refuse(exc: BaseException, url: str) -> None:
    """Raise ConfigError when no waiting helps."""
    for cause in _causes(exc):
        if isinstance(cause, AuthenticationError):
            raise ConfigError(f"{redact(url)} refuses the user or password: put the right one in the URL") from None
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise ConfigError(
                f"{redact(url)}: the certificate of Redis cannot be trusted ({cause.verify_message}): name its "
                "authority with ?ssl_ca_certs=FILE, and the server as in its certificate"
            ) from None
        if isinstance(cause, ResponseError) and "cluster support disabled" in str(cause):
            raise ConfigError(f"{redact(url)} is no Redis Cluster: write redis:// or rediss://") from None
        if lacks := lacking_right(cause):
            raise ConfigError(f"{redact(url)}: {lacks}") from None


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__
