"""Any worker tells by HTTP what all partitions are like, to those who may know, and feeds what changes."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import anyio
import anyio.to_thread
import msgspec
import pytest

from ingress.envelope import Address
from ingress.redis_client import connect
from tests.integration.runtime.conftest import PARTITIONS, Bench, until
from tests.integration.runtime.looking import eventually, has, lacks, published
from worker.events.intents import Enrol
from worker.runtime.health import serve_health
from worker.runtime.partition import BLOCK_MS
from worker.runtime.published import Published
from worker.runtime.state import changes
from worker.runtime.state.changes import Feed
from worker.runtime.state.readers import Readers
from worker.runtime.state.routes import state_routes
from worker.runtime.worker import Worker
from worker.views.model import decode_view, encode_view

TOKENS = """
[board]
scopes = ["supervisor"]
secret = { env = "BOARD" }

[alice]
scopes = ["agent"]
agents = ["alice"]
secret = { env = "ALICE" }
"""


@asynccontextmanager
async def served(bench: Bench, worker: Worker, readers: Readers) -> AsyncIterator[str]:
    """Serve a worker's state, and yield where."""
    reads = connect(bench.url, blocking_read_secs=BLOCK_MS / 1000)
    feed = Feed(Published(reads, bench.keys, PARTITIONS))
    routes = state_routes(published(bench), readers, feed)
    try:
        async with serve_health(worker, worker.metrics, host="127.0.0.1", port=0, more=routes, ending=feed.end) as port:
            yield f"http://127.0.0.1:{port}"
    finally:
        await reads.aclose()


def open_to_all() -> Readers:
    return Readers(None, ["default"], host="127.0.0.1")


async def test_any_worker_answers_for_all_partitions(bench: Bench) -> None:
    async with bench.worker("a") as a, bench.worker("b") as b:
        await until(lambda: bool(a.held) and bool(b.held) and len(a.held) + len(b.held) == PARTITIONS)
        for agent in ("alice", "bob", "carol"):
            await bench.append("agent", agent, Enrol("test"))
        await eventually(lambda: has(bench, "agent:alice", "agent:bob", "agent:carol"))
        async with served(bench, a, open_to_all()) as one, served(bench, b, open_to_all()) as other, _http() as http:
            for base in (one, other):
                async with http.get(f"{base}/state/default/agents") as response:
                    body = await response.json()
                    assert response.status == 200
                assert [view["agent"] for view in body["views"]] == ["alice", "bob", "carol"]
            async with http.get(f"{one}/state/default/agents/bob") as response:
                assert (await response.json())["agent"] == "bob"
            async with http.get(f"{one}/state/default/agents/dave") as response:
                assert response.status == 404
                assert (await response.json())["reason"] == "There is no agent dave; there are alice, bob, carol."
            async with http.get(f"{one}/state/default/conferences/x%2Fy") as response:
                assert (await response.json())["reason"].startswith(
                    "There is no conference x/y; there are no conferences"
                )
            async with http.get(f"{one}/state/nobody/agents") as response:
                assert response.status == 404
                assert (await response.json())["reason"] == "There is no tenant nobody; there are default."


