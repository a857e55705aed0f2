"""How sure an event is before Telnyx is answered: in the memory of Redis, in its append-only file, or in its replicas.

Facts about Redis, from its documentation and source: WAIT and WAITAOF answer for all writes that the connection has
made before them; WAITAOF exists from Redis 7.2, and is an error when `appendonly` is off; `appendfsync always` makes
the file durable before a reply is sent, but not during a rewrite with `no-appendfsync-on-rewrite yes`.
"""

from __future__ import annotations

from typing import Literal, cast

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from ingress.errors import ConfigError

log = structlog.get_logger(__name__)

Durability = Literal["memory", "aof", "replica"]

_SETTING = "SWITCHHOOK_DURABILITY"


class Confirmation(msgspec.Struct, frozen=True):
    """What is asked once behind each batch of appends, on the same connection, and how much has to be answered."""

    command: tuple[str | int, ...]
    wanted: int

    def lacking(self, reply: int | list[int]) -> str:
        """Return what *reply* lacks, in words, or nothing."""
        given = reply if isinstance(reply, int) else reply[0]
        if given >= self.wanted:
            return ""
        who = "replicas" if isinstance(reply, int) else "append-only files"
        return f"{given} of {self.wanted} {who} confirmed the append within {self.command[-1]} ms"


async def confirmation(redis: Redis, level: Durability, *, replicas: int, wait_ms: int) -> Confirmation | None:
    """Return what is to be asked behind each batch for *level*; nothing where Redis's reply itself says it.

    Raises:
        ConfigError: Redis does not give that level; the sentence says what to change.
        RedisError: Redis does not answer.
        OSError: As before.
    """
    if level == "replica":
        connected = int((await redis.info("replication")).get("connected_slaves", 0))
        if connected < replicas:
            log.warning("durability.replicas_away", connected=connected, wanted=replicas)
        return Confirmation(("WAIT", replicas, wait_ms), replicas)
    if level == "aof":
        return await _append_only_file(redis, wait_ms)
    return None


async def _append_only_file(redis: Redis, wait_ms: int) -> Confirmation | None:
    if not int((await redis.info("persistence")).get("aof_enabled", 0)):
        raise ConfigError(f"{_SETTING}=aof: this Redis has no append-only file: set its appendonly to yes")
    if await _has_waitaof(redis):
        return Confirmation(("WAITAOF", 1, 0, wait_ms), 1)
    version = (await redis.info("server")).get("redis_version")
    told = f"{_SETTING}=aof: this Redis ({version}) has no WAITAOF, which came with 7.2"
    try:
        found = {**await redis.config_get("appendfsync"), **await redis.config_get("no-appendfsync-on-rewrite")}
    except ResponseError as exc:
        raise ConfigError(
            f"{told}, and does not say what its appendfsync is ({exc}): allow this user CONFIG GET, "
            "or use a newer Redis"
        ) from None
    if found.get("appendfsync") != "always" or found.get("no-appendfsync-on-rewrite") != "no":
        raise ConfigError(
            f"{told}: set its appendfsync to always and no-appendfsync-on-rewrite to no, or use a newer Redis"
        )
    return None


async def _has_waitaof(redis: Redis) -> bool:
    try:
        # As one word, or the library would read the reply as that of COMMAND.
        (known,) = cast("list[object]", await redis.execute_command("COMMAND INFO", "WAITAOF"))  # type: ignore[no-untyped-call]
    except ResponseError:
        # An ACL may forbid COMMAND; Valkey says 7.2.4 here, whatever its own version.
        version = str((await redis.info("server")).get("redis_version", "0"))
        return tuple(int(part) for part in version.split(".")[:2]) >= (7, 2)
    return known is not None
