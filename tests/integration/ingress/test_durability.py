"""Answered means: as durable as was asked for. Real servers, with a replica and without."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest
from redis.asyncio import Redis

from ingress.durability import Confirmation, Durability, confirmation
from ingress.envelope import Address, LogEntry
from ingress.errors import ConfigError, LogUnavailableError
from ingress.log import EventLog, Keys
from ingress.redis_client import connect
from worker.testing.redis_server import PrivateRedis

ENTRY = LogEntry("e", Address("t", "call", "c"), "webhook", 5, b"raw")


async def asked(redis: Redis, level: Durability) -> Confirmation | None:
    return await confirmation(redis, level, replicas=1, wait_ms=200)


async def waitaof(redis: Redis) -> bool:
    version = str((await redis.info("server"))["redis_version"])
    return tuple(int(part) for part in version.split(".")[:2]) >= (7, 2)


async def test_memory_asks_for_nothing_beside_the_reply(redis: Redis) -> None:
    assert await asked(redis, "memory") is None


async def test_replica_is_appended_when_a_replica_has_it_and_not_before(
    private_redis: Callable[[], PrivateRedis],
) -> None:
    primary, replica = private_redis(), private_redis()
    async with connect(primary.url) as redis, connect(replica.url) as follower:
        log = EventLog(redis, Keys("x"), 1)
        log.require(await asked(redis, "replica"))
        with pytest.raises(LogUnavailableError, match="0 of 1 replicas confirmed the append within 200 ms"):
            await log.append([ENTRY])
        with pytest.raises(LogUnavailableError, match="0 of 1 replicas"):
            await log.keep_unrouted("t", "no id", 5, b"raw")
        await follower.replicaof("127.0.0.1", str(primary.port))
        with anyio.fail_after(20):
            while (await follower.info("replication")).get("master_link_status") != "up":
                await anyio.sleep(0.02)
        # It was in the primary all the time; now it is said, and it is there once.
        (again,) = await log.append([ENTRY])
        assert again.duplicate
        assert await follower.xlen(log.keys.log(log.partition_of(ENTRY.address))) == 1
        await log.keep_unrouted("t", "no id", 5, b"raw")
    # One that still writes its first append-only file does not heed SIGTERM (Redis 6.2).
    replica.kill()


async def test_a_batch_is_confirmed_once(private_redis: Callable[[], PrivateRedis]) -> None:
    primary = private_redis()
    async with connect(primary.url) as redis:
        log = EventLog(redis, Keys("x"), 4)
        await log.append([ENTRY])
        # No replica is wanted, so that the answer is there at once.
        log.require(Confirmation(("WAIT", 0, 100), 0))
        entries = [LogEntry(f"e{number}", ENTRY.address, "webhook", 5, b"raw") for number in range(20)]
        assert not any(appended.duplicate for appended in await log.append(entries))
        assert (await redis.info("commandstats"))["cmdstat_wait"]["calls"] == 1


async def test_aof_is_refused_without_an_append_only_file(private_redis: Callable[[], PrivateRedis]) -> None:
    async with connect(private_redis().url) as redis:
        await redis.config_set("appendonly", "no")
        with pytest.raises(ConfigError, match=r"SWITCHHOOK_DURABILITY=aof: .* set its appendonly to yes"):
            await asked(redis, "aof")


async def test_aof_wants_an_fsync_for_each_write_and_asks_for_it_where_the_server_knows_how(
    private_redis: Callable[[], PrivateRedis],
) -> None:
    async with connect(private_redis().url) as redis:
        with pytest.raises(ConfigError, match="set the appendfsync of this Redis to always"):
            await asked(redis, "aof")
        await redis.config_set("appendfsync", "always")
        told = await asked(redis, "aof")
        assert told == (Confirmation(("WAITAOF", 1, 0, 200), 1) if await waitaof(redis) else None)
        log = EventLog(redis, Keys("x"), 1)
        log.require(told)
        assert not (await log.append([ENTRY]))[0].duplicate
        await redis.config_set("no-appendfsync-on-rewrite", "yes")
        with pytest.raises(ConfigError, match="no-appendfsync-on-rewrite to no"):
            await asked(redis, "aof")


async def test_aof_is_refused_when_a_server_without_waitaof_may_not_be_asked(
    private_redis: Callable[[], PrivateRedis],
) -> None:
    server = private_redis()
    async with connect(server.url) as operator:
        await operator.execute_command("ACL", "SETUSER", "door", "on", ">pass", "~*", "+@all", "-config", "-command")  # type: ignore[no-untyped-call]
        async with connect(server.url.replace("redis://", "redis://door:pass@")) as redis:
            if await waitaof(operator):
                assert await asked(redis, "aof") == Confirmation(("WAITAOF", 1, 0, 200), 1)
                return
            with pytest.raises(ConfigError, match="allow this user CONFIG GET"):
                await asked(redis, "aof")


def test_a_file_that_was_not_written_in_time_is_said() -> None:
    told = Confirmation(("WAITAOF", 1, 0, 200), 1)
    assert told.lacking([1, 0]) == ""
    assert told.lacking([0, 0]) == "0 of 1 append-only files confirmed the append within 200 ms"
