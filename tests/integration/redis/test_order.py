"""Of two notices that follow each other, whatever partitions they are for, the second is never there without the first.

`caller-expected` has to be in the conference's log before `connect` is in that of the caller's leg.
"""

from __future__ import annotations

import itertools
import os
import signal

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot

from ingress.envelope import Address, LogEntry
from ingress.errors import LogUnavailableError
from ingress.log import EventLog, Keys
from ingress.redis_client import connect
from tests.integration.redis.servers import Cluster

PARTITIONS = 16


def entry(kind: str, name: str) -> LogEntry:
    return LogEntry(f"{kind}-{name}", Address("default", kind, name), "notice", 0, b"{}")  # type: ignore[arg-type]


def elsewhere(log: EventLog, than: LogEntry) -> LogEntry:
    """Return a notice to a leg whose partition's slot belongs to another third of the slots."""
    third = _third(log, than)
    return next(
        made for made in (entry("call", f"c{number}") for number in itertools.count()) if _third(log, made) != third
    )


def _third(log: EventLog, made: LogEntry) -> int:
    return key_slot(log.keys.log(log.partition_of(made.address)).encode()) * 3 // 16_384


async def test_a_node_that_does_not_answer_holds_back_what_has_to_follow(own_nodes: Cluster, keys: Keys) -> None:
    async with connect(own_nodes.url) as redis:
        log = EventLog(redis, keys, PARTITIONS)
        expected = entry("conference", "room")
        connects = elsewhere(log, expected)
        await log.append([entry("call", f"warm-{number}") for number in range(50)])
        slot = key_slot(keys.log(log.partition_of(expected.address)).encode())
        victim = await own_nodes.owner(slot)
        os.kill(victim.pid, signal.SIGSTOP)
        try:
            with pytest.raises(LogUnavailableError):
                await log.append_in_turn([[expected, connects]])
            assert not await redis.exists(keys.seen(log.partition_of(connects.address), connects.event_id))
        finally:
            os.kill(victim.pid, signal.SIGCONT)


async def test_on_one_server_they_share_a_round_trip_in_their_order(redis: Redis, keys: Keys) -> None:
    log = EventLog(redis, keys, PARTITIONS)
    expected = entry("conference", "room")
    connects = elsewhere(log, expected)
    where = log.partition_of(connects.address)
    # Its partition is spoken to earlier in the batch, for another decision's sake.
    earlier = next(
        made
        for made in (entry("call", f"d{number}") for number in itertools.count())
        if log.partition_of(made.address) == where
    )
    await log.append([entry("call", "warm")])
    async with redis.monitor() as monitor:
        await log.append_in_turn([[earlier], [expected, connects]])
        names = [keys.seen(log.partition_of(each.address), each.event_id) for each in (earlier, expected, connects)]
        heard: list[str] = []
        async for told in monitor.listen():
            if told["command"].upper().startswith("EVALSHA"):
                heard += [name for name in names if name in told["command"]]
            if len(heard) == len(names):
                break
    assert heard == names
