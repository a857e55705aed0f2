"""The ingress as a process with a spool: what was answered 2xx is in the log once, whatever is killed meanwhile."""

from __future__ import annotations

import io
import json
import os
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import cast

import aiohttp
import anyio
import anyio.to_thread
import pytest
from redis.asyncio import Redis

from ingress.log import Keys, Partition, decode_entry
from tests.signing import Signer
from worker.demo.processes import Process, Processes
from worker.runtime.journal import Entries
from worker.testing.redis_server import PrivateRedis

CALLS = 6
PARTITIONS = 4


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def server(private_redis: Callable[[], PrivateRedis]) -> PrivateRedis:
    return private_redis()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def processes(tmp_path: Path, server: PrivateRedis, keys: Keys, signer: Signer, spool: Path) -> Iterator[Processes]:
    environment = {
        "SWITCHHOOK_REDIS_URL": server.url,
        "SWITCHHOOK_PREFIX": keys.prefix,
        "SWITCHHOOK_PUBLIC_KEY": signer.public_key,
        "SWITCHHOOK_PARTITIONS": str(PARTITIONS),
        "SWITCHHOOK_POLICY": "",
        "SWITCHHOOK_GRACE_SECS": "0",
        "SWITCHHOOK_SPOOL_DIR": str(spool),
    }
    with Processes(tmp_path, environment) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


class Caller:
    """Sends one call's webhooks one after another until it is told to stop, and notes what was answered 200."""

    def __init__(self, http: aiohttp.ClientSession, signer: Signer, call: int) -> None:
        self._http = http
        self._signer = signer
        self._call = call
        self.promised: list[str] = []
        self.others: list[int] = []
        self.stop = False

    async def run(self, base: str) -> None:
        number = 0
        while not self.stop:
            name = f"call-{self._call}-{number:05}"
            number += 1
            status = await post(self._http, base, self._signer, name, f"c{self._call}")
            if status == 200:
                self.promised.append(name)
            else:
                self.others.append(status)


async def post(http: aiohttp.ClientSession, base: str, signer: Signer, event_id: str, call: str = "c") -> int:
    """Return the status, or 0 when there was no answer."""
    payload = {"call_control_id": call}
    body = json.dumps({"data": {"event_type": "call.answered", "id": event_id, "payload": payload}}).encode()
    try:
        async with http.post(f"{base}/webhooks", data=io.BytesIO(body), headers=signer.headers(body)) as response:
            return response.status
    except (aiohttp.ClientError, OSError):
        return 0


async def started(processes: Processes, name: str = "ingress", **environment: str) -> tuple[str, Process]:
    process = processes.start(name, "worker.cli", "ingress", "--port", "0", **environment)
    return await process.line("listening on"), process


async def log_of(server: PrivateRedis, keys: Keys) -> dict[str, list[str]]:
    """Return the ids of the events of each call, in the order of the log."""
    calls: dict[str, list[str]] = defaultdict(list)
    async with Redis.from_url(server.url) as client:
        for partition in range(PARTITIONS):
            for _, fields in cast("Entries", await client.xrange(keys.log(Partition(partition)))):
                entry = decode_entry(fields)
                calls[entry.address.id].append(entry.event_id)
    return calls


def newest(spool: Path) -> Path:
    return max(spool.glob("*.spool"))


async def details(http: aiohttp.ClientSession, base: str) -> dict[str, int]:
    async with http.get(f"{base}/health/ready") as response:
        return {**await response.json(), "status": response.status}


async def until(http: aiohttp.ClientSession, base: str, condition: Callable[[dict[str, int]], bool]) -> None:
    with anyio.fail_after(30):
        while not condition(await details(http, base)):
            await anyio.sleep(0.02)


async def check(server: PrivateRedis, keys: Keys, callers: list[Caller]) -> None:
    """Assert that every event that was answered 200 is in the log once, and each call's events in their order."""
    calls = await log_of(server, keys)
    for number, caller in enumerate(callers):
        kept = calls[f"c{number}"]
        assert len(kept) == len(set(kept))
        assert kept == sorted(kept)
        assert set(caller.promised) <= set(kept)


