"""Crashes between any two steps: nothing is decided twice, nothing is left undone, and replay equals live."""

from __future__ import annotations

import anyio
import msgspec
import pytest

from ingress.envelope import Address
from ingress.ids import command_id
from ingress.log import Keys, Partition, encode_entry, partition_of
from tests.integration.runtime.conftest import NUMBER, PARTITIONS, Bench, until
from worker.aggregates import machine
from worker.commands import command as c
from worker.commands.client_state import ClientState
from worker.decisions.decision import Decision, Send, Tell
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.event import Event, write_entry
from worker.events.intents import Enrol, Release
from worker.events.outcomes import Outcome, Succeeded
from worker.ledger.ledger import Ledger
from worker.replay.source import LogReader
from worker.runtime import delivery
from worker.runtime.journal import Journal, order_of
from worker.runtime.lease import Leases


def partition(kind: str, ident: str) -> Partition:
    return partition_of(Address("default", kind, ident), PARTITIONS)  # type: ignore[arg-type]


async def replayed(bench: Bench, keys: Keys) -> dict[str, object]:
    """Return every aggregate as the log alone gives it."""
    reader = LogReader(bench.redis, keys)
    states: dict[str, object] = {}
    for number in range(PARTITIONS):
        async for step in reader.steps(Partition(number)):
            states[str(step.event.address)] = msgspec.to_builtins(step.after, order="deterministic")
    return states


async def test_a_call_is_answered_and_its_outcome_is_in_the_log(bench: Bench) -> None:
    async with bench.worker("a"):
        await bench.ring("c1")
        await until(lambda: bench.phone.kinds() == ["answer"])
    journal = Journal(bench.redis, bench.keys)
    where = partition("call", "c1")
    ledger = Ledger(where)
    async for event, decision in journal.history(where, await journal.last_id(where)):
        ledger.follow(event, decision.acts if decision else ())
    assert ledger.pending == {}


async def test_a_command_under_way_at_a_crash_is_carried_on_under_the_same_id(bench: Bench) -> None:
    bench.phone.open = anyio.Event()
    async with bench.worker("a", crash=True):
        await bench.ring("c1")
        await until(lambda: bench.phone.kinds() == ["answer"])
    bench.phone.open.set()
    async with bench.worker("b"):
        await until(lambda: len(bench.phone.sent) == 2)
    (first, _, first_age), (second, _, second_age) = bench.phone.sent
    assert first == second
    assert first_age == 0
    assert second_age > 0


async def test_what_is_in_the_journal_is_carried_out_once_and_never_decided_anew(bench: Bench) -> None:
    agent, queue = Address("default", "agent", "alice"), Address("default", "queue", "support")
    where = partition("agent", "alice")
    await bench.append("agent", "alice", Enrol("test"))
    journal = Journal(bench.redis, bench.keys)
    cause = await journal.last_id(where)
    # The owner died between journal and effect, and had decided otherwise than today's code.
    leases = Leases(bench.redis, bench.keys, "dead", ttl_secs=5)
    lease = await leases.acquire(where)
    assert lease is not None
    dial = c.Dial("+19995550100", NUMBER, "yesterday", 30, ClientState(owner="agent:alice"))
    acts = (Send(dial), Tell(queue, n.AgentGone("alice", 0)))
    await journal.commit(lease, cause, [(cause, Decision(agent, acts))])
    await leases.release(lease)
    async with bench.worker("b") as b:
        await until(lambda: bool(bench.phone.sent))
        await until(lambda: not b.pending(where) and queue in b.aggregates())
    async with bench.worker("c") as heir:
        await until(lambda: {agent, queue} <= set(heir.aggregates()))
    assert [sent[:2] for sent in bench.phone.sent] == [(command_id("default", where, cause, 0), dial)]
    inbox = partition("queue", "support")
    told = [event.event_id async for event, _ in journal.history(inbox, await journal.last_id(inbox))]
    # What the outcome of the command leads to comes behind it.
    assert [name for name in told if name.startswith(f"n:{where}:{cause}:")] == [f"n:{where}:{cause}:1"]
    assert told[0] == f"n:{where}:{cause}:1"


