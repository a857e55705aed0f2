"""What the effects of a partition do when an account is refused, time passes, or the partition is given back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import anyio
import pytest
from anyio.abc import TaskGroup
from structlog.testing import capture_logs

from ingress.envelope import Address, LogEntry
from ingress.errors import LogUnavailableError
from ingress.log import EventLog, Partition
from worker.commands import command as c
from worker.events.outcomes import Observed, Outcome, Refused, Succeeded
from worker.ledger.ledger import Pending
from worker.runtime.accounts import Accounts
from worker.runtime.clock import RedisClock, monotonic, virtual_time
from worker.runtime.effects import Effects, Patience
from worker.runtime.errors import FencedError
from worker.runtime.lease import Lease
from worker.runtime.metrics import Metrics

REFUSED = Refused(401, "10009", "x", "stop")


class Line:
    """A sender, and a log; time passes when a test says so."""

    def __init__(self, patience: Patience, *, lease_secs: float = 3600) -> None:
        self.at = 1000.0
        virtual_time.set(lambda: self.at)
        self.result: Succeeded | Refused = Succeeded()
        #: Each command sent, and how old it was said to be.
        self.sent: list[tuple[str, float]] = []
        self.takes_secs = 0.0
        self.away = False
        self.appended: list[str] = []
        self.metrics = Metrics()
        self.until = monotonic() + lease_secs
        self.accounts = Accounts(self.metrics)
        self.effects = self.of_partition(Partition(0), patience)

    def of_partition(self, partition: Partition, patience: Patience) -> Effects:
        lease = Lease(partition, "w", 1, until=self.until)
        return Effects(lease, cast("EventLog", self), self, RedisClock(), self.metrics, self.accounts, patience)

    def of(self, _: str) -> Line:
        return self

    async def send(
        self,
        command: c.AnyCommand,
        command_id: str,
        *,
        epoch: int,
        first_tried_secs_ago: float,
        fence: Callable[[], None] = lambda: None,
    ) -> Outcome | Observed:
        await anyio.lowlevel.checkpoint()
        self.sent.append((command_id, round(first_tried_secs_ago, 3)))
        self.at += self.takes_secs
        fence()
        return Outcome(command_id, command, self.result)

    async def append(self, entries: list[LogEntry]) -> None:
        await anyio.lowlevel.checkpoint()
        if self.away:
            self.at += 1
            raise LogUnavailableError("away")
        self.appended += [entry.event_id for entry in entries]

    def start(
        self, tasks: TaskGroup, name: str, *, age_secs: float | None = None, call: str = "leg", tenant: str = "t"
    ) -> None:
        pending = Pending(name, c.Answer(call), Address(tenant, "call", call), 0)
        self.effects.start(tasks, pending, age_secs=age_secs)

    @asynccontextmanager
    async def tasks(self) -> AsyncIterator[TaskGroup]:
        """Run what is started, with a bound, and stop it at the end."""
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                yield tasks
                tasks.cancel_scope.cancel()


async def ends(line: Line, count: int = 1) -> None:
    while len(line.appended) < count:
        await anyio.lowlevel.checkpoint()


async def quiet() -> None:
    """Return when nothing moves by itself any more."""
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


async def test_a_command_that_waited_behind_another_is_as_old_as_it_is_when_its_turn_comes() -> None:
    line = Line(Patience())
    line.takes_secs = 50
    async with line.tasks() as tasks:
        line.start(tasks, "one", age_secs=5)
        line.start(tasks, "two", age_secs=5)
        line.start(tasks, "three")
        await ends(line, 3)
    assert line.sent == [("one", 5), ("two", 55), ("three", 0)]


async def test_what_was_inherited_the_moment_it_was_decided_ages_too() -> None:
    line = Line(Patience())
    line.takes_secs = 60
    async with line.tasks() as tasks:
        line.start(tasks, "one", age_secs=0)
        line.start(tasks, "two", age_secs=0)
        await ends(line, 2)
    assert line.sent == [("one", 0), ("two", 60)]


async def test_a_refusal_does_not_make_an_old_command_a_new_one() -> None:
    line = Line(Patience(stopped_secs=0))
    line.result, line.takes_secs = REFUSED, 10
    async with line.tasks() as tasks:
        line.start(tasks, "inherited", age_secs=40)
        while len(line.sent) < 3:
            await anyio.lowlevel.checkpoint()
    assert line.sent[:3] == [("inherited", 40), ("inherited", 50), ("inherited", 60)]


async def test_a_new_command_that_is_refused_stays_new() -> None:
    line = Line(Patience(stopped_secs=0))
    line.result, line.takes_secs = REFUSED, 100
    async with line.tasks() as tasks:
        line.start(tasks, "new")
        while len(line.sent) < 2:
            await anyio.lowlevel.checkpoint()
    assert line.sent[:2] == [("new", 0), ("new", 0)]


async def test_a_command_of_a_refused_account_is_held_for_a_while_and_then_ends() -> None:
    line = Line(Patience(stopped_secs=0, held_secs=300))
    line.result, line.takes_secs = REFUSED, 30
    async with line.tasks() as tasks:
        line.start(tasks, "one")
        await ends(line)
    assert line.appended == ["o:one"]
    assert len(line.sent) == 11
    assert line.metrics.stopped_tenants._value.get() == 1


async def test_the_alarm_ends_when_the_account_is_accepted_again() -> None:
    line = Line(Patience(stopped_secs=0))
    line.result = REFUSED
    async with line.tasks() as tasks:
        line.start(tasks, "one")
        while not line.sent:
            await anyio.lowlevel.checkpoint()
        line.result = Succeeded()
        await ends(line)
    assert line.metrics.stopped_tenants._value.get() == 0


async def test_a_refused_account_is_counted_and_told_once_in_however_many_partitions() -> None:
    patience = Patience()
    line = Line(patience)
    other = line.of_partition(Partition(1), patience)
    line.result = REFUSED
    stopped = line.metrics.stopped_tenants._value
    with capture_logs() as said:
        async with line.tasks() as tasks:
            line.start(tasks, "one")
            other.start(tasks, Pending("two", c.Answer("b"), Address("t", "call", "b"), 0))
            line.start(tasks, "three", call="c", tenant="u")
            await quiet()
            assert stopped.get() == 2
            line.effects.close()
            assert stopped.get() == 1
            other.close()
            assert stopped.get() == 0
    assert [line["tenant"] for line in said if line["event"] == "tenant.stopped"] == ["t", "u"]


async def test_an_end_that_cannot_be_appended_is_kept_only_as_long_as_the_lease() -> None:
    line = Line(Patience(append_retry_secs=0), lease_secs=10)
    line.away = True
    with pytest.RaisesGroup(FencedError, flatten_subgroups=True):
        async with line.tasks() as tasks:
            line.start(tasks, "one")
            while True:
                await anyio.lowlevel.checkpoint()
    assert line.appended == []


async def test_a_sender_that_waited_past_the_lease_sends_nothing() -> None:
    line = Line(Patience(), lease_secs=10)
    line.takes_secs = 20
    with pytest.RaisesGroup(FencedError, flatten_subgroups=True):
        async with line.tasks() as tasks:
            line.start(tasks, "one")
            while True:
                await anyio.lowlevel.checkpoint()
    assert line.appended == []


async def test_two_who_wait_for_the_end_of_the_same_command_both_see_it() -> None:
    line = Line(Patience())
    drained: list[str] = []

    async def drain(name: str) -> None:
        await line.effects.drain()
        drained.append(name)

    async with line.tasks() as tasks:
        line.start(tasks, "one")
        await anyio.lowlevel.checkpoint()
        tasks.start_soon(drain, "a")
        await anyio.lowlevel.checkpoint()
        tasks.start_soon(drain, "b")
        while len(drained) < 2:
            await anyio.lowlevel.checkpoint()
    assert line.appended == ["o:one"]


async def test_there_is_room_again_as_soon_as_fewer_wait() -> None:
    line = Line(Patience(most_waiting=2))
    async with line.tasks() as tasks:
        line.start(tasks, "one", call="a")
        assert not line.effects.crowded
        line.start(tasks, "two", call="b")
        assert line.effects.crowded
        await line.effects.room()
        assert line.appended


async def test_what_is_held_takes_no_room_and_beyond_its_bound_the_oldest_ends_refused() -> None:
    line = Line(Patience(most_waiting=4))
    line.result = REFUSED
    async with line.tasks() as tasks:
        for name in ("a1", "b1", "c1"):
            line.start(tasks, name, call=name[0])
        line.start(tasks, "a2", call="a")
        assert line.effects.crowded
        await line.effects.room()
        # Two may be held. The second of the first address is refused in its turn, and is the youngest then.
        await ends(line, 2)
        assert line.appended == ["o:a1", "o:b1"]
        line.start(tasks, "c2", call="c")
        await ends(line, 3)
        assert line.appended == ["o:a1", "o:b1", "o:c1"]
        assert not line.effects.crowded
        assert all(name in line.effects for name in ("a2", "c2"))
        assert line.metrics.commands.labels("answer", "refused")._value.get() == 3


async def test_each_tenants_held_commands_have_a_bound_of_their_own() -> None:
    line = Line(Patience(most_waiting=4))
    line.result = REFUSED
    async with line.tasks() as tasks:
        for tenant in ("t", "u"):
            for name in ("a", "b"):
                line.start(tasks, f"{tenant}-{name}", call=name, tenant=tenant)
        await line.effects.room()
        await quiet()
        assert line.appended == []
        line.start(tasks, "u-c", call="c", tenant="u")
        await ends(line)
        assert line.appended == ["o:u-a"]


async def test_held_commands_that_are_sent_again_count_as_waiting_again() -> None:
    line = Line(Patience(most_waiting=2, stopped_secs=0))
    line.result = REFUSED
    async with line.tasks() as tasks:
        line.start(tasks, "a", call="a")
        while not line.sent:
            await anyio.lowlevel.checkpoint()
        line.result = Succeeded()
        await ends(line)
        line.start(tasks, "b", call="b")
        line.start(tasks, "c", call="c")
        assert line.effects.crowded
        await ends(line, 3)
        assert not line.effects.crowded
