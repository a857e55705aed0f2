"""The client beside the official SDK and beside a bare aiohttp: CPU of one request, and the time of an import.

The server is another process, so that only the client's CPU is counted; each answer is read and decoded.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import aiohttp
import anyio.to_thread
import msgspec
from telnyx import AsyncTelnyx, Telnyx

from tests.bench.printing import say
from tests.bench.telnyx_server import CALL, CONFERENCE
from worker.demo.processes import Processes
from worker.telnyx.answers import One, Result
from worker.telnyx.calls.results import Call
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences.bodies import JoinBody

REQUESTS = 1_000
WARM_UP = 50
TURNS = 3
IMPORTS = 7
COMMAND_ID = "891510ac-f3e4-11e8-af5b-de00688a4901"
KEY = "KEYbench"

Request = Callable[[], Awaitable[object]]
Requests = dict[str, Request]

_result = msgspec.json.Decoder(One[Result])
_call = msgspec.json.Decoder(One[Call])
_IMPORT = "import time; began = time.perf_counter(); import {}; print(time.perf_counter() - began)"


async def requests() -> None:
    """Measure a join (POST with a small body) and a read of a call (GET), one after another."""
    best: dict[tuple[str, str], float] = {}
    with tempfile.TemporaryDirectory() as name, Processes(Path(name), {}) as processes:
        base = await processes.start("telnyx", "tests.bench.telnyx_server").line("listening on") + "/v2"
        for _ in range(TURNS):
            for who, client in (("floor", _bare), ("ours", _ours), ("AsyncTelnyx", _sdk)):
                async with client(base) as asked:
                    for what, request in asked.items():
                        _keep(best, who, what, await _measure(request))
            for what, micros in (await anyio.to_thread.run_sync(_blocking, base)).items():
                _keep(best, "Telnyx", what, micros)
    for what in ("POST join", "GET call"):
        ours, floor = best["ours", what], best["floor", what]
        say(f"telnyx, {what}", ours, floor)
        for who in ("AsyncTelnyx", "Telnyx"):
            say(f"  the SDK's {who}", best[who, what], floor, note=f"   {best[who, what] / ours:.2f} × ours")


def imports() -> None:
    """Measure the import of the client and of the SDK, each in interpreters of its own."""
    ours = sdk = float("inf")
    for _ in range(IMPORTS):
        ours = min(ours, _import("worker.telnyx.client"))
        sdk = min(sdk, _import("telnyx"))
    say("import of the SDK", sdk, ours, unit="ms", beside="ours")


@asynccontextmanager
async def _bare(base: str) -> AsyncIterator[Requests]:
    """What there is at least: the body encoded, the request made, the answer decoded."""
    join, call = f"{base}/conferences/{CONFERENCE}/actions/join", f"{base}/calls/{quote(CALL, safe='')}"
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as http:

        async def post() -> object:
            body = msgspec.json.encode({"call_control_id": CALL, "command_id": COMMAND_ID})
            async with http.post(join, data=body) as answer:
                return _result.decode(await answer.read())

        async def get() -> object:
            async with http.get(call) as answer:
                return _call.decode(await answer.read())

        yield {"POST join": post, "GET call": get}


@asynccontextmanager
async def _ours(base: str) -> AsyncIterator[Requests]:
    async with TelnyxClient(KEY, base_url=base, retry_secs=10) as client:
        yield {
            "POST join": lambda: client.conferences.join(
                CONFERENCE, JoinBody(call_control_id=CALL, command_id=COMMAND_ID)
            ),
            "GET call": lambda: client.calls.retrieve(CALL),
        }


@asynccontextmanager
async def _sdk(base: str) -> AsyncIterator[Requests]:
    async with AsyncTelnyx(api_key=KEY, base_url=base) as client:
        yield {
            "POST join": lambda: client.conferences.actions.join(
                CONFERENCE, call_control_id=CALL, command_id=COMMAND_ID
            ),
            "GET call": lambda: client.calls.retrieve_status(CALL),
        }


async def _measure(request: Request) -> float:
    """Return the CPU microseconds of one request."""
    for _ in range(WARM_UP):
        await request()
    began = time.process_time()
    for _ in range(REQUESTS):
        await request()
    return (time.process_time() - began) / REQUESTS * 1e6


def _blocking(base: str) -> dict[str, float]:
    """Measure the SDK's other client; the event loop sleeps meanwhile."""
    measured = {}
    with Telnyx(api_key=KEY, base_url=base) as client:
        calls: dict[str, Callable[[], object]] = {
            "POST join": lambda: client.conferences.actions.join(
                CONFERENCE, call_control_id=CALL, command_id=COMMAND_ID
            ),
            "GET call": lambda: client.calls.retrieve_status(CALL),
        }
        for what, call in calls.items():
            for _ in range(WARM_UP):
                call()
            began = time.process_time()
            for _ in range(REQUESTS):
                call()
            measured[what] = (time.process_time() - began) / REQUESTS * 1e6
    return measured


def _import(module: str) -> float:
    """Return how long a fresh interpreter takes to import *module*, ms."""
    ran = subprocess.run([sys.executable, "-c", _IMPORT.format(module)], capture_output=True, text=True, check=True)
    return float(ran.stdout) * 1e3


def _keep(best: dict[tuple[str, str], float], who: str, what: str, micros: float) -> None:
    best[who, what] = min(micros, best.get((who, what), float("inf")))
