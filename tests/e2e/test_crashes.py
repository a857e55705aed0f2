"""Callers are not lost by the death of processes: an audit of the log against the emulator's own books."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import anyio
from redis.asyncio import Redis

from ingress.log import Keys, Partition
from ingress.redis_client import connect
from tests.e2e.conftest import API_KEY
from tests.signing import Signer
from worker.demo.audit import Audit, Report
from worker.demo.processes import Process, Processes
from worker.demo.run import compare
from worker.replay.source import Follower, LogReader
from worker.testing.emulator.server import Emulator, serve
from worker.testing.emulator.settings import Conditions, EmulatorSettings
from worker.testing.redis_server import PrivateRedis

NUMBER = "+13125550131"
PARTITIONS = 16


async def books(http: aiohttp.ClientSession, emulator: Emulator) -> dict[str, list[dict[str, object]]]:
    async with http.get(f"{emulator.base}/emulator/books") as response:
        answer: dict[str, list[dict[str, object]]] = await response.json()
        return answer


async def ring(http: aiohttp.ClientSession, emulator: Emulator, **more: object) -> None:
    body = json.dumps({"to": NUMBER, "patience_secs": 60, "talk_secs": 1.0, **more})
    async with http.post(f"{emulator.base}/emulator/calls", data=body) as response:
        assert response.status == 200


async def settled(http: aiohttp.ClientSession, emulator: Emulator, reader: LogReader) -> None:
    """Wait until all callers have ended and every command has its outcome."""
    followers = [Follower(reader, Partition(number)) for number in range(PARTITIONS)]
    with anyio.fail_after(60):
        while True:
            now = await books(http, emulator)
            for follower in followers:
                await follower.catch_up()
            pending = any(follower.ledger.pending for follower in followers)
            saving = not all(recording["saved"] for recording in now["recordings"])
            await emulator.delivery.settle()
            if not pending and not saving and all(caller["ended_at"] for caller in now["callers"]):
                break
            await anyio.sleep(0.1)
        while any([await reader.undecided(Partition(number)) for number in range(PARTITIONS)]):
            await anyio.sleep(0.05)


@asynccontextmanager
async def centre(processes: Processes, signer: Signer, **environment: str) -> AsyncIterator[Emulator]:
    """Run an ingress, an emulator, and the workers a and b."""
    ingress = processes.start("ingress", "ingress", "--port", "0", **environment)
    url = await ingress.line("listening on")
    settings = EmulatorSettings(
        webhook_url=f"{url}/webhooks",
        api_key=API_KEY,
        signing_seed=signer.seed_text,
        seed=3,
        conditions=Conditions(duplicated=0.1, reorder_secs=0.1),
        characters_per_sec=200,
        webhook_attempts=10,
    )
    async with serve(settings) as emulator:
        for name in ("a", "b"):
            await worker(processes, emulator, name, **environment).line(f"worker {name} ready")
        yield emulator


def worker(processes: Processes, emulator: Emulator, name: str, **environment: str) -> Process:
    """Start a worker."""
    return processes.start(
        name, "worker", SWITCHHOOK_WORKER_ID=name, SWITCHHOOK_API_BASE=emulator.api_base, **environment
    )


async def talking(http: aiohttp.ClientSession, emulator: Emulator) -> None:
    """Wait until a caller is with an agent."""
    with anyio.fail_after(20):
        while not any(caller["stays"] for caller in (await books(http, emulator))["callers"]):
            await anyio.sleep(0.02)


async def audited(http: aiohttp.ClientSession, emulator: Emulator, reader: LogReader) -> Report:
    """Wait until all is over, and return an audit in which nothing may be broken."""
    await settled(http, emulator, reader)
    audit = Audit(threshold_secs=10)
    for number in range(PARTITIONS):
        async for step in reader.steps(Partition(number)):
            audit.take(Partition(number), step.event, step.decision)
    report = audit.report()
    assert report.invariants == {name: [] for name in report.invariants}
    assert compare(report, dict(await books(http, emulator))) == []
    return report


async def test_killing_both_workers_in_the_middle_of_calls_and_starting_them_again_loses_nothing(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer, redis: Redis, keys: Keys
) -> None:
    async with centre(processes, signer) as emulator:
        for _ in range(6):
            await ring(http, emulator)
        await talking(http, emulator)
        for process in processes.running:
            if process.name in ("a", "b"):
                process.kill()
        # Callers go on ringing, and hanging up, while nobody works.
        for _ in range(2):
            await ring(http, emulator)
        await ring(http, emulator, patience_secs=0.5)
        for name in ("c", "d"):
            worker(processes, emulator, name)
        report = await audited(http, emulator, LogReader(redis, keys))
        assert len((await books(http, emulator))["callers"]) == 9
    assert report.answered >= 6


async def test_killing_redis_and_starting_it_again_loses_nothing(
    processes: Processes,
    http: aiohttp.ClientSession,
    signer: Signer,
    keys: Keys,
    private_redis: Callable[[], PrivateRedis],
) -> None:
    server = private_redis()
    async with centre(processes, signer, SWITCHHOOK_REDIS_URL=server.url) as emulator:
        for _ in range(4):
            await ring(http, emulator)
        await talking(http, emulator)
        server.kill()
        server.start()
        for _ in range(2):
            await ring(http, emulator)
        redis = connect(server.url)
        report = await audited(http, emulator, LogReader(redis, keys))
        await redis.aclose()
    assert report.answered == 6


async def test_a_worker_that_is_told_to_end_hands_over_and_the_calls_go_on(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer, redis: Redis, keys: Keys
) -> None:
    async with centre(processes, signer) as emulator:
        await ring(http, emulator)
        (leaving,) = [process for process in processes.running if process.name == "a"]
        assert await anyio.to_thread.run_sync(leaving.end) == 0
        await ring(http, emulator)
        report = await audited(http, emulator, LogReader(redis, keys))
    assert report.answered == 2