async def test_a_command_that_ended_before_the_crash_is_not_sent_again(bench: Bench) -> None:
    async with bench.worker("a", crash=True) as a:
        await bench.ring("c1")
        await until(lambda: bench.phone.kinds() == ["answer"])
        where = partition("call", "c1")
        await until(lambda: not a.pending(where))
    async with bench.worker("b") as b:
        await until(lambda: len(b.held) == PARTITIONS)
        await bench.ring("c2")
        await until(lambda: len(bench.phone.sent) == 2)
    assert [command.call for _, command, _ in bench.phone.sent if isinstance(command, c.Answer)] == ["c1", "c2"]


async def test_a_command_whose_end_nobody_had_read_before_the_crash_is_not_sent_again(bench: Bench) -> None:
    bench.phone.open = anyio.Event()
    async with bench.worker("a", crash=True):
        await bench.ring("c1")
        await until(lambda: bench.phone.kinds() == ["answer"])
    ((name, command, _),) = bench.phone.sent
    await bench.append("call", "c1", Outcome(name, command, Succeeded()))
    bench.phone.open.set()
    async with bench.worker("b") as b:
        await bench.ring("c2")
        await until(lambda: len(bench.phone.sent) == 2)
        await until(lambda: not any(b.pending(Partition(number)) for number in range(PARTITIONS)))
    assert [sent.call for _, sent, _ in bench.phone.sent if isinstance(sent, c.Answer)] == ["c1", "c2"]


async def test_a_command_decided_upon_an_old_event_is_a_new_one(bench: Bench) -> None:
    address = Address("default", "agent", "alice")
    fields = encode_entry(write_entry("old", address, Enrol("test"), 1))
    log = bench.keys.log(partition("agent", "alice"))
    await bench.redis.xadd(log, dict(zip(fields[::2], fields[1::2], strict=True)), id="1000-1")
    async with bench.worker("a"):
        # The ring timer of so old an event is due at once, and more follows from it.
        await until(lambda: bool(bench.phone.sent))
    assert bench.phone.kinds()[0] == "dial"
    assert bench.phone.sent[0][2] == 0


async def test_an_account_that_is_refused_keeps_its_command_and_holds_up_nobody_else(bench: Bench) -> None:
    refused = [c.Answer("c1")]
    bench.phone.refuse = lambda command: command in refused
    async with bench.worker("a") as a:
        await bench.ring("c1")
        await until(lambda: bench.phone.kinds() == ["answer"])
        await bench.ring("c2")
        await until(lambda: len(bench.phone.sent) == 2)
        assert len(a.pending(partition("call", "c1"))) >= 1
        refused.clear()
    async with bench.worker("b"):
        await until(lambda: len(bench.phone.sent) == 3)
    assert bench.phone.sent[0][:2] == bench.phone.sent[2][:2]


async def test_what_came_while_nobody_worked_is_decided_by_the_next_worker(bench: Bench) -> None:
    await bench.ring("c1")
    await bench.append("agent", "alice", Enrol("test"))
    async with bench.worker("a"):
        await until(lambda: sorted(bench.phone.kinds()) == ["answer", "dial"])


async def test_a_timer_that_was_set_before_a_crash_fires_after_it(bench: Bench) -> None:
    async with bench.worker("a", crash=True):
        await bench.ring("c1")
        await until(lambda: bench.phone.kinds() == ["answer"])
    async with bench.worker("b"):
        # `call.answered` never comes: five seconds after the answer the leg is read.
        await until(lambda: "read-call" in bench.phone.kinds(), secs=15)


async def test_a_log_without_notices_is_noted_as_delivered_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    where, journal = bench.log.partition_of(Address("default", "call", "c1")), Journal(bench.redis, bench.keys)
    monkeypatch.setattr(delivery, "NOTED_AFTER", 3)
    async with bench.worker("a", crash=True) as a:
        await until(lambda: where in a.held)
        for number in range(4):
            await bench.append("call", "c1", Release(f"{number}"))
        with anyio.fail_after(10):
            while order_of(await journal.delivered(where)) == (0, 0):
                await anyio.sleep(0.02)
    position = await journal.position(where)
    async with bench.worker("b") as b:
        await until(lambda: where in b.held)
    assert await journal.delivered(where) == position