async def test_tokens_say_who_sees_what(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOARD", "board-secret-of-some-length")
    monkeypatch.setenv("ALICE", "alice-secret-of-some-length")
    path = tmp_path / "tokens.toml"
    path.write_text(TOKENS)
    async with bench.worker("a") as a:
        for agent in ("alice", "bob"):
            await bench.append("agent", agent, Enrol("test"))
        await eventually(lambda: has(bench, "agent:alice", "agent:bob"))
        async with served(bench, a, Readers(str(path), ["default"], host="0.0.0.0")) as base, _http() as http:

            async def seen(path: str, secret: str | None) -> tuple[int, list[str]]:
                headers = {"Authorization": f"Bearer {secret}"} if secret else {}
                async with http.get(f"{base}/state/default/{path}", headers=headers) as response:
                    body = await response.json()
                    return response.status, [view.get("agent", "") for view in body.get("views", ())]

            assert await seen("agents", None) == (401, [])
            assert await seen("agents", "wrong-secret-of-some-length") == (401, [])
            assert await seen("agents", "board-secret-of-some-length") == (200, ["alice", "bob"])
            assert await seen("agents", "alice-secret-of-some-length") == (200, ["alice"])
            assert (await seen("agents/bob", "alice-secret-of-some-length"))[0] == 403
            assert (await seen("agents/alice", "alice-secret-of-some-length"))[0] == 200
            assert (await seen("queues", "alice-secret-of-some-length"))[0] == 200
            assert (await seen("calls", "alice-secret-of-some-length"))[0] == 403


async def test_who_loses_his_token_is_fed_no_more(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOARD", "board-secret-of-some-length")
    monkeypatch.setenv("ALICE", "alice-secret-of-some-length")
    path = tmp_path / "tokens.toml"
    path.write_text(TOKENS)
    readers = Readers(str(path), ["default"], host="127.0.0.1")
    headers = {"Authorization": "Bearer alice-secret-of-some-length"}
    async with bench.worker("a") as a, served(bench, a, readers) as base, _http() as http:
        async with http.get(f"{base}/state/default/changes", headers=headers) as response:
            assert response.status == 200
            path.write_text(TOKENS[: TOKENS.index("[alice]")])
            readers.reload()
            with anyio.fail_after(15):
                await response.read()
        async with http.get(f"{base}/state/default/changes", headers=headers) as response:
            assert response.status == 401


async def test_without_tokens_only_a_loopback_address_tells(bench: Bench) -> None:
    async with (
        bench.worker("a") as a,
        served(bench, a, Readers(None, ["default"], host="0.0.0.0")) as base,
        _http() as http,
        http.get(f"{base}/state/default/agents") as response,
    ):
        assert response.status == 403
        assert "SWITCHHOOK_TOKENS" in (await response.json())["reason"]


async def test_changes_are_fed_and_a_client_goes_on_where_it_was(bench: Bench) -> None:
    async with bench.worker("a") as a:
        await bench.append("agent", "alice", Enrol("test"))
        # An agent who is enrolled tells his queues of himself.
        await eventually(lambda: has(bench, "agent:alice", "queue:support"))
        async with served(bench, a, open_to_all()) as base, _http() as http:
            url = f"{base}/state/default/changes"
            async with http.get(url) as response:
                assert response.content_type == "text/event-stream"
                events = _events(response)
                first = [await anext(events) for _ in range(4)]
                assert [event["event"] for event in first] == ["reset", "queue", "agent", "ready"]
                last = first[3]["id"]
                await bench.ring("c1")
                event = await anext(events)
                while event["event"] != "call":
                    event = await anext(events)
                assert json.loads(event["data"])["call"] == "c1"
            hangup = '{"data":{"event_type":"call.hangup","id":"h","payload":{"call_control_id":"c1"}}}'
            await bench.webhook(Address("default", "call", "c1"), hangup.encode())
            await eventually(lambda: lacks(bench, "call:c1"))
            async with http.get(url, headers={"Last-Event-ID": last}) as response:
                with anyio.fail_after(10):
                    async for event in _events(response):
                        assert event["event"] != "reset"
                        if event["event"] == "gone":
                            assert json.loads(event["data"]) == {"kind": "call", "id": "c1"}
                            break
            async with http.get(url, headers={"Last-Event-ID": "1-1"}) as response:
                assert (await anext(_events(response)))["event"] == "reset"


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, str]]:
    """Yield the events of a feed."""
    event: dict[str, str] = {}
    while True:
        with anyio.fail_after(10):
            line = (await response.content.readline()).decode().rstrip("\n")
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        elif event:
            yield event
            event = {}


def _http() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))


async def test_only_so_many_listen_and_who_does_not_read_is_let_go(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MOST_CLIENTS", 1)
    monkeypatch.setattr(changes, "SLOW_SECS", 0.3)
    where = bench.log.partition_of(Address("default", "agent", "alice"))
    async with bench.worker("a") as a:
        await bench.append("agent", "alice", Enrol("test"))
        await eventually(lambda: has(bench, "agent:alice"))
        async with served(bench, a, open_to_all()) as base, _http() as http:
            url = f"{base}/state/default/changes"
            port = int(base.rpartition(":")[2])
            # So much in one view that it cannot all lie in the sockets' buffers.
            raw = await bench.redis.hget(bench.keys.views(where, "agent"), "default/agent:alice")
            assert isinstance(raw, bytes)
            big = msgspec.structs.replace(decode_view(raw), trouble="x" * 30_000_000)
            await bench.redis.hset(bench.keys.views(where, "agent"), "default/agent:alice", encode_view(big))
            with socket.socket() as deaf:
                deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                deaf.connect(("127.0.0.1", port))
                deaf.sendall(b"GET /state/default/changes HTTP/1.1\r\nHost: x\r\n\r\n")

                async def status() -> int:
                    async with http.get(url) as response:
                        return response.status

                await eventually(lambda: _is(status, 503))
                await eventually(lambda: _is(status, 200))


async def test_a_worker_that_stops_ends_its_feeds(bench: Bench) -> None:
    async with bench.worker("a") as a, _http() as http:
        async with served(bench, a, open_to_all()) as base:
            response = await http.get(f"{base}/state/default/changes")
            assert (await anext(_events(response)))["event"] == "reset"
        with anyio.fail_after(5):
            assert b"event: ready" in await response.read()


async def test_a_comment_keeps_a_quiet_feed_open(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "HEARTBEAT_SECS", 0.1)
    async with (
        bench.worker("a") as a,
        served(bench, a, open_to_all()) as base,
        _http() as http,
        http.get(f"{base}/state/default/changes") as response,
    ):
        with anyio.fail_after(10):
            while not (await response.content.readline()).startswith(b": "):
                pass


async def _is(status: Callable[[], Awaitable[int]], wanted: int) -> bool:
    return await status() == wanted
