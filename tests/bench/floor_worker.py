"""The floor of a worker: a bare script that reads the floor ingress's stream and posts a command for each event."""

from __future__ import annotations

import os

import aiohttp
import msgspec
import uvloop
from redis.asyncio import Redis

from worker.runtime.journal import entries_of


class _Payload(msgspec.Struct):
    call_control_id: str


class _Data(msgspec.Struct):
    payload: _Payload


class _Body(msgspec.Struct):
    data: _Data


async def main() -> None:
    """Work until killed."""
    redis, base, last = Redis.from_url(os.environ["SWITCHHOOK_REDIS_URL"]), os.environ["FLOOR_API_BASE"], "$"
    decode = msgspec.json.Decoder(_Body).decode
    async with aiohttp.ClientSession() as http:
        print("ready", flush=True)
        while True:
            reply = await redis.xread({"floor": last}, count=500, block=1000)
            for entry_id, fields in entries_of(reply):
                last = entry_id.decode()
                call = decode(fields[b"raw"]).data.payload.call_control_id
                async with http.post(f"{base}/calls/{call}/actions/answer", data=b"{}") as response:
                    await response.read()


if __name__ == "__main__":
    uvloop.run(main())