async def test_redis_is_killed_twice_in_a_stream_of_webhooks_and_every_200_is_in_the_log_once_in_order(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer, server: PrivateRedis, keys: Keys
) -> None:
    base, _ = await started(processes)
    callers = [Caller(http, signer, number) for number in range(CALLS)]
    async with anyio.create_task_group() as tasks:
        for caller in callers:
            tasks.start_soon(caller.run, base)
        for _ in range(2):
            # Under everysec a write may wait for the fsync before it, and be lost when the server is killed: then what
            # Redis promised is missing, not what the spool did.
            async with Redis.from_url(server.url) as client:
                await client.config_set("appendfsync", "always")
            await sent(callers, 30)
            await anyio.to_thread.run_sync(server.kill)
            await sent(callers, 60)
            assert (await details(http, base))["spool_records"] > 0
            await anyio.to_thread.run_sync(server.start)
            await until(http, base, lambda found: found["spool_records"] == 0)
        await sent(callers, 30)
        for caller in callers:
            caller.stop = True
    assert [caller.others for caller in callers] == [[]] * CALLS
    await check(server, keys, callers)


async def sent(callers: list[Caller], more: int) -> None:
    """Wait until each caller has had so many more answers."""
    wanted = [len(caller.promised) + more for caller in callers]
    with anyio.fail_after(30):
        while any(len(caller.promised) < count for caller, count in zip(callers, wanted, strict=True)):
            await anyio.sleep(0.01)


@pytest.mark.parametrize("fsync", ["always", "interval", "never"])
async def test_the_ingress_is_killed_while_it_writes_and_the_next_one_appends_what_it_promised(
    processes: Processes,
    http: aiohttp.ClientSession,
    signer: Signer,
    server: PrivateRedis,
    keys: Keys,
    spool: Path,
    fsync: str,
) -> None:
    base, process = await started(processes, SWITCHHOOK_SPOOL_FSYNC=fsync)
    server.kill()
    callers = [Caller(http, signer, number) for number in range(CALLS)]
    async with anyio.create_task_group() as tasks:
        for caller in callers:
            tasks.start_soon(caller.run, base)
        await sent(callers, 100)
        await anyio.to_thread.run_sync(process.kill)
        for caller in callers:
            caller.stop = True
    # As when it was killed within a write.
    with newest(spool).open("ab") as file:
        file.write(b"\x00\x00\x01")
    # Redis is still away: the next one begins nevertheless, and what it takes goes behind.
    base, second = await started(processes, "second")
    assert '"event": "spool.damaged"' in second.log.read_text()
    assert await post(http, base, signer, "late", "late") == 200
    found = await details(http, base)
    assert (found["status"], found["redis"]) == (200, False)
    assert found["spool_records"] > CALLS * 100
    server.start()
    await until(http, base, lambda found: found["spool_records"] == 0)
    await check(server, keys, callers)
    assert (await log_of(server, keys))["late"] == ["late"]


async def test_sigterm_leaves_the_spool_for_the_next_start_and_says_so(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer, server: PrivateRedis, keys: Keys, spool: Path
) -> None:
    base, process = await started(processes)
    server.kill()
    for name in ("a", "b", "c"):
        assert await post(http, base, signer, name) == 200
    os.kill(process.pid, signal.SIGTERM)
    assert await anyio.to_thread.run_sync(process.wait) == 0
    (said,) = [line for line in map(json.loads, process.log.read_text().splitlines()) if line["event"] == "spool.left"]
    assert (said["records"], said["directory"]) == (3, str(spool))
    server.start()
    base, _ = await started(processes, "second")
    assert await post(http, base, signer, "d") == 200
    await until(http, base, lambda found: found["spool_records"] == 0)
    assert (await log_of(server, keys))["c"] == ["a", "b", "c", "d"]


