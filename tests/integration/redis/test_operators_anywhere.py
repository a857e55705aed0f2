"""What operators ask of a Cluster, and of the master of Sentinels: before one is lost, after it, and with none left."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import anyio
import msgspec
from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from ingress.envelope import Address
from ingress.log import Keys, Partition, settle_topology
from ingress.redis_client import connect
from tests.integration.redis.servers import Cluster, command, sentinels
from tests.integration.redis.servers import until as until_so
from tests.integration.runtime.conftest import PARTITIONS, Bench
from worker.console.exits import Exit
from worker.testing.redis_server import PrivateRedis

LEASE_SECS = 2.0
#: Where nobody dies, nobody is held for dead: a busy machine keeps servers silent for seconds.
LONG_MS = 60_000
SHORT_MS = 1_000
#: Calls.
KEPT, LEFT_OUT = "kept", "left-out"


class Operator:
    """Runs commands beside the workers of a log, in processes of their own: they know nothing of the poison."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._environment = os.environ | {"SWITCHHOOK_REDIS_URL": bench.url, "SWITCHHOOK_PREFIX": bench.keys.prefix}

    async def hears(self, *words: str, status: Exit = Exit.OK) -> str:
        """Run a command that ends with *status*, and return what it says.

        On a busy machine Redis may not answer in time: as the operator would, it is asked again, unless that could act
        twice.
        """
        repeatable = words[0] != "quarantine" or words[1] not in ("retry", "drop")
        with anyio.fail_after(120):
            while True:
                ended = await anyio.run_process(
                    [sys.executable, "-m", "worker.cli", *words], env=self._environment, check=False
                )
                said, complaint = ended.stdout.decode(), ended.stderr.decode()
                if not (repeatable and ended.returncode == Exit.UNREACHABLE != status):
                    break
        assert ended.returncode == status, (words, said, complaint)
        return said or complaint

    async def listed(self, **events: int) -> None:
        """Wait until just these calls are in quarantine, with so many events: their owner says so within a second."""
        wanted = {f"default/call:{name}": count for name, count in events.items()}
        with anyio.fail_after(120):
            while True:
                found = msgspec.json.decode(await self.hears("quarantine", "list", "--json"))
                if {each["address"]: each["events"] for each in found} == wanted:
                    return
                await anyio.sleep(0.05)

    async def owned(self) -> None:
        """Wait until `partitions` shows that all have an owner and nothing waits."""
        with anyio.fail_after(120):
            while True:
                looks = msgspec.json.decode(await self.hears("partitions", "--json"))["partitions"]
                if all(look["owner"] == "a" and not look["lag"] for look in looks):
                    return
                await anyio.sleep(0.05)

    async def quarantines_two(self) -> None:
        """Let two calls come into quarantine, each with one event behind the first."""
        await self.owned()
        for name in (KEPT, LEFT_OUT):
            for event_type in ("call.hold", "call.answered"):
                body = f'{{"data":{{"event_type":"{event_type}","payload":{{"call_control_id":"{name}"}}}}}}'
                await self._bench.webhook(Address("default", "call", name), body.encode())

    async def looks(self) -> None:
        """See that two are in quarantine, and all agrees."""
        await self.owned()
        await self.listed(**{KEPT: 2, LEFT_OUT: 2})
        shown = await self.hears("quarantine", "show", f"call:{KEPT}")
        assert "ZeroDivisionError: of the test" in shown
        assert "webhook  call hold" in shown
        shown = await self.hears("call", "show", f"{KEPT}", "--json")
        assert msgspec.json.decode(shown)["quarantined"] is True
        assert f"{PARTITIONS} owned" in await self.hears("top", "--once")
        verified = await self.hears("verify", "--all", "--wait", "60")
        assert verified.count(": agrees (") + verified.count("nothing to compare") == PARTITIONS, verified
        assert verified.count("    live      of a: the same") == PARTITIONS, verified

    async def releases(self, poison: list[type]) -> None:
        """Release both, one of them at the second time, and see it in the history."""
        again = await self.hears("quarantine", "retry", f"call:{KEPT}", "--wait", "60", status=Exit.BROKEN)
        assert "is in quarantine again" in again
        dropped = await self.hears("quarantine", "drop", f"call:{LEFT_OUT}", "--wait", "60")
        assert "1 event that waited taken in" in dropped
        poison.clear()
        retried = await self.hears("quarantine", "retry", f"call:{KEPT}", "--wait", "60")
        assert "2 events that waited taken in" in retried
        await self.listed()
        await self.hears("quarantine", "drop", f"call:{KEPT}", status=Exit.NOT_FOUND)
        told = await self.hears("replay", f"call:{KEPT}")
        assert told.count("intent   release from quarantine") == 2
        await self.hears("replay", "call:nobody", status=Exit.NOT_FOUND)
        shown = await self.hears("partitions")
        assert f"{PARTITIONS} partitions, {PARTITIONS} owned" in shown
        await self.hears("partitions", "--prefix", "nobody", status=Exit.NOT_FOUND)

    async def is_told_that_redis_is_away(self) -> None:
        """See that all commands end with a sentence, and its status."""
        call = f"call:{KEPT}"
        for words in (
            ("partitions",), ("verify", call), ("quarantine", "list"), ("quarantine", "retry", call), ("replay", call)
        ):  # fmt: skip
            said = await self.hears(*words, status=Exit.UNREACHABLE)
            assert said.startswith("switchhook: "), said


