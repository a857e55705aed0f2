"""However sends, ends, refusals, a Redis that is away and drains fall together: per address the order stays, every
command ends once, and whoever waits for that is told.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal, cast

import anyio
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from ingress.envelope import Address, LogEntry
from ingress.errors import LogUnavailableError
from ingress.log import EventLog, Partition
from worker.commands import command as c
from worker.events.outcomes import Disposition, Observed, Outcome, Refused, Succeeded, Unknown
from worker.ledger.ledger import Pending
from worker.runtime.accounts import Accounts
from worker.runtime.clock import RedisClock, monotonic
from worker.runtime.effects import Effects, Patience
from worker.runtime.lease import Lease
from worker.runtime.metrics import Metrics

MOST_WAITING = 4
STEPS = 30
NO_WAIT = Patience(stopped_secs=0.0, append_retry_secs=0.0, most_waiting=MOST_WAITING)
LONG_HELD = msgspec.structs.replace(NO_WAIT, stopped_secs=3600.0)


class Start(msgspec.Struct, frozen=True):
    address: int


class End(msgspec.Struct, frozen=True):
    which: int
    result: Literal["succeeded", "gone", "stop", "unknown"]


class RedisAway(msgspec.Struct, frozen=True):
    times: int


Step = Start | End | RedisAway
steps = st.lists(
    st.one_of(
        st.builds(Start, st.integers(0, 2)),
        st.builds(End, st.integers(0, 100), st.sampled_from(["succeeded", "gone", "stop", "unknown"])),
        st.builds(RedisAway, st.integers(1, 2)),
    ),
    max_size=40,
)


class World:
    """The log, the senders, and the effects between them."""

    def __init__(self, patience: Patience = NO_WAIT) -> None:
        self.sent: list[str] = []
        self.appended: list[str] = []
        self.away = 0
        #: What is under way, by command; each gets its result from the test.
        self.under_way: dict[str, tuple[str, anyio.Event]] = {}
        self.results: dict[str, str] = {}
        lease = Lease(Partition(0), "w", 1, until=monotonic() + 3600)
        metrics = Metrics()
        self.effects = Effects(lease, cast("EventLog", self), self, RedisClock(), metrics, Accounts(metrics), patience)

    def of(self, _: str) -> World:
        return self

    async def append(self, entries: list[LogEntry]) -> None:
        await anyio.lowlevel.checkpoint()
        if self.away:
            self.away -= 1
            raise LogUnavailableError("away")
        self.appended += [entry.event_id.removeprefix("o:") for entry in entries]

    async def send(
        self, command: c.AnyCommand, command_id: str, *, epoch: int, first_tried_secs_ago: float, fence: object = None
    ) -> Outcome | Observed:
        assert isinstance(command, c.Hangup)
        # One after another per address, each after those that were decided before it.
        assert command.call not in {call for call, _ in self.under_way.values()}
        self.sent.append(command_id)
        over = anyio.Event()
        self.under_way[command_id] = (command.call, over)
        try:
            await over.wait()
        finally:
            del self.under_way[command_id]
        return Outcome(command_id, command, _result(self.results[command_id]))

    def end(self, command_id: str, result: str) -> None:
        self.results[command_id] = result
        self.under_way[command_id][1].set()


def tenant_of(command_id: str) -> str:
    """Return the tenant of a command, as the test names it: by its address."""
    return "t" if int(command_id.partition(":")[0]) < 2 else "u"


def _result(name: str) -> Succeeded | Refused | Unknown:
    match name:
        case "succeeded":
            return Succeeded()
        case "unknown":
            return Unknown("x")
        case _:
            return Refused(401, "10009", "x", cast("Disposition", name))


async def _quiet() -> None:
    """Return when nothing moves by itself any more: the longest way, with Redis away twice, has fewer steps."""
    for _ in range(STEPS):
        await anyio.lowlevel.checkpoint()


@settings(max_examples=150)
@given(steps, st.integers(0, 40), st.integers(1, 3), st.sampled_from([NO_WAIT, LONG_HELD]))
async def test_each_command_ends_once_and_in_its_addresss_order(
    steps: list[Step], drain_at: int, drains: int, patience: Patience
) -> None:
    world = World(patience)
    started: list[str] = []
    drained: list[int] = []

    async def drain(number: int) -> None:
        await world.effects.drain()
        drained.append(number)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for index, step in enumerate(steps[:drain_at]):
                match step:
                    case Start(address):
                        name = f"{address}:{index}"
                        started.append(name)
                        to = Address(tenant_of(name), "call", str(address))
                        world.effects.start(tasks, Pending(name, c.Hangup(str(address)), to, 0))
                    case End(which, result) if world.under_way:
                        world.end(sorted(world.under_way)[which % len(world.under_way)], result)
                    case RedisAway(times):
                        world.away = times
                    case _:
                        pass
                if index % 2:
                    # At every other step nothing has had the time to move.
                    await _quiet()
            await _quiet()
            open_before = [name for name in started if name not in world.appended]
            assert all(name in world.effects for name in open_before)
            busy = {name.partition(":")[0] for name in world.under_way}
            held = [name for name in open_before if name.partition(":")[0] not in busy]
            assert world.effects.crowded == (len(open_before) - len(held) >= MOST_WAITING)
            assert all(count <= MOST_WAITING // 2 for count in Counter(map(tenant_of, held)).values())
            for number in range(drains):
                tasks.start_soon(drain, number)
            under_way = list(world.under_way)
            for name in under_way:
                world.end(name, "succeeded")
            await _quiet()
    assert sorted(drained) == list(range(drains))
    assert len(set(world.appended)) == len(world.appended)
    for address in range(3):
        mine = [name for name in started if name.startswith(f"{address}:")]
        ended = [name for name in world.appended if name.startswith(f"{address}:")]
        sent = list(dict.fromkeys(name for name in world.sent if name.startswith(f"{address}:")))
        assert ended == mine[: len(ended)]
        assert sent == mine[: len(sent)]
    # What was under way has ended; what was only queued is left to the next owner.
    assert set(under_way) <= set(world.appended)
    assert not world.effects.crowded
    assert not any(name in world.effects for name in started)


async def test_without_a_drain_all_that_was_started_ends() -> None:
    world = World()
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            to = Address("t", "call", str(number % 3))
            world.effects.start(tasks, Pending(f"{number}", c.Hangup(str(number % 3)), to, 0))
        assert world.effects.crowded
        with anyio.fail_after(10):
            while len(world.appended) < 20:
                await _quiet()
                for name in list(world.under_way):
                    world.end(name, "succeeded")
            await world.effects.room()
