"""Owners publish what their partitions look like, anew after each loss; commands show it."""

from __future__ import annotations

import json

import anyio
import anyio.to_thread
import msgspec
import pytest
from typer.testing import CliRunner

from ingress.envelope import Address
from ingress.log import Partition
from tests.integration.runtime.conftest import PARTITIONS, Bench, until
from tests.integration.runtime.looking import eventually, has, lacks, published, views
from worker.aggregates import machine
from worker.cli import app
from worker.events.event import Event
from worker.events.intents import Enrol, Release
from worker.replay.source import LogReader
from worker.views.model import AnyView
from worker.views.views import view_of


async def test_what_happens_is_published_and_what_is_over_goes(bench: Bench) -> None:
    async with bench.worker("a"):
        await bench.append("agent", "alice", Enrol("test"))
        await bench.ring("c1")
        await eventually(lambda: has(bench, "agent:alice", "call:c1"))
        view = (await views(bench))["call:c1"]
        assert (view.tenant, view.quarantined) == ("default", False)
        hangup = '{"data":{"event_type":"call.hangup","id":"h","payload":{"call_control_id":"c1"}}}'
        await bench.webhook(Address("default", "call", "c1"), hangup.encode())
        await eventually(lambda: lacks(bench, "call:c1"))


async def test_a_view_says_its_age_and_a_partition_that_nobody_holds_grows_old(bench: Bench) -> None:
    assert (await published(bench).listing("default", "agent")).unpublished == PARTITIONS
    async with bench.worker("a"):
        await bench.append("agent", "alice", Enrol("test"))
        await eventually(lambda: has(bench, "agent:alice"))
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
        await eventually(lambda: has(bench, "agent:alice"))
    where = bench.log.partition_of(Address("default", "agent", "alice"))
    stray = Address("default", "agent", "nobody")
    await bench.redis.hdel(bench.keys.views(where, "agent"), "default/agent:alice")
    await bench.redis.hset(bench.keys.views(where, "agent"), str(stray), b"{}")
    async with bench.worker("b"):
        await eventually(lambda: has(bench, "agent:alice"))
        assert await bench.redis.hkeys(bench.keys.views(where, "agent")) == [b"default/agent:alice"]
        lease, head = await bench.redis.mget(bench.keys.lease(where), bench.keys.published(where))
        assert isinstance(head, bytes)
        assert isinstance(lease, bytes)
        assert json.loads(head)["token"] == lease.decode()


async def test_an_old_owner_writes_nothing_any_more(bench: Bench) -> None:
    where = bench.log.partition_of(Address("default", "agent", "alice"))
    async with bench.worker("a"):
        await bench.append("agent", "alice", Enrol("test"))
        await eventually(lambda: has(bench, "agent:alice"))
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
        await eventually(lambda: has(bench, "agent:alice"))
        await bench.redis.delete(bench.keys.views(where, "agent"), bench.keys.published(where))
        await eventually(lambda: has(bench, "agent:alice"), secs=20)


async def test_the_views_of_a_replayed_log_are_those_that_were_published(bench: Bench) -> None:
    async with bench.worker("a") as a:
        for agent in ("alice", "bob"):
            await bench.append("agent", agent, Enrol("test"))
        for number in range(10):
            await bench.ring(f"c{number}")
        await eventually(lambda: has(bench, "agent:alice", "agent:bob", *(f"call:c{n}" for n in range(10))))
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


def _ageless(view: AnyView) -> AnyView:
    return msgspec.structs.replace(view, as_of_ms=0)


async def _younger(bench: Bench, than_ms: int) -> bool:
    return (await views(bench))["agent:alice"].as_of_ms > than_ms


async def test_commands_show_the_centre_from_redis_alone(bench: Bench) -> None:
    where = ["--redis", bench.url, "--prefix", bench.keys.prefix]
    async with bench.worker("a") as a:
        await bench.append("agent", "alice", Enrol("test"))
        await until(lambda: len(a.held) == PARTITIONS)
        await eventually(lambda: has(bench, "agent:alice"))
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


async def test_what_stands_still_is_shown_as_such(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    fold = machine.fold

    def raising(state: machine.AggregateState, event: Event) -> machine.AggregateState:
        if event.address.id == "bad":
            raise ZeroDivisionError("of the test")
        return fold(state, event)

    monkeypatch.setattr(machine, "fold", raising)
    async with bench.worker("a"):
        await bench.ring("bad")
        await bench.ring("good")
        await eventually(lambda: has(bench, "call:bad", "call:good"))
        found = await views(bench)
        assert (found["call:bad"].quarantined, found["call:good"].quarantined) == (True, False)
        monkeypatch.undo()
        await bench.append("call", "bad", Release("test"))
        with anyio.fail_after(15):
            while (await views(bench))["call:bad"].quarantined:
                await anyio.sleep(0.05)


async def test_a_view_that_cannot_be_made_stops_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(state: machine.AggregateState, *, quarantined: bool) -> AnyView | None:
        if state.address.id == "bad":
            raise ZeroDivisionError("of the test")
        return view_of(state, quarantined=quarantined)

    monkeypatch.setattr("worker.runtime.publisher.view_of", raising)
    where = bench.log.partition_of(Address("default", "call", "bad"))
    await bench.redis.hset(bench.keys.views(where, "call"), "nonsense", "of somebody else")
    async with bench.worker("a") as a:
        await bench.ring("bad")
        await bench.ring("good")
        await eventually(lambda: has(bench, "call:good"))
        assert Address("default", "call", "bad") in a.aggregates()
        assert not await has(bench, "call:bad")
        assert a.leases()[where].epoch == 1
