"""The ingress as a process: what it answers, and that 200 means that the event is in the log."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import aiohttp
import anyio
import pytest
from redis.asyncio import Redis

from ingress.envelope import Address, LogEntry, read_webhook
from ingress.log import Keys, decode_entry, partition_of
from tests.signing import Signer
from worker.aggregates import machine
from worker.demo.processes import Processes
from worker.events.event import read_event
from worker.events.webhooks import Unread
from worker.runtime.journal import Entries
from worker.testing.redis_server import PrivateRedis

DATA = json.loads((Path(__file__).parents[1] / "data" / "webhooks.json").read_text())
REAL = [json.dumps(document).encode() for document in DATA["captured"] + DATA["documented"]]
#: Documented without a call_control_id.
UNROUTED = {"call.recording.saved"}
BODY = b'{"data":{"event_type":"call.answered","id":"e1","payload":{"call_control_id":"c1"}}}'


async def unrouted(redis: Redis, keys: Keys) -> list[bytes]:
    found = cast("Entries", await redis.xrange(keys.unrouted("default")))
    return [fields[b"raw"] for _, fields in found]


async def started(processes: Processes, **environment: str) -> tuple[str, int]:
    """Start an ingress and return where it listens, and its process id."""
    ingress = processes.start("ingress", "ingress", "--port", "0", **environment)
    return await ingress.line("listening on"), ingress.pid


async def log_of(redis: Redis, keys: Keys, address: Address) -> list[tuple[str, LogEntry]]:
    found = cast("Entries", await redis.xrange(keys.log(partition_of(address, 16))))
    entries = [(entry_id.decode(), decode_entry(fields)) for entry_id, fields in found]
    return [(entry_id, entry) for entry_id, entry in entries if entry.address == address]


async def post(http: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    async with http.post(url, data=io.BytesIO(body), headers=headers) as response:
        return response.status, await response.text()


async def test_real_and_documented_webhooks_land_byte_for_byte_where_they_belong_and_fold(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer, redis: Redis, keys: Keys
) -> None:
    base, _ = await started(processes)
    for number, original in enumerate(REAL):
        # The documented examples all have one id.
        document = json.loads(original)
        root = document.get("data", document)
        root["webhook_id" if "webhook_id" in root else "id"] = f"event-{number}"
        body = json.dumps(document).encode()
        status, _ = await post(http, f"{base}/webhooks", body, signer.headers(body))
        assert status == 200
        if root["event_type"] in UNROUTED:
            assert body in await unrouted(redis, keys)
            continue
        webhook = read_webhook("default", body)
        kept = await log_of(redis, keys, webhook.address)
        entry_id, entry = kept[-1]
        assert (entry.event_id, entry.raw) == (f"event-{number}", body)
        event = read_event(entry_id, entry)
        assert not isinstance(event.body, Unread)
        machine.fold(machine.new(event.address), event)


@pytest.mark.parametrize("path", ["/webhooks", "/webhooks/default"])
async def test_a_duplicate_is_answered_200_and_kept_once(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer, redis: Redis, keys: Keys, path: str
) -> None:
    base, _ = await started(processes)
    for _ in range(3):
        assert (await post(http, base + path, BODY, signer.headers(BODY)))[0] == 200
    assert len(await log_of(redis, keys, Address("default", "call", "c1"))) == 1


async def test_each_refusal_says_why_and_keeps_nothing(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer, redis: Redis, keys: Keys
) -> None:
    base, _ = await started(processes)
    good, url = signer.headers(BODY), f"{base}/webhooks"
    flipped = bytes([BODY[0] ^ 1]) + BODY[1:]
    big = b'"' + b"x" * (1024 * 1024) + b'"'
    expected = [
        (await post(http, url, flipped, good), 401, "signature"),
        (await post(http, url, BODY, Signer().headers(BODY)), 401, "signature"),
        (await post(http, url, BODY, signer.headers(BODY, at=time.time() - 400)), 401, "too old"),
        (await post(http, url, BODY, signer.headers(BODY, at=time.time() + 400)), 401, "too new"),
        (await post(http, url, BODY, {}), 400, "missing"),
        (await post(http, url, BODY, {**good, "telnyx-timestamp": "soon"}), 400, "Unix seconds"),
        (await post(http, f"{base}/webhooks/nobody", BODY, good), 404, "tenant"),
        (await post(http, url, big, signer.headers(big)), 413, "1048576"),
    ]
    for (status, text), wanted, word in expected:
        assert status == wanted
        assert word in text
    async with http.get(url) as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")
        assert "POST" in (await response.json())["reason"]
    assert await log_of(redis, keys, Address("default", "call", "c1")) == []


async def test_what_is_signed_and_cannot_be_routed_is_kept_for_a_person(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer, redis: Redis, keys: Keys
) -> None:
    base, _ = await started(processes)
    bodies = [b"not JSON", b'{"data":{"event_type":"account.closed","payload":{}}}']
    for body in bodies:
        assert (await post(http, f"{base}/webhooks", body, signer.headers(body)))[0] == 200
    assert await unrouted(redis, keys) == bodies


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not here")
async def test_a_webhook_signed_by_openssl_is_taken(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer
) -> None:
    base, _ = await started(processes)
    # A PKCS #8 Ed25519 private key is this prefix and the 32 bytes of the seed.
    pkcs8 = bytes.fromhex("302e020100300506032b657004220420") + signer.seed
    timestamp = str(int(time.time()))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "key.der").write_bytes(pkcs8)
        (folder / "message").write_bytes(timestamp.encode() + b"|" + BODY)
        command = ["openssl", "pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", f"{folder}/key.der"]
        ended = await anyio.run_process([*command, "-in", f"{folder}/message"])
        signed = ended.stdout
    headers = {"telnyx-timestamp": timestamp, "telnyx-signature-ed25519": base64.b64encode(signed).decode()}
    assert (await post(http, f"{base}/webhooks", BODY, headers))[0] == 200


async def test_requests_of_the_same_moment_are_all_kept(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer, redis: Redis, keys: Keys
) -> None:
    base, _ = await started(processes)
    statuses: list[int] = []

    async def one(number: int) -> None:
        body = BODY.replace(b"e1", b"e%d" % number)
        statuses.append((await post(http, f"{base}/webhooks", body, signer.headers(body)))[0])

    async with anyio.create_task_group() as tasks:
        for number in range(400):
            tasks.start_soon(one, number)
    assert statuses == [200] * 400
    assert len(await log_of(redis, keys, Address("default", "call", "c1"))) == 400
    async with http.get(f"{base}/metrics") as response:
        metrics = await response.text()
    assert 'switchhook_ingress_webhooks_total{result="accepted",tenant="default"} 400.0' in metrics


async def test_without_redis_telnyx_is_asked_to_come_again_and_is_welcome_when_redis_is_back(
    processes: Processes,
    http: aiohttp.ClientSession,
    signer: Signer,
    private_redis: Callable[[], PrivateRedis],
) -> None:
    server = private_redis()
    base, _ = await started(processes, SWITCHHOOK_REDIS_URL=server.url)
    server.kill()
    async with http.post(f"{base}/webhooks", data=BODY, headers=signer.headers(BODY)) as response:
        assert response.status == 503
        assert response.headers["Retry-After"]
    await ready(http, base, 503)
    server.start()
    await ready(http, base, 200)
    assert (await post(http, f"{base}/webhooks", BODY, signer.headers(BODY)))[0] == 200


async def test_a_redis_that_does_not_answer_is_not_waited_for_longer_than_telnyx_waits(
    processes: Processes,
    http: aiohttp.ClientSession,
    signer: Signer,
    private_redis: Callable[[], PrivateRedis],
) -> None:
    server = private_redis()
    base, _ = await started(processes, SWITCHHOOK_REDIS_URL=server.url)
    os.kill(server.pid, signal.SIGSTOP)
    with anyio.fail_after(10):
        assert (await post(http, f"{base}/webhooks", BODY, signer.headers(BODY)))[0] == 503
    os.kill(server.pid, signal.SIGCONT)
    await ready(http, base, 200)
    assert (await post(http, f"{base}/webhooks", BODY, signer.headers(BODY)))[0] == 200


async def test_sigterm_ends_it_with_0_after_what_is_under_way(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer
) -> None:
    base, _ = await started(processes)
    assert (await post(http, f"{base}/webhooks", BODY, signer.headers(BODY)))[0] == 200
    async with http.get(f"{base}/health/live") as response:
        assert response.status == 200
    assert processes.end_all() == {"ingress": 0}


async def test_sigterm_is_heard_while_redis_is_waited_for(processes: Processes) -> None:
    ingress = processes.start("ingress", "ingress", "--port", "0", SWITCHHOOK_REDIS_URL="redis://127.0.0.1:1/0")
    with anyio.fail_after(15):
        while "redis.away" not in ingress.log.read_text():
            await anyio.sleep(0.02)
    os.kill(ingress.pid, signal.SIGTERM)
    assert await anyio.to_thread.run_sync(ingress.wait) == 0


async def test_a_port_that_is_taken_is_said_with_the_setting(processes: Processes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ingress = processes.start("ingress", "ingress", "--port", port)
        assert await anyio.to_thread.run_sync(ingress.wait) == 2
    said = ingress.log.read_text()
    assert f"cannot listen on 127.0.0.1 port {port}" in said
    assert "set SWITCHHOOK_HOST and SWITCHHOOK_PORT to a free address" in said


async def test_a_body_that_does_not_come_is_not_waited_for(processes: Processes) -> None:
    base, _ = await started(processes)
    with anyio.fail_after(10):
        async with await anyio.connect_tcp("127.0.0.1", int(base.rpartition(":")[2])) as stream:
            await stream.send(b"POST /webhooks HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
            assert b" 408 " in await stream.receive()


async def test_the_signature_is_over_the_bytes_as_they_came_also_when_these_are_packed(
    processes: Processes, http: aiohttp.ClientSession, signer: Signer, redis: Redis, keys: Keys
) -> None:
    base, _ = await started(processes)
    packed = gzip.compress(BODY)
    headers = {**signer.headers(packed), "content-encoding": "gzip"}
    assert (await post(http, f"{base}/webhooks", packed, headers))[0] == 200
    assert await unrouted(redis, keys) == [packed]


async def test_another_number_of_partitions_is_refused_at_the_start(processes: Processes) -> None:
    await started(processes)
    second = processes.start("second", "ingress", "--port", "0", SWITCHHOOK_PARTITIONS="8")
    assert await anyio.to_thread.run_sync(second.wait) == 2
    assert "SWITCHHOOK_PARTITIONS=16" in second.log.read_text()


async def ready(http: aiohttp.ClientSession, base: str, wanted: int) -> None:
    with anyio.fail_after(15):
        while True:
            async with http.get(f"{base}/health/ready") as response:
                if response.status == wanted:
                    return
            await anyio.sleep(0.05)
