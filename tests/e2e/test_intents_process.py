"""Intents as a user asks them: by the command line, by an OpenAPI client, with tokens that change."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import anyio
import anyio.to_thread
import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner

from ingress.log import Keys
from worker.cli import app
from worker.console.exits import Exit
from worker.demo.processes import Process, Processes
from worker.demo.run import POLICY
from worker.runtime.policies import Policies

SECRET = "a-secret-of-some-length"
TOKENS = """
[desk]
scopes = ["agent"]
agents = ["alice"]
secret = { env = "DESK" }

[boss]
scopes = ["supervisor", "operator"]
secret = { env = "BOSS" }
"""
SCHEMATHESIS = """
[parameters]
"path.tenant" = "default"
"query.wait_secs" = 0
"""


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """Return a file of tokens."""
    path = tmp_path / "tokens.toml"
    path.write_text(TOKENS)
    return path


async def started(processes: Processes, tokens: Path) -> tuple[str, Process]:
    ingress = processes.start(
        "ingress", "worker.cli", "ingress", "--port", "0", "--tokens", str(tokens), DESK=SECRET, BOSS=SECRET[::-1]
    )
    return await ingress.line("listening on"), ingress


async def asked(base: str, *words: str, token: str = SECRET, status: Exit = Exit.OK) -> str:
    """Run a command of an intent, and return what it says."""
    environment = {"SWITCHHOOK_TOKEN": token, "SWITCHHOOK_INGRESS_URL": base, "COLUMNS": "200"}
    ended = await anyio.to_thread.run_sync(lambda: CliRunner().invoke(app, list(words), env=environment))
    assert ended.exit_code == status, ended.output
    return ended.output


async def test_an_intent_is_asked_from_the_command_line(processes: Processes, tokens: Path) -> None:
    base, _ = await started(processes, tokens)
    said = await asked(base, "agent", "--wait-secs", "0", "--key", "k", "set-state", "alice", "paused")
    assert said.startswith("waiting\n  default/agent:alice waiting\n(event ")
    again = await asked(base, "agent", "--wait-secs", "0", "--key", "k", "set-state", "alice", "paused")
    assert again == said
    # There is no worker that decides.
    await asked(base, "agent", "--wait-secs", "0.1", "hold", "alice", "--off", status=Exit.UNREACHABLE)
    assert '"by":"desk"' in await asked(base, "agent", "--wait-secs", "0", "--json", "hold", "alice")


async def test_an_operator_has_the_policy_read_again(
    processes: Processes, tokens: Path, redis: Redis, keys: Keys, tmp_path: Path
) -> None:
    path, boss, text = tmp_path / "policy.toml", SECRET[::-1], POLICY.read_text()
    path.write_text(text)
    base, _ = await started(processes, tokens)
    arguments = ("worker.cli", "worker", "--policy", str(path), "--api-base", "http://127.0.0.1:1", "--drain-secs", "1")
    await processes.start("worker", *arguments).line("worker ")
    path.write_text(text.replace("max_attempts", "max_attempt").replace("connection_id", "conection_id"))
    said = await asked(base, "policy", "reload", token=boss, status=Exit.REFUSED)
    assert "did you mean max_attempts?" in said
    assert "did you mean connection_id?" in said
    path.write_text(text + "# another\n")
    said = await asked(base, "policy", "reload", status=Exit.DENIED)
    assert "reload_policy needs the scope operator" in said
    await asked(base, "policy", "reload", "--digest", "0", token=boss, status=Exit.USAGE)
    assert "not the one asked for" in await asked(
        base, "policy", "reload", "--digest", "0" * 64, token=boss, status=Exit.REFUSED
    )
    force = await Policies(redis, keys).in_force()
    assert force is not None
    assert force.text == text
    assert (await asked(base, "policy", "reload", token=boss)).startswith("done\n")
    force = await Policies(redis, keys).in_force()
    assert force is not None
    assert (force.number, force.text) == (2, text + "# another\n")


async def test_what_is_wrong_is_said_with_its_status(processes: Processes, tokens: Path) -> None:
    base, _ = await started(processes, tokens)
    assert "403: hold: bob is not one" in await asked(base, "agent", "hold", "bob", status=Exit.DENIED)
    assert "401: the token is unknown" in await asked(base, "agent", "hold", "alice", token="x", status=Exit.DENIED)
    assert "no token: set SWITCHHOOK_TOKEN" in await asked(base, "agent", "hold", "a", token="", status=Exit.USAGE)
    assert "exactly one of" in await asked(base, "agent", "transfer", "alice", status=Exit.USAGE)
    said = await asked(base, "agent", "set-state", "alice", "busy", status=Exit.USAGE)
    assert "'state'" in said
    assert "'busy'" in said
    away = "http://127.0.0.1:1"
    said = await asked(away, "queue", "close", "q", status=Exit.UNREACHABLE)
    assert said.endswith("nothing listens at 127.0.0.1:1 (connection refused); nothing was asked\n")
    assert "is no address" in await asked("nowhere", "queue", "close", "q", status=Exit.USAGE)


def write(path: Path, text: str) -> None:
    path.write_text(text)


async def test_tokens_are_read_anew_at_sighup_and_a_bad_file_changes_nothing(
    processes: Processes, tokens: Path, http: aiohttp.ClientSession
) -> None:
    base, ingress = await started(processes, tokens)

    async def status_of(secret: str) -> int:
        headers = {"Authorization": f"Bearer {secret}"}
        async with http.get(f"{base}/intents/default/1-1-0", headers=headers) as response:
            return response.status

    async def until(secret: str, status: int) -> None:
        with anyio.fail_after(10):
            while await status_of(secret) != status:
                await anyio.sleep(0.02)

    assert await status_of(SECRET) == 404
    write(tokens, "[boss]\n")
    os.kill(ingress.pid, signal.SIGHUP)
    with anyio.fail_after(10):
        while "reload.refused" not in ingress.log.read_text():
            await anyio.sleep(0.02)
    assert "boss.secret is missing" in ingress.log.read_text()
    assert await status_of(SECRET) == 404
    write(tokens, "[boss]" + TOKENS.partition("[boss]")[2])
    os.kill(ingress.pid, signal.SIGHUP)
    await until(SECRET, 401)
    assert await status_of(SECRET[::-1]) == 404
    assert SECRET not in ingress.log.read_text()


async def test_a_token_that_is_wrong_stops_the_start(processes: Processes, tokens: Path) -> None:
    write(tokens, TOKENS.replace('"DESK"', '"UNSET"'))
    ingress = processes.start("ingress", "worker.cli", "ingress", "--port", "0", "--tokens", str(tokens))
    assert await anyio.to_thread.run_sync(ingress.wait) == Exit.USAGE
    assert "desk.secret: the environment variable UNSET is not set" in ingress.log.read_text()


async def test_the_door_does_as_its_openapi_document_says(processes: Processes, tokens: Path, tmp_path: Path) -> None:
    base, ingress = await started(processes, tokens)
    write(tmp_path / "schemathesis.toml", SCHEMATHESIS)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{base}/openapi.json", "--no-color", "--seed", "1"),
        *("-n", "25", "--phases", "coverage,fuzzing", "-H", f"Authorization: Bearer {SECRET[::-1]}"),
    ]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)

    ended = await anyio.to_thread.run_sync(run)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    # It was let in, and took and refused both.
    assert "Authentication failed" not in ended.stdout
    assert '"event": "intent"' in ingress.log.read_text()
