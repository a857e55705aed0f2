"""What operators ask of a Cluster, and of the master of Sentinels: before one is lost, after it, and with none left."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import anyio
import msgspec
import pytest
from redis.asyncio import Redis
from redis.crc import key_slot

from ingress.envelope import Address
from ingress.log import Keys, Partition, settle_topology
from ingress.redis_client import connect
from tests.integration.redis.servers import Cluster, sentinels
from tests.integration.redis.servers import until as until_so
from tests.integration.runtime.conftest import PARTITIONS, Bench
from worker.aggregates import machine
from worker.console.exits import Exit
from worker.events import webhooks as w
from worker.events.event import Event

LEASE_SECS = 2.0


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> list[type]:
    """Return the types of events upon which folding raises; what is taken out of it is mended."""
    bad: list[type] = [w.CallHold]
    fold = machine.fold

    def raising(state: machine.AggregateState, cause: Event) -> machine.AggregateState:
        if type(cause.body) in bad:
            raise ZeroDivisionError("of the test")
        return fold(state, cause)

    monkeypatch.setattr(machine, "fold", raising)
    return bad


class Operator:
    """Runs commands beside the workers of a log, in processes of their own: they know nothing of the poison."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._environment = os.environ | {"SWITCHHOOK_REDIS_URL": bench.url, "SWITCHHOOK_PREFIX": bench.keys.prefix}

    async def hears(self, *words: str, status: Exit = Exit.OK) -> str:
        """Run a command that ends with *status*, and return what it says."""

        with anyio.fail_after(60):
            ended = await anyio.run_process(
                [sys.executable, "-m", "worker.cli", *words], env=self._environment, check=False
            )
        said, complaint = ended.stdout.decode(), ended.stderr.decode()
        assert ended.returncode == status, (words, said, complaint)
        return said or complaint

    async def listed(self, **events: int) -> None:
        """Wait until just these calls are in quarantine, with so many events: their owner says so within a second."""
        wanted = {f"default/call:{name}": count for name, count in events.items()}
        with anyio.fail_after(30):
            while True:
                found = msgspec.json.decode(await self.hears("quarantine", "list", "--json"))
                if {each["address"]: each["events"] for each in found} == wanted:
                    return
                await anyio.sleep(0.05)

    async def owned(self) -> None:
        """Wait until `partitions` shows that all have an owner and nothing waits."""
        with anyio.fail_after(30):
            while True:
                looks = msgspec.json.decode(await self.hears("partitions", "--json"))["partitions"]
                if all(look["owner"] == "a" and not look["lag"] for look in looks):
                    return
                await anyio.sleep(0.05)

    async def verified(self) -> None:
        """See that all partitions agree."""
        verified = await self.hears("verify", "--all", "--wait", "20")
        assert verified.count(": agrees (") + verified.count("nothing to compare") == PARTITIONS, verified
        assert verified.count("    live      of a: the same") == PARTITIONS, verified

    async def does_all(self, poison: list[type], *, before: str) -> None:
        """Ask everything there is to ask; the calls' names begin with *before*."""
        kept, left_out = f"{before}1", f"{before}2"
        await self.owned()
        for name in (kept, left_out):
            for event_type in ("call.hold", "call.answered"):
                body = f'{{"data":{{"event_type":"{event_type}","payload":{{"call_control_id":"{name}"}}}}}}'
                await self._bench.webhook(Address("default", "call", name), body.encode())
        await self.listed(**{kept: 2, left_out: 2})
        shown = await self.hears("partitions")
        assert f"{PARTITIONS} partitions, {PARTITIONS} owned" in shown
        assert "2 aggregates in quarantine" in shown
        await self.verified()
        shown = await self.hears("quarantine", "show", f"call:{kept}")
        assert "ZeroDivisionError: of the test" in shown
        assert "webhook  call hold" in shown
        again = await self.hears("quarantine", "retry", f"call:{kept}", status=Exit.BROKEN)
        assert "is in quarantine again" in again
        dropped = await self.hears("quarantine", "drop", f"call:{left_out}")
        assert "1 event that waited taken in" in dropped
        mended = poison.pop()
        retried = await self.hears("quarantine", "retry", f"call:{kept}")
        assert "2 events that waited taken in" in retried
        poison.append(mended)
        await self.listed()
        await self.hears("quarantine", "drop", f"call:{kept}", status=Exit.NOT_FOUND)
        told = await self.hears("replay", f"call:{kept}")
        assert told.count("intent   release from quarantine") == 2
        partition = self._bench.log.partition_of(Address("default", "call", kept))
        assert f"[default/call:{kept}]" in await self.hears("replay", str(partition))
        await self.hears("replay", "call:nobody", status=Exit.NOT_FOUND)
        await self.hears("partitions", "--prefix", "nobody", status=Exit.NOT_FOUND)

    async def is_told_that_redis_is_away(self, call: str) -> None:
        """See that all commands end with a sentence, and its status."""
        for words in (
            ("partitions",), ("verify", "--all"), ("quarantine", "list"), ("quarantine", "show", call),
            ("quarantine", "retry", call), ("replay", call),
        ):  # fmt: skip
            said = await self.hears(*words, status=Exit.UNREACHABLE)
            assert said.startswith("switchhook: "), said


async def test_of_a_cluster_before_while_and_after_a_master_is_lost(
    own_nodes: Cluster, keys: Keys, poison: list[type]
) -> None:
    call = Address("default", "call", "later1")
    async with connect(own_nodes.url) as redis:
        await settle_topology(redis, keys, PARTITIONS)
        bench = Bench(redis, own_nodes.url, keys)
        operator = Operator(bench)
        async with bench.worker("a", lease_secs=LEASE_SECS, snapshot_events=1):
            await operator.does_all(poison, before="first")
            slot = key_slot(keys.log(bench.log.partition_of(call)).encode())
            victim = await own_nodes.owner(slot)
            own_nodes.masters.remove(victim)
            victim.kill()

            async def promoted() -> bool:
                return await own_nodes.owner(slot) is not victim

            await until_so(promoted)
            await until_so(lambda: _answers(redis, keys))
            await operator.does_all(poison, before="later")
        (await own_nodes.owner(slot)).kill()
        await operator.is_told_that_redis_is_away(str(call))


async def test_by_sentinels_before_while_and_after_a_master_is_lost(
    tmp_path: Path, keys: Keys, poison: list[type]
) -> None:
    async with sentinels(tmp_path) as servers, connect(servers.url) as redis:
        await settle_topology(redis, keys, PARTITIONS)
        bench = Bench(redis, servers.url, keys)
        operator = Operator(bench)
        async with bench.worker("a", lease_secs=LEASE_SECS, snapshot_events=1):
            await operator.does_all(poison, before="first")
            servers.master.kill()
            await servers.promoted()
            await until_so(lambda: _answers(redis, keys))
            await operator.does_all(poison, before="later")
        servers.replica.kill()
        await operator.is_told_that_redis_is_away("call:later1")


async def _answers(redis: Redis, keys: Keys) -> bool:
    """Return whether each partition's keys can be read and written."""
    for number in range(PARTITIONS):
        await redis.set(keys.question(Partition(number)), b"", px=1)
    return True
