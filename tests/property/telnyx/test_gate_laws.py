"""Whatever happens in whatever order: places are never exceeded nor lost, and an open circuit has one probe."""

from __future__ import annotations

import random
from itertools import count
from typing import Literal

import anyio
import msgspec
from anyio.abc import TaskGroup
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.telnyx.timing import Time
from worker.telnyx.breaker import Breaker, Circuit
from worker.telnyx.errors import ApiError, AuthenticationError, HeldBackError, NetworkError, TelnyxError
from worker.telnyx.gate import Gate
from worker.telnyx.operation import OperationClass
from worker.telnyx.slots import Slots

MOST, EACH, FAILURES = 3, 2, 2
TENANTS = ("a", "b", "c")

End = Literal["answer", "network", "refusal", "unauthorised", "held back", "given up"]
ERRORS: dict[str, TelnyxError] = {
    "network": NetworkError("x"),
    "refusal": ApiError(422),
    "unauthorised": AuthenticationError(401),
    "held back": HeldBackError(1),
}


class Begin(msgspec.Struct, frozen=True):
    tenant: str
    kind: OperationClass


class Finish(msgspec.Struct, frozen=True):
    """One of those under way ends; or, with `waiting`, one of those that wait gives up."""

    which: int
    end: End
    waiting: bool


class Pass(msgspec.Struct, frozen=True):
    secs: float


Step = Begin | Finish | Pass
steps = st.lists(
    st.one_of(
        st.builds(Begin, st.sampled_from(TENANTS), st.sampled_from(OperationClass)),
        st.builds(
            Finish,
            st.integers(0, 100),
            st.sampled_from(["answer", "network", "network", "refusal", "unauthorised", "held back", "given up"]),
            st.booleans(),
        ),
        st.builds(Pass, st.sampled_from([0.1, 1.0, 40.0])),
    ),
    max_size=60,
)


class Asker:
    """A request."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.scope = anyio.CancelScope()
        self.end: End = "answer"
        self.over = anyio.Event()
        self.under_way = False
        self.gone = False
        #: Whether the circuit was open or being probed when it was let through.
        self.probe = False


class World:
    """Three tenants with a gate each, on the same places."""

    def __init__(self, tasks: TaskGroup) -> None:
        self.time = Time()
        slots = Slots(MOST, most_per_tenant=EACH)
        chance = random.Random(1)
        self.gates = {
            name: Gate(
                name,
                Breaker(
                    failures=FAILURES,
                    pause_secs=(1, 4),
                    refused_secs=30,
                    jitter=chance,
                    now=self.time.now,
                    sleep=self.time.sleep,
                ),
                slots,
            )
            for name in TENANTS
        }
        self.askers: list[Asker] = []
        self._tasks = tasks
        self._numbers = count()

    async def step(self, step: Step) -> None:
        match step:
            case Begin(tenant, kind):
                asker = Asker(tenant)
                self.askers.append(asker)
                self._tasks.start_soon(self._ask, asker, kind)
            case Finish(which, end, waiting):
                some = [asker for asker in self.askers if not asker.gone and asker.under_way is not waiting]
                if some:
                    self._finish(some[which % len(some)], "given up" if waiting else end)
            case Pass(secs):
                await self.time.passes(secs)
        await anyio.wait_all_tasks_blocked()
        self.check()

    def check(self) -> None:
        under_way = [asker for asker in self.askers if asker.under_way]
        assert len(under_way) <= MOST
        for tenant, gate in self.gates.items():
            mine = [asker for asker in under_way if asker.tenant == tenant]
            waiting = [a for a in self.askers if a.tenant == tenant and not a.under_way and not a.gone]
            assert len(mine) <= EACH
            assert sum(asker.probe for asker in mine) <= 1
            if gate.breaker.state is Circuit.CLOSED and waiting:
                # Nobody waits for a place that is free.
                assert len(under_way) == MOST or len(mine) == EACH

    async def end(self) -> None:
        """Telnyx is well again: everybody is served."""
        while any(not asker.gone for asker in self.askers):
            for asker in self.askers:
                if asker.under_way:
                    self._finish(asker, "answer")
            await self.time.passes(40)
            self.check()

    def _finish(self, asker: Asker, end: End) -> None:
        if end == "given up":
            asker.scope.cancel()
        else:
            asker.end = end
            asker.over.set()

    async def _ask(self, asker: Asker, kind: OperationClass) -> None:
        breaker = self.gates[asker.tenant].breaker
        with asker.scope:
            try:
                async with self.gates[asker.tenant].passage(kind):
                    asker.under_way = True
                    asker.probe = breaker.state is Circuit.HALF_OPEN
                    await asker.over.wait()
                    if asker.end in ERRORS:
                        raise ERRORS[asker.end]
            except TelnyxError:
                pass
            finally:
                asker.under_way = False
                asker.gone = True


@settings(max_examples=150)
@given(steps)
async def test_places_are_kept_to_and_everybody_is_served_in_the_end(steps: list[Step]) -> None:
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            world = World(tasks)
            for step in steps:
                await world.step(step)
            await world.end()
