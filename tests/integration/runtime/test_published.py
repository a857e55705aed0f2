"""Owners publish what their partitions look like; any worker tells it for all of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import anyio
import anyio.to_thread
import msgspec
import pytest
from typer.testing import CliRunner

from ingress.envelope import AGGREGATE_KINDS, Address
from ingress.log import Partition
from ingress.redis_client import connect
from tests.integration.runtime.conftest import PARTITIONS, Bench, until
from worker.cli import app
from worker.events.intents import Enrol
from worker.replay.source import LogReader
from worker.runtime.health import serve_health
from worker.runtime.partition import BLOCK_MS
from worker.runtime.published import Published
from worker.runtime.state.changes import Feed
from worker.runtime.state.readers import Readers
from worker.runtime.state.routes import state_routes
from worker.runtime.worker import Worker
from worker.views.model import AnyView
from worker.views.views import view_of

TOKENS = """
[board]
scopes = ["supervisor"]
secret = { env = "BOARD" }

[alice]
scopes = ["agent"]
agents = ["alice"]
secret = { env = "ALICE" }
"""


async def eventually(check: Callable[[], Awaitable[bool]], *, secs: float = 15.0) -> None:
    """Wait until *check* says yes."""
    with anyio.fail_after(secs):
        while not await check():
            await anyio.sleep(0.05)


def published(bench: Bench) -> Published:
    return Published(bench.redis, bench.keys, PARTITIONS)


async def views(bench: Bench) -> dict[str, AnyView]:
    """Return all views of the default tenant, by kind and name."""
    found = [view for kind in AGGREGATE_KINDS for view in (await published(bench).listing("default", kind)).views]
    return {f"{view.kind}:{view.name}": view for view in found}


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


async def test_what_happens_is_published_and_what_is_over_goes(bench: Bench) -> None:
    async with bench.worker("a"):
        await bench.append("agent", "alice", Enrol("test"))
        await bench.ring("c1")
        await eventually(lambda: _has(bench, "agent:alice", "call:c1"))
        view = (await views(bench))["call:c1"]
        assert (view.tenant, view.quarantined) == ("default", False)
        hangup = '{"data":{"event_type":"call.hangup","id":"h","payload":{"call_control_id":"c1"}}}'
        await bench.webhook(Address("default", "call", "c1"), hangup.encode())
        await eventually(lambda: _lacks(bench, "call:c1"))


async def test_a_view_says_its_age_and_a_partition_that_nobody_holds_grows_old(bench: Bench) -> None:
    assert (await published(bench).listing("default", "agent")).unpublished == PARTITIONS
    async with bench.worker("a"):
        await bench.append("agent", "alice", Enrol("test"))
        await eventually(lambda: _has(bench, "agent:alice"))
        first = (await views(bench))["agent:alice"].as_of_ms
        await eventually(lambda: _younger(bench, first))
        listing = await published(bench).listing("default", "agent")
        assert listing.unpublished == 0
        assert listing.as_of_ms is not None
    last = (await views(bench))["agent:alice"].as_of_ms
    await anyio.sleep(0.1)
    assert (await views(bench))["agent:alice"].as_of_ms == last


async def test_after_a_crash_the_next_owner_publishes_anew_and_drops_what_is_no_more(bench: Bench) -> None:
    async with bench.worker("a", crash=True) as a:
        await bench.append("agent", "alice", Enrol("test"))
        await until(lambda: len(a.held) == PARTITIONS)
        await eventually(lambda: _has(bench, "agent:alice"))
    where = bench.log.partition_of(Address("default", "agent", "alice"))
    stray = Address("default", "agent", "nobody")
    await bench.redis.hdel(bench.keys.views(where, "agent"), "default/agent:alice")
    await bench.redis.hset(bench.keys.views(where, "agent"), str(stray), b"{}")
    async with bench.worker("b"):
        await eventually(lambda: _has(bench, "agent:alice"))
        assert await bench.redis.hkeys(bench.keys.views(where, "agent")) == [b"default/agent:alice"]
        lease, head = await bench.redis.mget(bench.keys.lease(where), bench.keys.published(where))
        assert isinstance(head, bytes)
        assert isinstance(lease, bytes)
        assert json.loads(head)["token"] == lease.decode()


async def test_an_old_owner_writes_nothing_any_more(bench: Bench) -> None:
    where = bench.log.partition_of(Address("default", "agent", "alice"))
    async with bench.worker("a"):
        await bench.append("agent", "alice", Enrol("test"))
        await eventually(lambda: _has(bench, "agent:alice"))
        await bench.redis.set(bench.keys.lease(where), "other:99")
        before = await bench.redis.get(bench.keys.published(where))
        await bench.append("agent", "alice", Enrol("test again"))
        await anyio.sleep(1.2)
        assert await bench.redis.get(bench.keys.published(where)) == before
        await bench.redis.delete(bench.keys.lease(where))


async def test_what_redis_has_lost_is_published_again(bench: Bench) -> None:
    where = bench.log.partition_of(Address("default", "agent", "alice"))
    async with bench.worker("a"):
        await bench.append("agent", "alice", Enrol("test"))
        await eventually(lambda: _has(bench, "agent:alice"))
        await bench.redis.delete(bench.keys.views(where, "agent"), bench.keys.published(where))
        await eventually(lambda: _has(bench, "agent:alice"), secs=20)


async def test_the_views_of_a_replayed_log_are_those_that_were_published(bench: Bench) -> None:
    async with bench.worker("a") as a:
        for agent in ("alice", "bob"):
            await bench.append("agent", agent, Enrol("test"))
        for number in range(10):
            await bench.ring(f"c{number}")
        await eventually(lambda: _has(bench, "agent:alice", "agent:bob", *(f"call:c{n}" for n in range(10))))
        await until(lambda: not any(a.pending(partition) for partition in a.held))
        reader = LogReader(bench.redis, bench.keys)

        async def agree() -> bool:
            replayed: dict[str, AnyView] = {}
            for number in range(PARTITIONS):
                ledger, _ = await reader.state(Partition(number))
                for address, state in ledger.aggregates.items():
                    view = view_of(state)
                    if view is not None:
                        replayed[f"{address.kind}:{address.id}"] = view
            return {name: _ageless(view) for name, view in (await views(bench)).items()} == replayed

        await eventually(agree)


async def test_any_worker_answers_for_all_partitions(bench: Bench) -> None:
    async with bench.worker("a") as a, bench.worker("b") as b:
        await until(lambda: bool(a.held) and bool(b.held) and len(a.held) + len(b.held) == PARTITIONS)
        for agent in ("alice", "bob", "carol"):
            await bench.append("agent", agent, Enrol("test"))
        await eventually(lambda: _has(bench, "agent:alice", "agent:bob", "agent:carol"))
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
        await eventually(lambda: _has(bench, "agent:alice", "agent:bob"))
        async with served(bench, a, Readers(str(path), ["default"], host="0.0.0.0")) as base, _http() as http:

            async def seen(path: str, secret: str | None) -> tuple[int, list[str]]:
                headers = {"Authorization": f"Bearer {secret}"} if secret else {}
                async with http.get(f"{base}/state/default/{path}", headers=headers) as response:
                    body = await response.json()
                    return response.status, [view["agent"] for view in body.get("views", ())]

            assert await seen("agents", None) == (401, [])
            assert await seen("agents", "wrong-secret-of-some-length") == (401, [])
            assert await seen("agents", "board-secret-of-some-length") == (200, ["alice", "bob"])
            assert await seen("agents", "alice-secret-of-some-length") == (200, ["alice"])
            assert (await seen("agents/bob", "alice-secret-of-some-length"))[0] == 403
            assert (await seen("agents/alice", "alice-secret-of-some-length"))[0] == 200
            assert (await seen("queues", "alice-secret-of-some-length"))[0] == 200
            assert (await seen("calls", "alice-secret-of-some-length"))[0] == 403


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
        await eventually(lambda: _has(bench, "agent:alice"))
        async with served(bench, a, open_to_all()) as base, _http() as http:
            url = f"{base}/state/default/changes"
            async with http.get(url) as response:
                assert response.content_type == "text/event-stream"
                events = _events(response)
                first = [await anext(events) for _ in range(3)]
                assert [event["event"] for event in first] == ["reset", "agent", "ready"]
                last = first[2]["id"]
                await bench.ring("c1")
                event = await anext(events)
                while event["event"] != "call":
                    event = await anext(events)
                assert json.loads(event["data"])["call"] == "c1"
            hangup = '{"data":{"event_type":"call.hangup","id":"h","payload":{"call_control_id":"c1"}}}'
            await bench.webhook(Address("default", "call", "c1"), hangup.encode())
            await eventually(lambda: _lacks(bench, "call:c1"))
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


def _ageless(view: AnyView) -> AnyView:
    return msgspec.structs.replace(view, as_of_ms=0)


async def _has(bench: Bench, *names: str) -> bool:
    return set(names) <= set(await views(bench))


async def _lacks(bench: Bench, name: str) -> bool:
    return name not in await views(bench)


async def _younger(bench: Bench, than_ms: int) -> bool:
    return (await views(bench))["agent:alice"].as_of_ms > than_ms


async def test_commands_show_the_centre_from_redis_alone(bench: Bench) -> None:
    where = ["--redis", bench.url, "--prefix", bench.keys.prefix]
    async with bench.worker("a") as a:
        await bench.append("agent", "alice", Enrol("test"))
        await until(lambda: len(a.held) == PARTITIONS)
        await eventually(lambda: _has(bench, "agent:alice"))
        status, out, _ = await said("top", "--once", *where)
        assert status == 0
        assert "16 partitions, 16 owned" in out
        assert any(line.split()[:2] == ["alice", "offline"] for line in out.splitlines())
        status, out, _ = await said("top", "--json", *where)
        board = json.loads(out)
        assert [view["agent"] for view in board["agents"]] == ["alice"]
        assert board["partitions"]["owned"] == PARTITIONS
        status, out, _ = await said("agent", "list", *where)
        assert out.splitlines()[1].split()[:2] == ["alice", "offline"]
        status, out, _ = await said("agent", "--json", "show", "alice", *where)
        assert json.loads(out)["agent"] == "alice"
        status, out, _ = await said("agent", "show", "alice", *where)
        assert out.splitlines()[0].split() == ["tenant", "default"]
        status, out, err = await said("agent", "show", "bob", *where)
        assert (status, out, err) == (4, "", "switchhook: There is no agent bob; there are alice.\n")
        status, out, err = await said("queue", "list", "--redis", "redis://127.0.0.1:1/0")
        assert status == 5
    status, _, err = await said("top", "--once", "--redis", bench.url, "--prefix", "nobody")
    assert status == 4
    assert "there is no log" in err


async def said(*args: str) -> tuple[int, str, str]:
    """Run the command in a thread, for it has a loop of its own; return its status, output and errors."""
    found = await anyio.to_thread.run_sync(lambda: CliRunner().invoke(app, list(args)))
    return found.exit_code, found.stdout, found.stderr
