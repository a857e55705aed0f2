"""When and how often a worker looks at Telnyx, and what becomes of the looks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ingress.envelope import Address
from tests.integration.runtime.conftest import Bench, Phone, until
from worker.aggregates.call.state import Call
from worker.commands import command as c
from worker.events.outcomes import CallSeen, Observed, Outcome, QueueSeen, Refused
from worker.runtime.clock import monotonic
from worker.runtime.worker import Worker

CALL = Address("default", "call", "c1")


class Telnyx(Phone):
    """A phone that can be asked, too."""

    def __init__(self) -> None:
        super().__init__()
        self.alive = True
        self.asked: list[float] = []
        self.silent = False

    async def send(
        self,
        command: c.AnyCommand,
        command_id: str,
        *,
        epoch: int,
        first_tried_secs_ago: float,
        fence: Callable[[], None] = lambda: None,
    ) -> Outcome | Observed:
        match command:
            case c.ReadCall() | c.ReadQueue():
                self.asked.append(monotonic())
            case _:
                return await super().send(
                    command, command_id, epoch=epoch, first_tried_secs_ago=first_tried_secs_ago, fence=fence
                )
        if self.silent:
            return Outcome(command_id, command, Refused(401, "10009", "refused by the test", "stop"))
        seen = CallSeen(self.alive) if isinstance(command, c.ReadCall) else QueueSeen(())
        return Observed(command_id, command, seen)


@pytest.fixture
def telnyx(bench: Bench) -> Telnyx:
    """Return the phone of the bench, which can be asked."""
    telnyx = Telnyx()
    bench.phone = telnyx
    return telnyx


def known(worker: Worker) -> Call | None:
    """Return the call as the worker knows it."""
    state = worker.aggregates().get(CALL)
    return state if isinstance(state, Call) else None


def over(worker: Worker) -> bool:
    """Return whether the worker knows that the call has ended."""
    call = known(worker)
    return call is not None and call.over


async def log_length(bench: Bench) -> int:
    """Return how many events are in the call's log."""
    return int(await bench.redis.xlen(bench.keys.log(bench.log.partition_of(CALL))))


async def test_after_a_takeover_everything_is_looked_at_at_once(bench: Bench, telnyx: Telnyx) -> None:
    async with bench.worker("a") as a:
        await bench.ring("c1")
        await until(lambda: known(a) is not None and not a.pending(bench.log.partition_of(CALL)))
    assert telnyx.asked == []
    telnyx.alive = False
    async with bench.worker("b", reconcile_secs=60) as b:
        await until(lambda: over(b))
        # It is counted when it has been appended, which may be after it was read.
        await until(lambda: b.metrics.reconciled.labels("call", "ended")._value.get() == 1)


async def test_what_agrees_is_looked_at_within_the_bound_again_and_again_and_adds_nothing_to_the_log(
    bench: Bench, telnyx: Telnyx
) -> None:
    bound_secs = 0.5
    async with bench.worker("a", reconcile_secs=bound_secs) as a:
        await bench.ring("c1")
        await until(lambda: len(telnyx.asked) >= 1)
        before = await log_length(bench)
        first = len(telnyx.asked)
        await until(lambda: len(telnyx.asked) >= first + 4)
        assert await log_length(bench) == before
        gaps = [
            later - earlier for earlier, later in zip(telnyx.asked[first:], telnyx.asked[first + 1 :], strict=False)
        ]
        # The machine may be slow; the bound of the plan is what is held here.
        assert min(gaps) > bound_secs / 2
        assert a.metrics.reconcile_reads.labels("read-call", "seen")._value.get() >= 4


async def test_what_telnyx_does_not_say_changes_nothing_and_is_asked_again(bench: Bench, telnyx: Telnyx) -> None:
    telnyx.silent, telnyx.alive = True, False
    async with bench.worker("a", reconcile_secs=0.3) as a:
        await bench.ring("c1")
        await until(lambda: len(telnyx.asked) >= 2)
        assert not over(a)
        telnyx.silent = False
        await until(lambda: over(a))


async def test_no_more_is_asked_in_a_second_than_is_allowed(bench: Bench, telnyx: Telnyx) -> None:
    async with bench.worker("a") as a:
        for number in range(12):
            await bench.ring(f"call-{number}")
        await until(lambda: sum(isinstance(state, Call) for state in a.aggregates().values()) == 12)
    rate = 20.0
    async with bench.worker("b", reconcile_secs=60, reconcile_rate=rate):
        await until(lambda: len(telnyx.asked) >= 12)
    # The twelfth read comes eleven pauses after the first.
    assert telnyx.asked[11] - telnyx.asked[0] >= 0.9 * 11 / rate


async def test_without_a_bound_nothing_is_asked(bench: Bench, telnyx: Telnyx) -> None:
    telnyx.alive = False
    async with bench.worker("a", reconcile_secs=0) as a:
        await bench.ring("c1")
        await until(lambda: known(a) is not None and not a.pending(bench.log.partition_of(CALL)))
    async with bench.worker("b", reconcile_secs=0) as b:
        await until(lambda: known(b) is not None)
        await bench.ring("c2")
        await until(lambda: Address("default", "call", "c2") in b.aggregates())
        assert telnyx.asked == []
