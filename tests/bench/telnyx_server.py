"""A Telnyx that answers at once and always the same, so that what is measured is the client."""

from __future__ import annotations

import asyncio

import uvloop
from aiohttp import web

CALL = "v3:CM8u1zCcmtZ3Jzb6vuXBSzCLS5p7ww8ypCUpyBJVrubAVjjLAAECYg"
CONFERENCE = "0c3cb3a4-3f7c-4e04-9d5a-8b6f8f1f6a11"
RESULT = b'{"data":{"result":"ok"}}'
SHOWN = (
    b'{"data":{"record_type":"call","call_control_id":"v3:CM8u1zCcmtZ3Jzb6vuXBSzCLS5p7ww8ypCUpyBJVrubAVjjLAAECYg",'
    b'"call_leg_id":"b0457f28-53da-11f1-9961-02420aef271f","call_session_id":"b04574f6-53da-11f1-8e4b-02420aef271f",'
    b'"client_state":"c2gxe30=","is_alive":true,"call_duration":50,"start_time":"2026-05-19T23:30:15.038431Z"}}'
)
HEADERS = {"x-ratelimit-limit": "1000000", "x-ratelimit-remaining": "999999", "x-ratelimit-reset": "60"}


async def main() -> None:
    """Serve until killed; says where."""

    async def join(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=RESULT, content_type="application/json", headers=HEADERS)

    async def show(_: web.Request) -> web.Response:
        return web.Response(body=SHOWN, content_type="application/json", headers=HEADERS)

    app = web.Application()
    app.add_routes([web.post("/v2/conferences/{id}/actions/join", join), web.get("/v2/calls/{id}", show)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"listening on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
