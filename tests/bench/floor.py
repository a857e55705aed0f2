"""The floor of the ingress: a bare aiohttp handler that verifies with PyNaCl and shares a raw pipeline of XADDs."""

from __future__ import annotations

import asyncio
import base64
import os

import uvloop
from aiohttp import web
from nacl.signing import VerifyKey
from redis.asyncio import Redis


async def main() -> None:
    """Serve until killed; says where."""
    redis = Redis.from_url(os.environ["SWITCHHOOK_REDIS_URL"])
    key = VerifyKey(base64.b64decode(os.environ["SWITCHHOOK_PUBLIC_KEY"]))
    waiting: list[tuple[bytes, asyncio.Future[None]]] = []
    come = asyncio.Event()

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        headers = request.headers
        signed = headers["telnyx-timestamp"].encode() + b"|" + body
        key.verify(signed, base64.b64decode(headers["telnyx-signature-ed25519"]))
        done = asyncio.get_running_loop().create_future()
        waiting.append((body, done))
        come.set()
        await done
        return web.Response()

    async def flush() -> None:
        while True:
            await come.wait()
            come.clear()
            batch = waiting[:]
            waiting.clear()
            pipe = redis.pipeline(transaction=False)
            for body, _ in batch:
                pipe.xadd("floor", {"raw": body})
            await pipe.execute()
            for _, done in batch:
                done.set_result(None)

    app = web.Application()
    app.add_routes([web.post("/webhooks", handle)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"listening on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await flush()


if __name__ == "__main__":
    uvloop.run(main())
