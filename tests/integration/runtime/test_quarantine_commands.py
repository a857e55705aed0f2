"""`switchhook quarantine`: what is set aside is listed and shown, and retry and drop say what became of it."""

from __future__ import annotations

import aiohttp
import anyio.to_thread
import msgspec
import pytest
from typer.testing import CliRunner, Result

from ingress.envelope import Address
from ingress.log import Partition
from tests.integration.runtime.conftest import PARTITIONS, Bench, until
from worker.cli import app
from worker.console.aside import Asides, Listed
from worker.console.exits import Exit
from worker.runtime.health import serve_health
from worker.runtime.worker import Worker

CALL, OTHER = Address("default", "call", "c1"), Address("west", "call", "c2")


async def hook(bench: Bench, address: Address, event_type: str) -> None:
    body = f'{{"data":{{"event_type":"{event_type}","payload":{{"call_control_id":"{address.id}"}}}}}}'
    await bench.webhook(address, body.encode())


async def set_aside(bench: Bench, worker: Worker, address: Address = CALL) -> None:
    """Let a call be set aside with an event that waits after the one that raised."""
    await hook(bench, address, "call.hold")
    await hook(bench, address, "call.answered")
    where = bench.log.partition_of(address)
    await until(lambda: where in worker.held and address in worker.ledgers()[where].quarantined)
    await until(lambda: len(worker.ledgers()[where].quarantined[address].held) == 2)


async def switchhook(bench: Bench, *arguments: str) -> Result:
    """Run `switchhook quarantine …` in a thread of its own, as beside a worker."""
    environment = {"SWITCHHOOK_REDIS_URL": bench.url, "SWITCHHOOK_PREFIX": bench.keys.prefix}

    def run() -> Result:
        return CliRunner().invoke(app, ["quarantine", *arguments], env=environment)

    return await anyio.to_thread.run_sync(run)


async def listed(bench: Bench) -> list[Listed]:
    return await Asides(bench.redis, bench.keys, PARTITIONS).list()


async def test_what_is_set_aside_is_listed_shown_counted_and_dropped(bench: Bench, poison: list[type]) -> None:
    async with bench.worker("a") as a:
        await set_aside(bench, a)
        await set_aside(bench, a, OTHER)
        with anyio.fail_after(10):
            while len(found := await listed(bench)) < 2:
                await anyio.sleep(0.05)
        assert [(each.address, each.error) for each in found] == [
            ("default/call:c1", "ZeroDivisionError: of the test"),
            ("west/call:c2", "ZeroDivisionError: of the test"),
        ]
        async with (
            serve_health(a, a.metrics, host="127.0.0.1", port=0) as port,
            aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http,
        ):
            assert (await (await http.get("/health/ready")).json())["quarantined"] == 2
            assert "switchhook_worker_quarantined 2.0" in await (await http.get("/metrics")).text()
        shown = await switchhook(bench, "show", "call:c1")
        assert shown.exit_code == Exit.OK, shown.output
        assert "worker/ledger/ledger.py:" in shown.output
        assert 'raising: raise ZeroDivisionError("of the test")' in shown.output
        assert "webhook  call hold" in shown.output
        assert '{"data":{"event_type":"call.hold"' in shown.output
        assert "waiting with it: 1" in shown.output
        dropped = await switchhook(bench, "drop", "call:c1", "--by", "test")
        assert dropped.exit_code == Exit.OK, dropped.output
        assert "default/call:c1 is released: 1 event that waited taken in" in dropped.output
        assert CALL in a.aggregates()
        with anyio.fail_after(10):
            while [each.address for each in await listed(bench)] != ["west/call:c2"]:
                await anyio.sleep(0.05)
    # And so it is said when nobody works.
    assert [each.address for each in await listed(bench)] == ["west/call:c2"]


async def test_a_retry_that_raises_again_says_so_and_one_after_mending_goes_on(
    bench: Bench, poison: list[type]
) -> None:
    async with bench.worker("a") as a:
        await set_aside(bench, a)
        again = await switchhook(bench, "retry", "call:c1")
        assert again.exit_code == Exit.BROKEN
        assert "is in quarantine again: ZeroDivisionError: of the test" in again.output
        assert "in raising: raise ZeroDivisionError" in again.output
        poison.clear()
        mended = await switchhook(bench, "retry", "default/call:c1")
        assert mended.exit_code == Exit.OK, mended.output
        assert "2 events that waited taken in" in mended.output
        assert not a.quarantined
        missing = await switchhook(bench, "retry", "call:c1")
        assert missing.exit_code == Exit.NOT_FOUND
        assert "default/call:c1 is not in quarantine" in missing.output


async def test_a_release_that_nobody_decides_in_time_is_said_and_decided_later(
    bench: Bench, poison: list[type]
) -> None:
    async with bench.worker("a") as a:
        await set_aside(bench, a)
    poison.clear()
    late = await switchhook(bench, "retry", "call:c1", "--wait", "0.2")
    assert late.exit_code == Exit.UNREACHABLE
    assert "nobody has decided it within 0.2 s" in late.output
    async with bench.worker("b") as b:
        await until(lambda: CALL in b.aggregates() and not b.quarantined)


async def test_what_a_dead_owner_said_does_not_count_after_its_successor(bench: Bench, poison: list[type]) -> None:
    where = bench.log.partition_of(CALL)
    async with bench.worker("a") as a:
        await set_aside(bench, a)
        with anyio.fail_after(10):
            while not await listed(bench):
                await anyio.sleep(0.05)
    said = await bench.redis.get(bench.keys.standing(where))
    assert said is not None
    poison.clear()
    async with bench.worker("b") as b:
        assert (await switchhook(bench, "retry", "call:c1")).exit_code == Exit.OK
        assert not b.quarantined
    # A zombie's word comes late.
    await bench.redis.set(bench.keys.standing(where), said)
    assert await listed(bench) == []


@pytest.mark.parametrize("arguments", [("show", "room:1"), ("retry", "room:1"), ("drop", "1")])
async def test_what_is_no_address_is_refused(bench: Bench, arguments: tuple[str, ...]) -> None:
    refused = await switchhook(bench, *arguments)
    assert refused.exit_code == Exit.USAGE
    assert "is not an address" in refused.output


async def test_where_nothing_is_set_aside_it_is_said(bench: Bench) -> None:
    assert (await switchhook(bench, "list")).output == "nothing is in quarantine\n"
    as_json = await switchhook(bench, "list", "--json")
    assert msgspec.json.decode(as_json.output) == []
    assert await listed(bench) == []
    assert bench.log.partition_of(CALL) in [Partition(number) for number in range(PARTITIONS)]