async def test_of_a_cluster_before_while_and_after_a_master_is_lost(
    own_nodes: Cluster, keys: Keys, poison: list[type]
) -> None:
    async def patient_for(silent_ms: int) -> None:
        for node in own_nodes.nodes:
            # One that is dead is told nothing.
            with suppress(RedisError, OSError):
                await command(node, "CONFIG", "SET", "cluster-node-timeout", silent_ms)

    await patient_for(LONG_MS)
    async with connect(own_nodes.url) as redis:
        await settle_topology(redis, keys, PARTITIONS)
        bench = Bench(redis, own_nodes.url, keys)
        operator = Operator(bench)
        key = keys.log(bench.log.partition_of(Address("default", "call", KEPT)))
        slot = key_slot(key.encode())
        async with bench.worker("a", lease_secs=LEASE_SECS, snapshot_events=1):
            await operator.quarantines_two()
            await operator.looks()
            await replicated(await own_nodes.owner(slot))
            await patient_for(SHORT_MS)
            await own_nodes.lose(key)
            await patient_for(LONG_MS)
            await until_so(lambda: answers(redis, keys), secs=60)
            await operator.looks()
            await operator.releases(poison)
        (await own_nodes.owner(slot)).kill()
        await operator.is_told_that_redis_is_away()


async def test_by_sentinels_before_while_and_after_a_master_is_lost(
    tmp_path: Path, keys: Keys, poison: list[type]
) -> None:
    async with sentinels(tmp_path) as servers, connect(servers.url) as redis:

        async def patient_for(silent_ms: int) -> None:
            for sentinel in servers.sentinels:
                await command(sentinel, "SENTINEL", "SET", servers.SERVICE, "down-after-milliseconds", silent_ms)

        await patient_for(LONG_MS)
        await settle_topology(redis, keys, PARTITIONS)
        bench = Bench(redis, servers.url, keys)
        operator = Operator(bench)
        async with bench.worker("a", lease_secs=LEASE_SECS, snapshot_events=1):
            await operator.quarantines_two()
            await operator.looks()
            await replicated(servers.master)
            await patient_for(SHORT_MS)
            servers.master.kill()
            await servers.promoted()
            await patient_for(LONG_MS)
            await until_so(lambda: answers(redis, keys), secs=60)
            await operator.looks()
            await operator.releases(poison)
        servers.replica.kill()
        await operator.is_told_that_redis_is_away()


async def replicated(master: PrivateRedis) -> None:
    """Wait until a replica has all that a master has now."""
    async with Redis(host="127.0.0.1", port=master.port, socket_timeout=5) as redis:
        wanted = int((await redis.info("replication"))["master_repl_offset"])

        async def so() -> bool:
            return int((await redis.info("replication"))["slave0"]["offset"]) >= wanted

        await until_so(so, secs=60)


async def answers(redis: Redis, keys: Keys) -> bool:
    """Return whether each partition's keys can be read and written."""
    for number in range(PARTITIONS):
        await redis.set(keys.question(Partition(number)), b"", px=1)
    return True
