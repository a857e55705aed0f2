"""How sure an event is before Telnyx is answered: in the memory of Redis, in its append-only file, or in its replicas.

Facts about Redis, from its documentation and source: WAIT and WAITAOF answer for all writes that the connection has
made before them; WAITAOF exists from Redis 7.2, and is an error when `appendonly` is off; `appendfsync always` makes
the file durable before a reply is sent, but not during a rewrite with `no-appendfsync-on-rewrite yes`. Under `everysec`
WAITAOF takes up to a second for each batch, and a webhook that waits behind another's batch would wait longer than
Telnyx does; so `aof` wants `always` in any case, and WAITAOF tells with each batch that it is still so.
"""

from __future__ import annotations

from typing import Literal, cast

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from ingress.errors import ConfigError
from ingress.redis_cluster import masters_of

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
        found = [(await server.info("replication")).get("connected_slaves", 0) for server in await masters_of(redis)]
        connected = min(int(each) for each in found)
        if connected < replicas:
            log.warning("durability.replicas_away", connected=connected, wanted=replicas)
        return Confirmation(("WAIT", replicas, wait_ms), replicas)
    if level == "aof":
        # All masters of a Cluster have to give it, and are asked for it in the same words.
        found = [await _append_only_file(server, wait_ms) for server in await masters_of(redis)]
        return next((each for each in found if each is not None), None)
    return None


async def _append_only_file(redis: Redis, wait_ms: int) -> Confirmation | None:
    if not int((await redis.info("persistence")).get("aof_enabled", 0)):
        raise ConfigError(f"{_SETTING}=aof: this Redis has no append-only file: set its appendonly to yes")
    has_waitaof = await _has_waitaof(redis)
    try:
        found = {**await redis.config_get("appendfsync"), **await redis.config_get("no-appendfsync-on-rewrite")}
    except ResponseError as exc:
        if not has_waitaof:
            raise ConfigError(
                f"{_SETTING}=aof: this Redis has no WAITAOF, which came with 7.2, and does not say what its "
                f"appendfsync is ({exc}): allow this user CONFIG GET, or use a newer Redis"
            ) from None
        log.warning("durability.appendfsync_unknown", reason=str(exc), help="it should be always: others are too slow")
    else:
        if found.get("appendfsync") != "always" or found.get("no-appendfsync-on-rewrite") != "no":
            raise ConfigError(
                f"{_SETTING}=aof: set the appendfsync of this Redis to always and its no-appendfsync-on-rewrite to no"
            )
    return Confirmation(("WAITAOF", 1, 0, wait_ms), 1) if has_waitaof else None


async def _has_waitaof(redis: Redis) -> bool:
    try:
        # As one word, or the library would read the reply as that of COMMAND.
        (known,) = cast("list[object]", await redis.execute_command("COMMAND INFO", "WAITAOF"))  # type: ignore[no-untyped-call]
    except ResponseError:
        # An ACL may forbid COMMAND; Valkey says 7.2.4 here, whatever its own version.
        version = str((await redis.info("server")).get("redis_version", "0"))
        return tuple(int(part) for part in version.split(".")[:2]) >= (7, 2)
    return known is not None