async def test_a_full_spool_answers_503_and_is_unready_until_redis_is_back(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer, server: PrivateRedis, keys: Keys
) -> None:
    base, _ = await started(processes, SWITCHHOOK_SPOOL_MAX_BYTES="4096")
    server.kill()
    promised: list[str] = []
    while (status := await post(http, base, signer, f"e{len(promised):04}")) == 200:
        promised.append(f"e{len(promised):04}")
    assert status == 503
    assert promised
    await until(http, base, lambda found: found["status"] == 503)
    async with http.get(f"{base}/metrics") as response:
        metrics = await response.text()
    assert f'switchhook_ingress_webhooks_total{{result="spooled",tenant="default"}} {len(promised)}.0' in metrics
    assert "switchhook_ingress_spool_refused_total 1.0" in metrics
    server.start()
    await until(http, base, lambda found: found["status"] == 200 and found["spool_records"] == 0)
    assert await post(http, base, signer, "after") == 200
    assert (await log_of(server, keys))["c"] == [*promised, "after"]


async def test_two_processes_do_not_share_a_spool(processes: Processes, spool: Path) -> None:
    await started(processes)
    second = processes.start("second", "worker.cli", "ingress", "--port", "0")
    assert await anyio.to_thread.run_sync(second.wait) == 2
    (line,) = second.log.read_text().splitlines()
    assert f"SWITCHHOOK_SPOOL_DIR: {spool} is in use by another ingress: give each its own folder" in line


async def test_a_log_with_another_number_of_partitions_ends_an_ingress_that_began_without_redis(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer, server: PrivateRedis, keys: Keys
) -> None:
    async with Redis.from_url(server.url) as client:
        await client.hset(keys.topology(), "partitions", "8")
    server.kill()
    base, process = await started(processes)
    assert await post(http, base, signer, "a") == 200
    server.start()
    assert await anyio.to_thread.run_sync(process.wait) == 2
    assert "set SWITCHHOOK_PARTITIONS=8" in process.log.read_text()
    base, _ = await started(processes, "second", SWITCHHOOK_PARTITIONS="8")
    await until(http, base, lambda found: found["spool_records"] == 0)
    async with Redis.from_url(server.url) as client:
        lengths = [await client.xlen(keys.log(Partition(partition))) for partition in range(8)]
    assert sum(lengths) == 1


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"SWITCHHOOK_DURABILITY": "disk"}, "SWITCHHOOK_DURABILITY is 'disk'"),
        ({"SWITCHHOOK_SPOOL_FSYNC": "often"}, "SWITCHHOOK_SPOOL_FSYNC is 'often'"),
        ({"SWITCHHOOK_SPOOL_MAX_BYTES": "1"}, "SWITCHHOOK_SPOOL_MAX_BYTES is 1"),
        ({"SWITCHHOOK_CONFIRM_MS": "5000"}, "SWITCHHOOK_CONFIRM_MS is 5000"),
        ({"SWITCHHOOK_SPOOL_DIR": "/proc/no"}, "SWITCHHOOK_SPOOL_DIR: /proc/no cannot be written"),
    ],
)
async def test_what_is_wrong_with_the_settings_is_said_in_one_line(
    processes: Processes, environment: dict[str, str], said: str
) -> None:
    process = processes.start("ingress", "worker.cli", "ingress", "--port", "0", **environment)
    assert await anyio.to_thread.run_sync(process.wait) == 2
    (line,) = process.log.read_text().splitlines()
    assert said in line


async def test_durability_aof_is_refused_at_the_start_where_redis_does_not_give_it(
    processes: Processes, server: PrivateRedis
) -> None:
    async with Redis.from_url(server.url) as client:
        await client.config_set("appendonly", "no")
    process = processes.start("ingress", "ingress", "--port", "0", SWITCHHOOK_DURABILITY="aof")
    assert await anyio.to_thread.run_sync(process.wait) == 2
    assert "set its appendonly to yes" in process.log.read_text()


async def test_durability_replica_answers_503_without_a_spool_when_no_replica_has_it(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer
) -> None:
    base, _ = await started(processes, SWITCHHOOK_DURABILITY="replica", SWITCHHOOK_SPOOL_DIR="")
    assert await post(http, base, signer, "a") == 503
