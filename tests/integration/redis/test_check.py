"""A Redis that cannot hold the log is refused before anything is kept in it, and a forgetful one is said loudly."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from prometheus_client import CollectorRegistry, Gauge
from redis.asyncio import Redis
from structlog.testing import capture_logs

from ingress.errors import ConfigError
from ingress.redis_check import ReplicaError, check_at_start, check_redis
from ingress.redis_client import connect, when_redis_answers
from tests.integration.redis.servers import Cluster, command
from worker.testing.redis_server import PrivateRedis


@pytest.fixture
async def server(private_redis: Callable[[], PrivateRedis]) -> AsyncIterator[PrivateRedis]:
    yield private_redis()


@pytest.fixture
async def redis(server: PrivateRedis) -> AsyncIterator[Redis]:
    async with connect(server.url) as client:
        yield client


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
async def test_what_evicts_is_refused(redis: Redis, policy: str) -> None:
    await redis.config_set("maxmemory-policy", policy)
    with pytest.raises(ConfigError, match=f"maxmemory-policy {policy}.*set it to noeviction"):
        await check_redis(redis, "redis://:hunter2@there")


async def test_a_replica_is_refused_when_it_stays_one(server: PrivateRedis, redis: Redis) -> None:
    await command(server, "REPLICAOF", "127.0.0.1", 1)

    async def settle() -> None:
        await check_redis(redis, server.url)

    with pytest.raises(OSError, match=r"^redis://.* is a replica of 127\.0\.0\.1:1: name its master"):
        await when_redis_answers(settle, server.url, within_secs=0.5)


async def test_a_replica_that_becomes_the_master_in_time_is_good(server: PrivateRedis, redis: Redis) -> None:
    await command(server, "REPLICAOF", "127.0.0.1", 1)

    async def settle() -> None:
        try:
            await check_redis(redis, server.url)
        except ReplicaError:
            await command(server, "REPLICAOF", "NO", "ONE")
            raise

    await when_redis_answers(settle, server.url)


@pytest.mark.parametrize(
    ("appendonly", "save", "kind", "said"),
    [
        ("yes", "", "aof", ""),
        ("no", "3600 1", "rdb", "since the last snapshot"),
        ("no", "", "none", "ALL that was answered is lost"),
    ],
)
async def test_how_redis_keeps_things_is_said_and_counted(
    redis: Redis, appendonly: str, save: str, kind: str, said: str
) -> None:
    await redis.config_set("appendonly", appendonly)
    await redis.config_set("save", save)
    gauge = Gauge("persistence", "of the test", ["kind"], registry=CollectorRegistry())
    with capture_logs() as logs:
        await check_at_start(redis, "redis://there", gauge)
    assert [line["log_level"] for line in logs] == (["warning"] if said else [])
    assert all(said in line["warning"] for line in logs)
    counted = {sample.labels["kind"]: sample.value for metric in gauge.collect() for sample in metric.samples}
    assert counted == {"aof": 0, "rdb": 0, "none": 0, "unknown": 0} | {kind: 1}


async def test_where_config_is_not_for_us_info_tells_the_policy(server: PrivateRedis, redis: Redis) -> None:
    await command(server, "ACL", "SETUSER", "managed", "on", ">pass", "~*", "+@all", "-config")
    url = server.url.replace("redis://", "redis://managed:pass@")
    async with connect(url) as managed:
        assert (await check_redis(managed, url)).persistence == "aof"
        await redis.config_set("appendonly", "no")
        found = await check_redis(managed, url)
        assert found.persistence == "unknown"
        await redis.config_set("maxmemory-policy", "allkeys-lfu")
        with pytest.raises(ConfigError, match="maxmemory-policy allkeys-lfu"):
            await check_redis(managed, url)


async def test_one_bad_master_of_a_cluster_is_enough(own_nodes: Cluster) -> None:
    async with connect(own_nodes.url) as redis:
        await command(own_nodes.masters[1], "CONFIG", "SET", "appendonly", "no")
        assert (await check_redis(redis, own_nodes.url)).persistence == "none"
        await command(own_nodes.masters[2], "CONFIG", "SET", "maxmemory-policy", "allkeys-random")
        with pytest.raises(ConfigError, match="allkeys-random"):
            await check_redis(redis, own_nodes.url)