async def owes(bench: Bench, where: Partition) -> bool:
    """Whether the owner of a partition has decided upon a notice that it has not noted as delivered."""
    journal = Journal(bench.redis, bench.keys)
    owed = await journal.decisions(where, await journal.delivered(where), await journal.position(where))
    return any(isinstance(act, Tell) for decision in owed.values() for act in decision.acts)


async def test_notices_that_may_not_have_been_delivered_are_delivered_once(bench: Bench) -> None:
    await bench.append("agent", "alice", Enrol("test"))
    async with bench.worker("a", crash=True) as a:
        await until(lambda: bench.phone.kinds() == ["dial"])
        told = n.Told(Address("default", "call", "leg"), n.LegAnswered("leg", 0))
        await bench.append("agent", "alice", told)
        await until(lambda: "create-conference" in bench.phone.kinds())
        queue, agent = partition("queue", "support"), partition("agent", "alice")
        await until(lambda: not a.pending(agent))
        with anyio.fail_after(10):
            while not await bench.redis.xlen(bench.keys.log(queue)) or await owes(bench, agent):
                await anyio.sleep(0.01)
    # As if the crash had come before the note of what was delivered.
    for number in range(PARTITIONS):
        await bench.redis.delete(bench.keys.delivered(Partition(number)))
    before = await bench.redis.xlen(bench.keys.log(queue))
    async with bench.worker("b") as b:
        await until(lambda: len(b.held) == PARTITIONS)
    assert await bench.redis.xlen(bench.keys.log(queue)) == before


async def test_replay_gives_the_live_state(bench: Bench) -> None:
    async with bench.worker("a") as a:
        for call in ("c1", "c2", "c3"):
            await bench.ring(call)
        await bench.append("agent", "alice", Enrol("test"))
        await until(lambda: len(bench.phone.sent) >= 4)
        await until(lambda: not any(a.pending(Partition(number)) for number in range(PARTITIONS)))
        live = {str(x): msgspec.to_builtins(s, order="deterministic") for x, s in a.aggregates().items()}
        assert await replayed(bench, bench.keys) == live


async def test_an_event_on_which_the_code_raises_decides_nothing_and_stops_nobody_else(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold = machine.fold

    def raising(state: machine.AggregateState, event: Event) -> machine.AggregateState:
        if isinstance(event.body, w.CallHold):
            raise ZeroDivisionError("of the test")
        return fold(state, event)

    monkeypatch.setattr(machine, "fold", raising)
    async with bench.worker("a") as a:
        await bench.ring("bad")
        await until(lambda: bench.phone.kinds() == ["answer"])
        address = Address("default", "call", "bad")
        held = b'{"data":{"event_type":"call.hold","payload":{"call_control_id":"bad"}}}'
        await bench.webhook(address, held)
        await bench.ring("good")
        await until(lambda: bench.phone.kinds() == ["answer", "answer"])
        await until(lambda: not any(a.pending(Partition(number)) for number in range(PARTITIONS)))
        assert a.metrics.failures.labels("call")._value.get() == 1
        live = {str(x): msgspec.to_builtins(s, order="deterministic") for x, s in a.aggregates().items()}
        assert await replayed(bench, bench.keys) == live
        assert address in a.aggregates()
        assert len(a.held) == PARTITIONS


async def test_what_telnyx_does_not_document_is_counted_once_and_not_again_in_a_recovery(bench: Bench) -> None:
    address = Address("default", "call", "c1")
    hangup = b'{"data":{"event_type":"call.hangup","payload":{"call_control_id":"c1","hangup_cause":"weird"}}}'
    async with bench.worker("a") as a:
        await bench.webhook(address, hangup)
        counter = a.metrics.undocumented.labels("call.hangup hangup_cause")
        await until(lambda: counter._value.get() == 1)
        await until(lambda: address in a.aggregates())
    async with bench.worker("b") as b:
        await until(lambda: address in b.aggregates())
        assert b.metrics.undocumented.labels("call.hangup hangup_cause")._value.get() == 0


def test_a_commands_id_is_always_the_same() -> None:
    assert command_id("default", 3, "1-0", 0) == command_id("default", 3, "1-0", 0)
    assert command_id("default", 3, "1-0", 0) != command_id("default", 3, "1-0", 1)
