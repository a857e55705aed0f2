"""The loop on virtual time: it jumps, it keeps order, it says when it is stuck, and a process can be stopped."""

from __future__ import annotations

import asyncio
import contextvars
import time

import anyio
import pytest

from worker.testing.simulation.loop import Process, StuckError, VirtualLoop, process_of, run


def test_an_hour_passes_at_once() -> None:
    async def main() -> float:
        await anyio.sleep(3600)
        return anyio.current_time()

    began = time.monotonic()
    assert run(main) == 3600
    assert time.monotonic() - began < 1


def test_deadlines_and_sleeps_come_in_their_order() -> None:
    order: list[str] = []

    async def note(secs: float) -> None:
        await anyio.sleep(secs)
        order.append(f"{secs:g}")

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            for secs in (3.0, 1.0, 2.0):
                tasks.start_soon(note, secs)
            with anyio.move_on_after(2.5):
                await anyio.sleep_forever()
            order.append("deadline")

    run(main)
    assert order == ["1", "2", "deadline", "3"]


def test_a_run_that_would_wait_for_ever_says_who_waits() -> None:
    async def wait_for_nothing() -> None:
        await anyio.Event().wait()

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait_for_nothing, name="the one who waits")

    with pytest.raises(StuckError, match="the one who waits"):
        run(main)


def test_an_error_that_nobody_handles_ends_the_run() -> None:
    def fail() -> None:
        raise ValueError("nobody handles this")

    async def main() -> None:
        asyncio.get_running_loop().call_later(1, fail)
        await anyio.sleep(2)

    with pytest.raises(ValueError, match="nobody handles this"):
        run(main)


def _start(process: Process, ticks: list[float]) -> None:
    async def tick() -> None:
        while True:
            ticks.append(anyio.current_time())
            await anyio.sleep(1)

    context = contextvars.copy_context()
    context.run(process_of.set, process)
    tasks.append(asyncio.get_running_loop().create_task(tick(), context=context))


#: Held, so that no task is collected while it waits.
tasks: list[asyncio.Task[None]] = []


def test_a_paused_process_takes_no_step_and_goes_on_with_what_became_due() -> None:
    ticks: list[float] = []

    async def main() -> None:
        process = Process("paused")
        _start(process, ticks)
        await anyio.sleep(2.5)
        process.stop()
        await anyio.sleep(5)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.resume(process)
        await anyio.sleep(1.2)

    run(main)
    assert ticks == [0, 1, 2, 7.5, 8.5]


def test_a_process_is_stopped_before_the_step_that_was_named() -> None:
    ticks: list[float] = []

    async def main() -> None:
        process = Process("killed")
        process.after_steps(3, process.die)
        _start(process, ticks)
        await anyio.sleep(10)
        assert process.steps == 3
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.resume(process)

    run(main)
    # A step for each tick and one for each awakening: the third is the second tick.
    assert ticks[:2] == [0, 1]
    assert not [at for at in ticks if 1 < at < 10]
