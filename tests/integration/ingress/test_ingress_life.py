"""How an ingress that has only a public key begins, serves and ends, as a process."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import anyio
import anyio.to_thread
import pytest
from redis.asyncio import Redis

from ingress.app import DRAIN_SECS
from ingress.envelope import Address
from ingress.log import Keys, partition_of
from tests.signing import Signer
from worker.demo.processes import Process, Processes
from worker.testing.redis_server import PrivateRedis

MAX_BODY_BYTES = 1024 * 1024
ADDRESS = Address("default", "call", "c1")


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def processes(tmp_path: Path, redis_url: str, keys: Keys, signer: Signer) -> Iterator[Processes]:
    environment = {
        "SWITCHHOOK_REDIS_URL": redis_url,
        "SWITCHHOOK_PREFIX": keys.prefix,
        "SWITCHHOOK_PUBLIC_KEY": f"{Signer().public_key},{signer.public_key}",
        "SWITCHHOOK_POLICY": "",
        "SWITCHHOOK_GRACE_SECS": "0",
    }
    with Processes(tmp_path, environment) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def webhook(event_id: str, length: int = 0) -> bytes:
    body = b'{"data":{"event_type":"call.answered","id":"%s","payload":{"call_control_id":"c1"}}}' % event_id.encode()
    return body.ljust(length)


async def post(http: aiohttp.ClientSession, base: str, signer: Signer, body: bytes) -> int:
    async with http.post(f"{base}/webhooks", data=io.BytesIO(body), headers=signer.headers(body)) as response:
        return response.status


async def started(processes: Processes, **environment: str) -> tuple[str, Process]:
    process = processes.start("ingress", "ingress", "--port", "0", **environment)
    return await process.line("listening on"), process


async def until_ready_says(http: aiohttp.ClientSession, base: str, status: int) -> None:
    with anyio.fail_after(15):
        while True:
            async with http.get(f"{base}/health/ready") as response:
                if response.status == status:
                    return
            await anyio.sleep(0.02)


async def test_the_size_of_a_body_is_limited_to_a_mebibyte_and_not_below(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer
) -> None:
    base, _ = await started(processes)
    assert await post(http, base, signer, webhook("fits", MAX_BODY_BYTES)) == 200
    assert await post(http, base, signer, webhook("does not", MAX_BODY_BYTES + 1)) == 413


async def test_health_and_metrics_tell_what_was_taken_and_what_was_not(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer
) -> None:
    base, _ = await started(processes)
    statuses = [
        await post(http, base, signer, webhook("a")),
        await post(http, base, signer, webhook("a")),
        await post(http, base, signer, b"not JSON"),
        await post(http, base, Signer(), webhook("b")),
    ]
    assert statuses == [200, 200, 200, 401]
    await until_ready_says(http, base, 200)
    async with http.get(f"{base}/health/live") as response:
        assert (response.status, await response.json()) == (200, {"status": "live"})
    async with http.get(f"{base}/metrics") as response:
        metrics = await response.text()
    for result in ("accepted", "duplicate", "unrouted", "refused"):
        assert f'switchhook_ingress_webhooks_total{{result="{result}",tenant="default"}} 1.0' in metrics


async def test_an_ingress_that_is_leaving_is_unready_and_takes_webhooks_until_its_grace_is_over(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer, redis: Redis, keys: Keys
) -> None:
    base, process = await started(processes, SWITCHHOOK_GRACE_SECS="3")
    os.kill(process.pid, signal.SIGTERM)
    await until_ready_says(http, base, 503)
    assert await post(http, base, signer, webhook("late")) == 200
    assert await anyio.to_thread.run_sync(process.wait) == 0
    assert await redis.xlen(keys.log(partition_of(ADDRESS, 16))) == 1


async def test_what_is_under_way_at_sigterm_is_answered(
    processes: Processes,
    http: aiohttp.ClientSession,
    signer: Signer,
    private_redis: Callable[[], PrivateRedis],
    keys: Keys,
) -> None:
    server = private_redis()
    base, process = await started(processes, SWITCHHOOK_REDIS_URL=server.url)
    assert await post(http, base, signer, webhook("first")) == 200
    statuses: list[int] = []

    async def send() -> None:
        statuses.append(await post(http, base, signer, webhook("under way")))

    os.kill(server.pid, signal.SIGSTOP)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send)
        # Its batch is counted when it is on its way to Redis, which says nothing yet.
        await until_batches_are(http, base, 2)
        os.kill(process.pid, signal.SIGTERM)
        await until_nothing_listens(base)
        os.kill(server.pid, signal.SIGCONT)
    assert statuses == [200]
    assert await anyio.to_thread.run_sync(process.wait) == 0
    async with Redis.from_url(server.url) as client:
        assert await client.xlen(keys.log(partition_of(ADDRESS, 16))) == 2


async def test_sigterm_takes_the_grace_and_what_is_under_way_and_no_longer(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer, private_redis: Callable[[], PrivateRedis]
) -> None:
    server = private_redis()
    base, process = await started(processes, SWITCHHOOK_REDIS_URL=server.url, SWITCHHOOK_GRACE_SECS="1")
    os.kill(server.pid, signal.SIGSTOP)
    try:
        async with (
            anyio.create_task_group() as tasks,
            await anyio.connect_tcp("127.0.0.1", int(base.rpartition(":")[2])) as silent,
        ):
            os.kill(process.pid, signal.SIGTERM)
            with anyio.fail_after(1 + DRAIN_SECS + 1):
                await until_ready_says(http, base, 503)
                # One whose body does not come, one whom Redis does not answer, and one who only holds the line.
                await silent.send(b"POST /webhooks HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
                tasks.start_soon(post, http, base, signer, webhook("under way"))
                assert await anyio.to_thread.run_sync(process.wait, abandon_on_cancel=True) == 0
    finally:
        os.kill(server.pid, signal.SIGCONT)


async def test_a_path_that_is_not_there_is_answered_with_those_that_are(
    processes: Processes, http: aiohttp.ClientSession
) -> None:
    base, _ = await started(processes)
    for path in ("/", "/health", "/webhook", "/webhooks/default/more"):
        async with http.get(base + path) as response:
            assert response.status == 404
            assert await response.text() == (
                "there is no such path here; there are POST /webhooks, POST /webhooks/{tenant}, "
                "POST /intents/{tenant}, GET /intents/{tenant}/{id}, GET /openapi.json, "
                "GET /health/live, GET /health/ready, GET /metrics\n"
            )


async def until_nothing_listens(base: str) -> None:
    port = int(base.rpartition(":")[2])
    with anyio.fail_after(10):
        while True:
            try:
                stream = await anyio.connect_tcp("127.0.0.1", port)
            except OSError:
                return
            await stream.aclose()
            await anyio.sleep(0.01)


async def until_batches_are(http: aiohttp.ClientSession, base: str, count: int) -> None:
    with anyio.fail_after(10):
        while True:
            async with http.get(f"{base}/metrics") as response:
                if f"switchhook_ingress_batch_entries_count {count}.0" in await response.text():
                    return
            await anyio.sleep(0.01)


async def test_what_was_answered_200_is_recognised_after_redis_and_the_ingress_were_killed(
    processes: Processes,
    http: aiohttp.ClientSession,
    signer: Signer,
    private_redis: Callable[[], PrivateRedis],
    keys: Keys,
) -> None:
    server = private_redis()
    base, process = await started(processes, SWITCHHOOK_REDIS_URL=server.url)
    assert await post(http, base, signer, webhook("a")) == 200
    process.kill()
    server.kill()
    server.start()
    base, _ = await started(processes, SWITCHHOOK_REDIS_URL=server.url)
    assert await post(http, base, signer, webhook("a")) == 200
    async with Redis.from_url(server.url) as client:
        assert await client.xlen(keys.log(partition_of(ADDRESS, 16))) == 1


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"SWITCHHOOK_PUBLIC_KEY": ""}, "no public key"),
        ({"SWITCHHOOK_PUBLIC_KEY": "KEY0123456789"}, "SWITCHHOOK_PUBLIC_KEY is not"),
        ({"SWITCHHOOK_REDIS_URL": "host:6379"}, "is not a Redis address"),
        ({"SWITCHHOOK_POLICY": "nowhere.toml"}, "nowhere.toml"),
    ],
)
async def test_what_is_wrong_at_the_start_is_said_in_one_line_with_status_2(
    processes: Processes, environment: dict[str, str], said: str
) -> None:
    process = processes.start("ingress", "ingress", "--port", "0", **environment)
    assert await anyio.to_thread.run_sync(process.wait) == 2
    (line,) = process.log.read_text().splitlines()
    assert said in line
    assert "KEY0123456789" not in line
