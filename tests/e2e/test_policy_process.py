"""A worker as a process: SIGHUP puts its policy file into force, and a bad one changes nothing and says why."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import anyio
import pytest
from redis.asyncio import Redis

from ingress.log import Keys
from worker.demo.processes import Process, Processes
from worker.demo.run import POLICY
from worker.runtime.policies import Policies


async def said(worker: Process, what: str) -> None:
    with anyio.fail_after(15):
        while what not in worker.log.read_text():
            await anyio.sleep(0.02)


@pytest.mark.parametrize(("command", "heard"), [("worker", "policy.not-loaded"), ("ingress", "reloaded")])
async def test_a_sighup_while_redis_is_awaited_ends_no_process(processes: Processes, command: str, heard: str) -> None:
    waiting = processes.start(command, "worker.cli", command, SWITCHHOOK_REDIS_URL="redis://127.0.0.1:1")
    await said(waiting, "redis.away")
    os.kill(waiting.pid, signal.SIGHUP)
    await said(waiting, heard)


async def test_sighup_reads_the_policy_anew(processes: Processes, redis: Redis, keys: Keys, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    text = POLICY.read_text()
    path.write_text(text)
    arguments = ("worker.cli", "worker", "--policy", str(path), "--api-base", "http://127.0.0.1:1", "--drain-secs", "1")
    worker = processes.start("worker", *arguments)
    await worker.line("worker ")
    await said(worker, "policy.in-force")
    path.write_text(text.replace("max_attempts", "max_attempt"))
    os.kill(worker.pid, signal.SIGHUP)
    await said(worker, "did you mean max_attempts?")
    path.write_text(text + "# another\n")
    os.kill(worker.pid, signal.SIGHUP)
    with anyio.fail_after(15):
        while (force := await Policies(redis, keys).look()) is None or force.number < 2:
            await anyio.sleep(0.02)
    assert force.text == text + "# another\n"
    path.write_text(text)
    other = processes.start("other", *arguments)
    await other.line("worker ")
    await said(other, "policy.superseded")
    assert (await Policies(redis, keys).look()) == force
    assert worker.end() == other.end() == 0
