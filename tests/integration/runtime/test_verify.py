"""`switchhook verify`: live owners agree with the log byte for byte, and where one does not it is said how."""

from __future__ import annotations

import anyio
import msgspec
import pytest

from ingress.envelope import Address
from ingress.log import Partition
from tests.integration.runtime.conftest import PARTITIONS, Bench, until
from worker.aggregates.call.state import Call
from worker.console.exits import Exit
from worker.console.verify import REST, Verdict, Verifier
from worker.console.verifying import exit_of, lines_of
from worker.ledger.ledger import Ledger, Timer
from worker.runtime.journal import START
from worker.runtime.witness import Question, write_question
from worker.runtime.worker import Worker

CALL = Address("default", "call", "c1")


def verifier(bench: Bench, *, wait_secs: float = 10.0) -> Verifier:
    return Verifier(bench.redis, bench.keys, wait_secs=wait_secs)


async def answered(bench: Bench, worker: Worker, *calls: str) -> None:
    """Let callers ring, and wait until they are answered and nothing is open."""
    for call in calls:
        await bench.ring(call)
    await until(lambda: len(bench.phone.sent) >= len(calls) and worker.ready.is_set())
    await until(lambda: not any(worker.pending(Partition(number)) for number in range(PARTITIONS)))


def ledger_of(worker: Worker, bench: Bench) -> Ledger:
    return worker.ledgers()[bench.log.partition_of(CALL)]


async def test_live_owners_and_snapshots_agree_with_the_log_while_it_goes_on(bench: Bench) -> None:
    async with bench.worker("a", snapshot_events=3) as a, bench.worker("b", snapshot_events=3) as b:
        await until(lambda: len(a.held) == len(b.held) == PARTITIONS // 2)
        await answered(bench, a, *(f"c{number}" for number in range(30)))
        verdicts: list[Verdict] = []

        async def one(partition: Partition) -> None:
            verdicts.append(await verifier(bench).verify(partition))

        async with anyio.create_task_group() as tasks:
            for number in range(PARTITIONS):
                tasks.start_soon(one, Partition(number))
            for number in range(30, 60):
                await bench.ring(f"c{number}")
    assert len(verdicts) == PARTITIONS
    assert {verdict.owner for verdict in verdicts} == {"a", "b"}
    assert all(verdict.live == [] for verdict in verdicts)
    assert any(verdict.snapshot == [] for verdict in verdicts)
    assert exit_of(verdicts) is Exit.OK
    assert await bench.redis.keys(f"{bench.keys.prefix}:*:question") == []


async def test_a_state_that_the_log_does_not_explain_is_found_and_shown(bench: Bench) -> None:
    where = bench.log.partition_of(CALL)
    async with bench.worker("a") as a:
        await answered(bench, a, "c1")
        state = ledger_of(a, bench).aggregates[CALL]
        assert isinstance(state, Call)
        ledger_of(a, bench).aggregates[CALL] = msgspec.structs.replace(state, number="+15550000000")
        verdict = await verifier(bench).verify(where)
        assert verdict.live is not None
        assert [(difference.name, difference.how) for difference in verdict.live] == [
            ("default/call:c1", ["number: none → +15550000000"])
        ]
        assert exit_of([verdict]) is Exit.BROKEN
        assert "            number: none → +15550000000" in list(lines_of(verdict))


async def test_a_timer_that_only_the_owner_knows_is_found(bench: Bench) -> None:
    async with bench.worker("a") as a:
        await answered(bench, a, "c1")
        ledger_of(a, bench).timers[CALL, "x"] = Timer(CALL, "x", 4_000_000_000_000, "t:0:1-0:0")
        verdict = await verifier(bench).verify(bench.log.partition_of(CALL))
    assert verdict.live is not None
    (difference,) = verdict.live
    assert difference.name == REST
    assert difference.how[0].startswith("timers.default/call:c1 x: none → ")


async def test_without_an_owner_the_snapshot_is_held_against_the_log(bench: Bench) -> None:
    where = bench.log.partition_of(CALL)
    async with bench.worker("a", snapshot_events=1) as a:
        await answered(bench, a, "c1")
    verdict = await verifier(bench).verify(where)
    assert (verdict.owner, verdict.live, verdict.snapshot) == (None, None, [])
    assert any("nobody owns it" in line for line in lines_of(verdict))
    key = bench.keys.snapshots(where)
    await bench.redis.delete(key)
    verdict = await verifier(bench).verify(where)
    assert (verdict.live, verdict.snapshot) == (None, None)
    assert "nothing to compare with" in next(lines_of(verdict))


async def test_a_snapshot_that_differs_is_found(bench: Bench) -> None:
    async with bench.worker("a", snapshot_events=1) as a:
        await answered(bench, a, "c1", "c2")
    where, other = bench.log.partition_of(CALL), bench.log.partition_of(Address("default", "call", "c2"))
    assert where != other
    name = (await bench.redis.hkeys(bench.keys.snapshots(other)))[-1]
    position = await bench.redis.get(bench.keys.position(where))
    assert position is not None
    for kept in await bench.redis.hkeys(bench.keys.snapshots(where)):
        await bench.redis.hdel(bench.keys.snapshots(where), kept)
    foreign = await bench.redis.hget(bench.keys.snapshots(other), name)
    assert foreign is not None
    await bench.redis.hset(bench.keys.snapshots(where), position, foreign)
    verdict = await verifier(bench).verify(where)
    assert {difference.name for difference in verdict.snapshot or ()} >= {"default/call:c1", "default/call:c2"}
    assert exit_of([verdict]) is Exit.BROKEN


async def test_an_owner_that_does_not_answer_is_said_and_the_question_goes(bench: Bench) -> None:
    where = Partition(0)
    await bench.redis.set(bench.keys.lease(where), "paused:3", px=30_000)
    verdict = await verifier(bench, wait_secs=0.3).verify(where)
    assert verdict.unanswered
    assert exit_of([verdict]) is Exit.UNREACHABLE
    assert any("of paused: it did not answer in time" in line for line in lines_of(verdict))
    assert await bench.redis.get(bench.keys.question(where)) is None


async def test_two_who_ask_at_once_are_both_answered(bench: Bench) -> None:
    where = bench.log.partition_of(CALL)
    async with bench.worker("a") as a:
        await answered(bench, a, "c1")
        found: list[Verdict] = []

        async def ask() -> None:
            found.append(await verifier(bench).verify(where))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            tasks.start_soon(ask)
        assert [verdict.live for verdict in found] == [[], []]


@pytest.mark.parametrize("raw", [b"nonsense", b'{"id": 5}', write_question(Question("nobody-waits"))])
async def test_a_question_that_cannot_be_read_or_that_nobody_waits_for_harms_nothing(bench: Bench, raw: bytes) -> None:
    where = bench.log.partition_of(CALL)
    await bench.redis.set(bench.keys.question(where), raw, px=1_500)
    async with bench.worker("a") as a:
        await answered(bench, a, "c1")
        assert (await verifier(bench).verify(where)).live == []


async def test_the_owner_says_how_much_there_is(bench: Bench) -> None:
    where = bench.log.partition_of(CALL)
    async with bench.worker("a") as a:
        await until(lambda: where in a.held)
        with anyio.fail_after(10):
            while (raw := await bench.redis.get(bench.keys.standing(where))) is None:
                await anyio.sleep(0.02)
        assert msgspec.json.decode(raw)["position"] == START
