"""`make bench`: CPU time per event of the hot paths, and per request to Telnyx, as ratios measured in the same run.

Machines are noisy, so nothing here is asserted; each pair is measured in turns, and the best turn of each counts.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import aiohttp
import anyio
from redis.asyncio import Redis

from ingress.envelope import Address, LogEntry
from ingress.log import Keys, Partition, decode_entry, encode_entry
from tests.bench import path, queue, records, recovery, telnyx
from tests.bench.printing import say
from tests.signing import Signer
from worker.demo.processes import Process, Processes
from worker.events.event import read_event
from worker.ledger.ledger import Ledger
from worker.policy.model import Policy
from worker.runtime.journal import entries_of
from worker.testing.centre import small_tenant
from worker.testing.redis_server import PrivateRedis

REQUESTS = 6_000
CLIENTS = 64
TURNS = 3
EVENTS = 50_000
BODY = (
    b'{"data":{"event_type":"call.speak.started","id":"%d","occurred_at":"2026-05-19T23:30:15.038431Z","payload":'
    b'{"call_control_id":"v3:CM8u1zCcmtZ3Jzb6vuXBSzCLS5p7ww8ypCUpyBJVrubAVjjLAAECYg","client_state":null,'
    b'"call_leg_id":"b0457f28-53da-11f1-9961-02420aef271f","call_session_id":"b04574f6-53da-11f1-8e4b-02420aef271f",'
    b'"connection_id":"2963572552552678752","direction":"incoming","from":"+15550100","to":"+13125550131"},'
    b'"record_type":"event"},"meta":{"attempt":1,"delivered_to":"https://example.com/webhooks"}}'
)


def cpu_secs(pid: int) -> float:
    """Return the CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def load(process: Process, base: str, signer: Signer, start: int) -> float:
    """Send webhooks and return the server's CPU microseconds for each."""
    bodies = [BODY % (start + number) for number in range(REQUESTS)]
    signed = [(body, signer.headers(body)) for body in bodies]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CLIENTS)) as http:

        async def client() -> None:
            while signed:
                body, headers = signed.pop()
                async with http.post(f"{base}/webhooks", data=body, headers=headers) as response:
                    assert response.status == 200

        before = cpu_secs(process.pid)
        async with anyio.create_task_group() as tasks:
            for _ in range(CLIENTS):
                tasks.start_soon(client)
        return (cpu_secs(process.pid) - before) / REQUESTS * 1e6


async def ingress(url: str) -> None:
    """Measure an accepted webhook."""
    signer = Signer()
    environment = {
        "SWITCHHOOK_REDIS_URL": url,
        "SWITCHHOOK_PUBLIC_KEY": signer.public_key,
        "SWITCHHOOK_GRACE_SECS": "0",
    }
    with tempfile.TemporaryDirectory() as name, Processes(Path(name), environment) as processes:
        servers = {
            "floor": processes.start("floor", "tests.bench.floor"),
            "ingress": processes.start("ingress", "ingress", "--port", "0", "--grace-secs", "0"),
        }
        bases = {server: await process.line("listening on") for server, process in servers.items()}
        best = dict.fromkeys(servers, float("inf"))
        for turn in range(TURNS):
            for server, process in servers.items():
                best[server] = min(best[server], await load(process, bases[server], signer, turn * REQUESTS))
    say("ingress, accepted webhook", best["ingress"], best["floor"])


async def worker(url: str) -> None:
    """Measure an event without a command: read, decoded, folded, decided."""
    redis, keys = Redis.from_url(url), Keys("bench")
    partition = Partition(0)
    address = Address("default", "call", "v3:CM8u1zCcmtZ3Jzb6vuXBSzCLS5p7ww8ypCUpyBJVrubAVjjLAAECYg")
    pipe = redis.pipeline(transaction=False)
    for number in range(EVENTS):
        fields = encode_entry(LogEntry(str(number), address, "webhook", 0, BODY % number))
        pipe.xadd(keys.log(partition), dict(zip(fields[::2], fields[1::2], strict=True)))
    await pipe.execute()
    floor = taken = float("inf")
    for _ in range(TURNS):
        floor = min(floor, await _read(redis, keys, partition, decide=False))
        taken = min(taken, await _read(redis, keys, partition, decide=True))
    await redis.aclose()
    say("worker, event without a command", taken, floor)


async def _read(redis: Redis, keys: Keys, partition: Partition, *, decide: bool) -> float:
    """Read all events in batches of 500; return CPU microseconds for each."""
    ledger, policy, last = Ledger(partition), Policy({"default": small_tenant()}), "0-0"
    began = time.process_time()
    while True:
        reply = await redis.xread({keys.log(partition): last}, count=500)
        entries = entries_of(reply)
        if not entries:
            return (time.process_time() - began) / EVENTS * 1e6
        for entry_id, fields in entries:
            last = entry_id.decode()
            entry = decode_entry(fields)
            if decide:
                event = read_event(last, entry)
                ledger.decide(event, policy)


def main() -> None:
    """Run all of them."""
    with PrivateRedis() as server:
        anyio.run(ingress, server.url, backend_options={"use_uvloop": True})
        anyio.run(worker, server.url, backend_options={"use_uvloop": True})
        anyio.run(path.path, server.url, backend_options={"use_uvloop": True})
        anyio.run(recovery.recover, server.url, backend_options={"use_uvloop": True})
        anyio.run(records.record, server.url, backend_options={"use_uvloop": True})
    anyio.run(telnyx.requests, backend_options={"use_uvloop": True})
    telnyx.imports()
    queue.offers()
    recovery.live()


if __name__ == "__main__":
    main()
