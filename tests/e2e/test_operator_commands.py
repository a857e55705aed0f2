"""Partitions, verify and quarantine beside whole workers, as an operator runs them."""

from __future__ import annotations

import json
import subprocess
import sys

import anyio
import anyio.to_thread
from redis.asyncio import Redis

from ingress.envelope import Address, LogEntry
from ingress.log import EventLog, Keys, settle_topology
from tests.e2e.conftest import API_KEY
from worker.demo.processes import Processes
from worker.runtime.journal import Journal
from worker.testing.emulator.server import serve
from worker.testing.emulator.settings import EmulatorSettings

PARTITIONS = 16


async def switchhook(redis_url: str, keys: Keys, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "worker.cli", *arguments, "--redis", redis_url, "--prefix", keys.prefix]
    return await anyio.to_thread.run_sync(
        lambda: subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    )


async def decided(redis: Redis, keys: Keys, log: EventLog, address: Address) -> None:
    """Wait until all that is in the log of *address* has been decided."""
    journal, where = Journal(redis, keys), log.partition_of(address)
    with anyio.fail_after(20):
        while await journal.position(where) == "0-0" or await journal.position(where) != await journal.last_id(where):
            await anyio.sleep(0.05)


async def test_operators_see_and_verify_what_workers_do(
    processes: Processes, redis: Redis, redis_url: str, keys: Keys
) -> None:
    await settle_topology(redis, keys, PARTITIONS)
    log = EventLog(redis, keys, PARTITIONS)
    settings = EmulatorSettings(webhook_url="http://127.0.0.1:9/", api_key=API_KEY, speed=0)
    async with serve(settings) as emulator:
        for name in ("a", "b"):
            process = processes.start(name, "worker", SWITCHHOOK_WORKER_ID=name, SWITCHHOOK_API_BASE=emulator.api_base)
            await process.line(f"worker {name} ready")
        calls = [Address("default", "call", f"c{number}") for number in range(40)]
        for call in calls:
            raw = f'{{"data":{{"event_type":"call.answered","payload":{{"call_control_id":"{call.id}"}}}}}}'
            await log.append([LogEntry(f"e-{call.id}", call, "webhook", 0, raw.encode())])
        for call in calls:
            await decided(redis, keys, log, call)

        looked = await switchhook(redis_url, keys, "partitions")
        assert looked.returncode == 0, looked.stderr
        lines = looked.stdout.splitlines()
        assert len(lines) == 1 + PARTITIONS + 2
        assert {line.split()[1] for line in lines[1:-2]} == {"a", "b"}
        assert lines[-2] == "workers: a, b"
        assert lines[-1].startswith("16 partitions, 16 owned")
        looked = await switchhook(redis_url, keys, "partitions", "--json")
        assert len(json.loads(looked.stdout)["partitions"]) == PARTITIONS

        verified = await switchhook(redis_url, keys, "verify", "--all")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert verified.stdout.count(": agrees (") == PARTITIONS
        assert verified.stdout.count(": the same") >= PARTITIONS
        one = await switchhook(redis_url, keys, "verify", "call:c1", "--json")
        assert [verdict["live"] for verdict in json.loads(one.stdout)] == [[]]

        assert (await switchhook(redis_url, keys, "quarantine", "list")).stdout == "nothing is in quarantine\n"
        missing = await switchhook(redis_url, keys, "quarantine", "retry", "call:c1")
        assert missing.returncode == 4
        assert missing.stderr.startswith("switchhook: default/call:c1 is not in quarantine")
        wrong = await switchhook(redis_url, keys, "verify", "16")
        assert wrong.returncode == 2
        assert "there are 16 partitions, 0 to 15" in wrong.stderr
