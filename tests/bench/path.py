"""From a webhook's arrival to the command that it leads to, at 100 events a second: ours beside bare scripts."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import aiohttp
import anyio
from aiohttp import web

from tests.signing import Signer
from worker.demo.processes import Processes
from worker.demo.run import POLICY

PER_SEC = 100
EVENTS = 500
NUMBER = "+13125550131"


class Telnyx:
    """Notes when each call's `answer` arrives."""

    def __init__(self) -> None:
        self.arrived: dict[str, float] = {}

    async def answer(self, request: web.Request) -> web.Response:
        self.arrived.setdefault(request.match_info["call"], time.perf_counter())
        return web.json_response({"data": {"result": "ok"}})

    async def refuse(self, _: web.Request) -> web.Response:
        return web.json_response({"errors": [{"code": "10005", "title": "not here"}]}, status=404)


async def path(url: str) -> None:
    """Measure both, one after the other, and print the median and the 99th percentile of each."""
    telnyx = Telnyx()
    app = web.Application()
    app.add_routes(
        [web.post("/v2/calls/{call}/actions/answer", telnyx.answer), web.route("*", "/{rest:.*}", telnyx.refuse)]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}/v2"
    signer = Signer()
    environment = {
        "SWITCHHOOK_REDIS_URL": url,
        "SWITCHHOOK_PREFIX": "bench-path",
        "SWITCHHOOK_POLICY": str(POLICY),
        "SWITCHHOOK_HEALTH_PORT": "0",
        "SWITCHHOOK_GRACE_SECS": "0",
        "SWITCHHOOK_PUBLIC_KEY": signer.public_key,
        "SWITCHHOOK_API_BASE": base,
        "FLOOR_API_BASE": base,
        "TELNYX_API_KEY": "KEYbench",
        "TELNYX_PUBLIC_KEY": signer.public_key,
        "PATH": os.environ["PATH"],
    }
    with tempfile.TemporaryDirectory() as name, Processes(Path(name), environment) as processes:
        figures: dict[str, tuple[float, float]] = {}
        floor = processes.start("floor", "tests.bench.floor")
        await processes.start("floor worker", "tests.bench.floor_worker").line("ready")
        figures["floor"] = await _measure(telnyx, await floor.line("listening on"), signer, "f")
        ingress = processes.start("ingress", "ingress", "--port", "0")
        ours = await ingress.line("listening on")
        await processes.start("worker", "worker.cli", "worker", "--id", "bench").line("worker bench ready")
        figures["ours"] = await _measure(telnyx, ours, signer, "o")
    await runner.cleanup()
    for index, quantile in enumerate(("p50", "p99")):
        mine, bare = figures["ours"][index], figures["floor"][index]
        print(f"{f'webhook to command, {quantile}':<34}{mine:6.2f} ms   floor {bare:6.2f} ms   ratio {mine / bare:.2f}")


async def _measure(telnyx: Telnyx, base: str, signer: Signer, prefix: str) -> tuple[float, float]:
    sent: dict[str, float] = {}
    async with aiohttp.ClientSession() as http:

        async def ring(call: str) -> None:
            body = (
                f'{{"data":{{"event_type":"call.initiated","id":"{call}","payload":{{"call_control_id":"{call}",'
                f'"direction":"incoming","state":"parked","from":"+15550100","to":"{NUMBER}"}}}}}}'
            ).encode()
            headers = signer.headers(body)
            sent[call] = time.perf_counter()
            async with http.post(f"{base}/webhooks", data=body, headers=headers) as response:
                assert response.status == 200

        began = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            for number in range(EVENTS):
                await anyio.sleep_until(began + number / PER_SEC)
                tasks.start_soon(ring, f"{prefix}{number}")
        with anyio.fail_after(30):
            while not sent.keys() <= telnyx.arrived.keys():
                await anyio.sleep(0.01)
    # The first few warm everything up.
    took = sorted((telnyx.arrived[call] - sent[call]) * 1000 for call in list(sent)[PER_SEC // 2 :])
    return took[len(took) // 2], took[int(len(took) * 0.99)]
