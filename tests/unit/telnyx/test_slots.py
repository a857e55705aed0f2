"""Who gets a place when there are too few, and that nobody takes them all."""

from __future__ import annotations

import anyio
import pytest
from anyio.abc import TaskGroup

from tests.unit.telnyx.timing import group
from worker.telnyx.operation import OperationClass
from worker.telnyx.slots import Slots, share

KEYED, READ, DELETE = OperationClass.KEYED, OperationClass.READ, OperationClass.DELETE_LIKE


class Requests:
    """Requests that have their place until they are told to end."""

    def __init__(self, tasks: TaskGroup, slots: Slots) -> None:
        self._tasks = tasks
        self._slots = slots
        #: In the order in which they got their places.
        self.under_way: list[str] = []
        self._ends: dict[str, anyio.Event] = {}
        self._scopes: dict[str, anyio.CancelScope] = {}

    async def begin(self, name: str, tenant: str, kind: OperationClass = KEYED) -> None:
        self._ends[name], self._scopes[name] = anyio.Event(), anyio.CancelScope()
        self._tasks.start_soon(self._run, name, tenant, kind)
        await anyio.wait_all_tasks_blocked()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await anyio.wait_all_tasks_blocked()

    async def give_up(self, name: str) -> None:
        self._scopes[name].cancel()
        await anyio.wait_all_tasks_blocked()

    async def _run(self, name: str, tenant: str, kind: OperationClass) -> None:
        with self._scopes[name]:
            await self._slots.take(tenant, kind)
            try:
                self.under_way.append(name)
                await self._ends[name].wait()
            finally:
                self._slots.give_back(tenant)


@pytest.mark.parametrize(
    ("most", "tenants", "each"), [(64, 1, 64), (64, 2, 32), (64, 4, 16), (64, 100, 16), (1, 9, 1), (64, 0, 64)]
)
def test_a_tenants_share_is_equal_and_at_least_a_quarter(most: int, tenants: int, each: int) -> None:
    assert share(most, tenants) == each


async def test_a_tenant_whose_requests_never_end_leaves_the_others_places_free() -> None:
    async with group() as tasks:
        requests = Requests(tasks, Slots(4, most_per_tenant=2))
        for number in range(100):
            await requests.begin(f"slow {number}", "slow")
        await requests.begin("quick 0", "quick")
        await requests.begin("quick 1", "quick")
        assert requests.under_way == ["slow 0", "slow 1", "quick 0", "quick 1"]
        tasks.cancel_scope.cancel()


async def test_tenants_take_turns_however_many_each_has_waiting() -> None:
    async with group() as tasks:
        requests = Requests(tasks, Slots(1))
        for name in ("a0", "a1", "a2", "b0", "b1", "c0"):
            await requests.begin(name, name[0])
        for _ in range(5):
            await requests.end(requests.under_way[-1])
        assert requests.under_way == ["a0", "a1", "b0", "c0", "a2", "b1"]
        tasks.cancel_scope.cancel()


async def test_what_ends_something_goes_first_and_reads_go_last() -> None:
    async with group() as tasks:
        requests = Requests(tasks, Slots(1))
        for name, kind in (("busy", KEYED), ("read", READ), ("join", KEYED), ("hangup", DELETE)):
            await requests.begin(name, "t", kind)
        for _ in range(3):
            await requests.end(requests.under_way[-1])
        assert requests.under_way == ["busy", "hangup", "join", "read"]
        tasks.cancel_scope.cancel()


async def test_a_read_is_not_passed_over_for_ever() -> None:
    async with group() as tasks:
        requests = Requests(tasks, Slots(1))
        await requests.begin("busy", "t")
        await requests.begin("read", "t", READ)
        for number in range(10):
            await requests.begin(f"hangup {number}", "t", DELETE)
        for _ in range(4):
            await requests.end(requests.under_way[-1])
        assert "read" in requests.under_way
        tasks.cancel_scope.cancel()


async def test_who_gives_up_takes_no_place() -> None:
    async with group() as tasks:
        requests = Requests(tasks, Slots(1))
        for name in ("first", "second", "third"):
            await requests.begin(name, "t")
        await requests.give_up("second")
        await requests.give_up("first")
        assert requests.under_way == ["first", "third"]
        tasks.cancel_scope.cancel()


async def test_a_place_that_was_given_to_one_who_gives_up_at_the_same_time_goes_to_the_next() -> None:
    async with group() as tasks:
        requests = Requests(tasks, Slots(1))
        for name in ("first", "second", "third"):
            await requests.begin(name, "t")
        requests._ends["first"].set()
        # `first` gives its place back in the next step, and `second` is cancelled before it can take it.
        requests._scopes["second"].cancel()
        await anyio.wait_all_tasks_blocked()
        assert requests.under_way == ["first", "third"]
        tasks.cancel_scope.cancel()
