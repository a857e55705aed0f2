"""The client of a Cluster: each command at the node of its key, followed where the nodes send it, never repeated."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from typing import cast

import anyio
import pytest
from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError

from ingress.envelope import Address, LogEntry
from ingress.errors import ConfigError
from ingress.log import EventLog, Keys, Partition, settle_topology
from ingress.redis_check import check_redis
from ingress.redis_client import connect, when_redis_answers
from ingress.redis_cluster import ClusterRedis, masters_of
from tests.integration.redis.servers import Cluster, command
from worker.console.look import overview
from worker.runtime.journal import Entries
from worker.testing.redis_server import PrivateRedis

PARTITIONS = 16


@pytest.fixture
async def client(nodes: Cluster) -> AsyncIterator[Redis]:
    async with connect(nodes.url) as redis:
        yield redis


def entry(number: int) -> LogEntry:
    return LogEntry(f"e{number}", Address("default", "call", f"c{number}"), "webhook", number, b"{}")


def slot_of(keys: Keys, partition: int) -> int:
    return key_slot(keys.log(Partition(partition)).encode())


async def read(redis: Redis, keys: Keys, partition: int) -> list[str]:
    entries = cast("Entries", await redis.xrange(keys.log(Partition(partition))))
    return [fields[b"id"].decode() for _, fields in entries]


async def test_a_batch_over_all_nodes_is_in_order_in_each_partition_and_taken_once(client: Redis, keys: Keys) -> None:
    log = EventLog(client, keys, PARTITIONS)
    entries = [entry(number) for number in range(200)]
    first = await log.append(entries)
    assert not any(appended.duplicate for appended in first)
    again = await log.append(entries)
    assert all(appended.duplicate for appended in again)
    assert [appended.entry_id for appended in again] == [appended.entry_id for appended in first]
    for partition in range(PARTITIONS):
        expected = [each.event_id for each in entries if log.partition_of(each.address) == partition]
        assert await read(client, keys, partition) == expected
    assert isinstance(client, ClusterRedis)
    owners = {client._slots[slot_of(keys, partition)] for partition in range(PARTITIONS)}
    assert len(owners) == 3


async def test_a_script_that_one_node_has_forgotten_is_loaded_on_all(nodes: Cluster, client: Redis, keys: Keys) -> None:
    log = EventLog(client, keys, PARTITIONS)
    for master in nodes.masters:
        await command(master, "SCRIPT", "FLUSH")
        await log.append([entry(number) for number in range(50)])
    with pytest.raises(NoScriptError):
        await client.evalsha("0" * 40, 1, keys.log(Partition(0)))


async def test_all_that_tools_ask_is_answered(client: Redis, keys: Keys) -> None:
    await settle_topology(client, keys, PARTITIONS)
    await EventLog(client, keys, PARTITIONS).append([entry(number) for number in range(64)])
    seen = await overview(client, keys, PARTITIONS)
    assert sum(look.lag for look in seen.partitions) == 64
    assert await client.ping()
    found = await check_redis(client, "redis+cluster://there")
    assert (found.persistence, found.warnings) == ("aof", ())
    assert len(await masters_of(client)) == 3


async def test_a_slot_that_has_gone_to_another_node_is_followed(nodes: Cluster, client: Redis, keys: Keys) -> None:
    log = EventLog(client, keys, PARTITIONS)
    await log.append([entry(number) for number in range(32)])
    slot = slot_of(keys, 3)
    there = await nodes.owner(slot)
    await nodes.move(slot, next(node for node in nodes.masters if node is not there))
    await log.append([entry(number) for number in range(32, 64)])
    expected = [f"e{n}" for n in range(64) if log.partition_of(entry(n).address) == 3]
    assert await read(client, keys, 3) == expected
    await nodes.move(slot, there)
    assert await read(client, keys, 3) == expected


async def test_an_append_waits_while_its_slot_is_being_moved_and_keeps_its_order(
    nodes: Cluster, client: Redis, keys: Keys
) -> None:
    log = EventLog(client, keys, PARTITIONS)
    mine = [entry(n) for n in range(300) if log.partition_of(entry(n).address) == 5]
    await log.append(mine[:4])
    slot = slot_of(keys, 5)
    there = await nodes.owner(slot)
    other = next(node for node in nodes.masters if node is not there)
    # Half of the keys are still here, and half are there: neither node carries out a script of all of them.
    await command(other, "CLUSTER", "SETSLOT", slot, "IMPORTING", await nodes.id_of(there))
    await command(there, "CLUSTER", "SETSLOT", slot, "MIGRATING", await nodes.id_of(other))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(log.append, mine[4:8])
        await nodes.move(slot, other)
    assert await read(client, keys, 5) == [each.event_id for each in mine[:8]]
    await nodes.move(slot, there)


async def test_a_single_key_is_found_while_its_slot_is_being_moved(nodes: Cluster, client: Redis) -> None:
    name = "moved"
    slot = key_slot(name.encode())
    there = await nodes.owner(slot)
    other = next(node for node in nodes.masters if node is not there)
    await command(other, "CLUSTER", "SETSLOT", slot, "IMPORTING", await nodes.id_of(there))
    await command(there, "CLUSTER", "SETSLOT", slot, "MIGRATING", await nodes.id_of(other))
    await client.xadd(name, {"by": "the node that is asked"})
    assert await command(other, "CLUSTER", "COUNTKEYSINSLOT", slot) == 1
    reply = await client.xread({name: "0-0"}, block=100)
    assert reply
    await nodes.move(slot, other)
    await nodes.move(slot, there)


async def test_what_stands_behind_a_batch_is_asked_of_each_node_and_the_least_counts(client: Redis, keys: Keys) -> None:
    pipe = client.pipeline(transaction=False)
    for partition in range(PARTITIONS):
        pipe.set(keys.position(Partition(partition)), "1-0")
    pipe.execute_command("WAIT", 1, 1000)
    assert (await pipe.execute())[-1] == 1


async def test_a_pipeline_is_no_transaction(client: Redis) -> None:
    with pytest.raises(ValueError, match="not a transaction"):
        client.pipeline()


async def test_nothing_that_may_have_been_done_is_sent_again() -> None:
    async with connect("redis+cluster://127.0.0.1:1,127.0.0.1:2") as nobody:
        with pytest.raises(RedisConnectionError, match="who has which slots"):
            await nobody.get("key")


async def test_a_server_that_is_no_cluster_and_a_node_that_is_named_alone_are_refused_in_words(
    nodes: Cluster, redis_url: str
) -> None:
    wrong = redis_url.replace("redis://", "redis+cluster://")
    async with connect(wrong) as redis:

        async def ask() -> None:
            await check_redis(redis, wrong)

        with pytest.raises(ConfigError, match="is no Redis Cluster: write redis://"):
            await when_redis_answers(ask, wrong)
    node: PrivateRedis = nodes.masters[0]
    async with connect(node.url) as redis:
        with pytest.raises(ConfigError, match=r"write redis\+cluster://"):
            await check_redis(redis, node.url)


async def test_a_node_that_hangs_is_not_asked_for_what_any_can_answer(own_nodes: Cluster) -> None:
    async with connect(own_nodes.url) as redis:
        await redis.ping()
        os.kill(own_nodes.masters[0].pid, signal.SIGSTOP)
        try:
            answers = 0
            for _ in range(20):
                with anyio.move_on_after(0.5):
                    answers += bool(await redis.ping())
            assert answers >= 18
        finally:
            os.kill(own_nodes.masters[0].pid, signal.SIGCONT)
