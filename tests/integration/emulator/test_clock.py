"""The emulator's time: it stands, is moved on in order, or runs faster than ours."""

from __future__ import annotations

import anyio
import pytest

from worker.testing.emulator.clock import Clock, secs_between


async def test_a_clock_of_speed_0_stands_until_it_is_moved_on() -> None:
    clock = Clock(speed=0)
    before = clock.text()
    assert (clock.now(), clock.now()) == (0, 0)
    clock.advance(1.5)
    assert clock.now() == 1.5
    assert secs_between(before, clock.text()) == 1


async def test_what_falls_due_is_done_in_its_order_each_at_its_time() -> None:
    clock = Clock(speed=0)
    done: list[tuple[str, float]] = []

    def note(name: str) -> None:
        done.append((name, clock.now()))

    def again() -> None:
        note("first")
        clock.later(2, lambda: note("of the first"))

    clock.later(5, lambda: note("last"))
    clock.later(1, again)
    clock.later(3, lambda: note("with it"))
    clock.later(10, lambda: note("never"))
    clock.advance(9)
    assert done == [("first", 1), ("with it", 3), ("of the first", 3), ("last", 5)]
    assert clock.now() == 9


async def test_what_is_cancelled_is_not_done() -> None:
    clock = Clock(speed=0)
    done: list[str] = []
    timer = clock.later(1, lambda: done.append("cancelled"))
    clock.later(1, lambda: done.append("kept"))
    timer.cancel()
    clock.advance(1)
    assert done == ["kept"]


async def test_an_error_in_what_is_due_leaves_the_clock_right() -> None:
    clock = Clock(speed=0)
    clock.later(1, lambda: None)

    def fail() -> None:
        raise ZeroDivisionError

    clock.later(2, fail)
    with pytest.raises(ZeroDivisionError):
        clock.advance(3)
    assert clock.now() == 2
    clock.advance(1)
    assert clock.now() == 3


async def test_a_sleeper_wakes_when_the_clock_is_moved_on() -> None:
    clock = Clock(speed=0)
    woken = anyio.Event()

    async def sleep() -> None:
        await clock.sleep(60)
        woken.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sleep)
        await anyio.wait_all_tasks_blocked()
        clock.advance(59.9)
        await anyio.wait_all_tasks_blocked()
        assert not woken.is_set()
        clock.advance(0.1)
        with anyio.fail_after(5):
            await woken.wait()


async def test_a_sleeper_can_be_cancelled() -> None:
    clock = Clock(speed=0)
    with anyio.move_on_after(0.01) as scope:
        await clock.sleep(60)
    assert scope.cancelled_caught
    clock.advance(120)
    assert clock.now() == 120


async def test_a_clock_of_speed_1000_is_a_thousand_times_as_fast() -> None:
    clock = Clock(speed=1000)
    due = anyio.Event()
    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clock.run)
        clock.later(100, due.set)
        with anyio.fail_after(20):
            await due.wait()
        tasks.cancel_scope.cancel()
    assert clock.now() >= 100
    assert 0.1 <= anyio.current_time() - began < 10


@pytest.mark.parametrize("speed", [0, 10])
async def test_what_is_due_at_once_is_done_without_being_moved_on(speed: float) -> None:
    clock = Clock(speed=speed)
    due = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clock.run)
        await anyio.wait_all_tasks_blocked()
        clock.later(0, due.set)
        with anyio.fail_after(20):
            await due.wait()
        tasks.cancel_scope.cancel()
