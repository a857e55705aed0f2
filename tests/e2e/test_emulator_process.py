"""`switchhook emulator` as a process: what it says at the start, to whom its webhooks are true, and how it ends."""

from __future__ import annotations

import base64
import json
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import anyio
import anyio.to_thread
import pytest
from aiohttp import web
from telnyx import AsyncTelnyx, Telnyx

from worker.demo.processes import Process, Processes

DOCUMENT = Path(__file__).parents[2] / "docs" / "emulator.md"
WAIT_SECS = 20


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Start processes; end what is left."""
    with Processes(tmp_path, {}) as running:
        yield running


class Received:
    """One webhook, when it has come."""

    def __init__(self) -> None:
        self.url = ""
        self.headers: dict[str, str] = {}
        self.body = b""
        self.come = anyio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        self.headers, self.body = dict(request.headers), await request.read()
        self.come.set()
        return web.Response()


@pytest.fixture
async def received() -> AsyncIterator[Received]:
    received = Received()
    app = web.Application()
    app.add_routes([web.post("/webhooks", received.handle)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    received.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks"
    yield received
    await runner.cleanup()


def started(processes: Processes, *flags: str) -> Process:
    return processes.start("emulator", "worker.cli", "emulator", "--port", "0", *flags)


def refused(*flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "worker.cli", "emulator", *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=WAIT_SECS, check=False)


async def test_a_process_says_where_it_is_and_sends_webhooks_that_telnyxs_sdk_takes(
    processes: Processes, received: Received
) -> None:
    process = started(processes, "--webhook-url", received.url)
    base, key, public_key = [await process.line(name) for name in ("API base", "API key", "public key")]
    assert await process.line("webhooks to") == received.url
    assert len(base64.b64decode(public_key)) == 32
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{base.removesuffix('/v2')}/emulator/calls", json={"to": "+13125550131"}) as response,
    ):
        call = (await response.json())["call_control_id"]
    with anyio.fail_after(WAIT_SECS):
        await received.come.wait()
    sdk = Telnyx(api_key="x", public_key=public_key)
    event = sdk.webhooks.unwrap(received.body.decode(), headers=received.headers)
    assert type(event).__name__ == "CallInitiatedWebhookEvent"
    async with AsyncTelnyx(api_key=key, base_url=base) as telnyx:
        shown = await telnyx.calls.retrieve_status(call)
        assert shown.data is not None
        assert shown.data.is_alive
    assert process.end() == 0


async def test_a_seed_and_a_key_that_are_given_are_kept(processes: Processes) -> None:
    seed = base64.b64encode(bytes(range(32))).decode()
    keys = set()
    for _ in range(2):
        process = started(processes, "--signing-seed", seed, "--api-key", "KEYmine")
        assert await process.line("API key") == "KEYmine"
        keys.add(await process.line("public key"))
        process.end()
    assert len(keys) == 1


async def test_what_it_says_is_enough_to_dial_and_to_have_the_same_again(processes: Processes) -> None:
    calls, seed = [], ""
    for flags in ([], ["--seed"]):
        process = started(processes, *flags, *([seed] if flags else []))
        base, key, connection, seed = [await process.line(x) for x in ("API base", "API key", "connection", "seed")]
        async with AsyncTelnyx(api_key=key, base_url=base) as telnyx:
            dialled = await telnyx.calls.dial(connection_id=connection, from_="+13125550131", to="sip:a@b.c")
        assert dialled.data is not None
        calls.append(dialled.data.call_control_id)
        assert process.end() == 0
        assert process.log.read_text(encoding="utf-8") == ""
    assert calls[0] == calls[1]


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--speed", "-1"], "the emulator's speed"),
        (["--port", "70000"], "the emulator's port"),
        (["--webhook-url", "here"], "webhook_url is 'here'"),
        (["--lost-rate", "2"], "conditions.lost is 2.0"),
        (["--signing-seed", "c2hvcnQ="], "signing seed"),
        (["--settings", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_a_wrong_setting_ends_it_with_one_line(flags: list[str], named: str) -> None:
    ended = refused(*flags)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert named in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_port_that_is_taken_ends_it_with_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = refused("--port", str(port))
    # As the ingress and the worker say it.
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"cannot listen on 127.0.0.1 port {port}" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


async def shell(script: str) -> subprocess.CompletedProcess[str]:
    def run() -> subprocess.CompletedProcess[str]:
        command = ["bash", "-euo", "pipefail", "-c", script]
        return subprocess.run(command, capture_output=True, text=True, timeout=WAIT_SECS, check=False)

    return await anyio.to_thread.run_sync(run)


async def test_the_documented_first_call_works(processes: Processes, received: Received) -> None:
    (script,) = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    process = started(processes, "--webhook-url", received.url)
    base, key = (await process.line("API base")).removesuffix("/v2"), await process.line("API key")
    done = await shell(script.replace("http://127.0.0.1:4010", base).replace("KEY…", key))
    assert done.returncode == 0, done.stderr
    assert '"errors"' not in done.stdout
    assert json.loads(done.stdout.strip().splitlines()[-1])["data"]["is_alive"] is False


async def test_the_documented_commands_work(processes: Processes) -> None:
    blocks = re.findall(r"```\n(curl .*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    commands = [command for block in blocks for command in block.splitlines()]
    assert len(commands) > 5
    process = started(processes, "--speed", "0")
    base = (await process.line("API base")).removesuffix("/v2")
    for command in commands:
        script = command.replace("curl ", "curl -sS --fail-with-body ", 1).replace("http://127.0.0.1:4010", base)
        done = await shell(script)
        assert done.returncode == 0, f"{command}: {done.stdout} {done.stderr}"
        json.loads(done.stdout)
