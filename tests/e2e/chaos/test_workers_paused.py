"""Workers that are stopped for longer than their leases, and go on: zombies, who can neither journal nor act."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from tests.e2e.chaos.centre import Centre, centre
from tests.e2e.chaos.servers import Server, until
from worker.testing.emulator.settings import Conditions


async def stopped_in_a_command(running: Centre, name: str) -> Server:
    """Stop a worker that waits for Telnyx, and wait until others have taken all that it held, and are at work."""
    worker = running[name]
    worker.telnyx.hold(requests=False)
    sent = len(worker.commands)
    await until(lambda: len(worker.commands) > sent)
    worker.pause()
    await running.taken_from(name)
    return worker


async def test_a_worker_that_wakes_up_after_its_leases_ended_neither_journals_nor_acts(tmp_path: Path) -> None:
    async with centre(tmp_path) as running:
        running.ring(150)
        await running.serves(3)
        zombie = await stopped_in_a_command(running, "a")
        since = zombie.mark()
        zombie.telnyx.let_go()
        zombie.go_on()
        # It says that it is no longer the owner, and takes its share anew.
        await until(lambda: zombie.said("partition.fenced", since=since) > 0)
        await until(lambda: zombie.said("partition.taken", since=since) > 0)
        await running.serves(3)
        await running.audited()


async def test_a_worker_that_wakes_up_without_a_network_knows_by_its_own_clock_that_it_must_not_act(
    tmp_path: Path,
) -> None:
    async with centre(tmp_path) as running:
        running.ring(150)
        await running.serves(3)
        zombie = await stopped_in_a_command(running, "a")
        since = zombie.mark()
        sent = len(zombie.commands)
        # What it is told of Redis it is not told any more: nobody but its clock can say that it is over.
        zombie.redis.hold()
        # Its command broke off, and is one that may be sent again.
        await zombie.telnyx.cut()
        zombie.telnyx.let_go()
        zombie.go_on()
        await until(lambda: zombie.said("partition.fenced", since=since) > 0)
        await until(lambda: zombie.said("redis.away", since=since) > 0)
        assert len(zombie.commands) == sent
        zombie.redis.let_go()
        await until(lambda: zombie.said("partition.taken", since=since) > 0)
        await running.audited()


@pytest.mark.soak
async def test_workers_that_are_paused_in_turn_for_a_minute_do_nothing_twice(tmp_path: Path) -> None:
    async with centre(tmp_path, conditions=Conditions(duplicated=0.1, reorder_secs=0.1, latency_secs=0.05)) as running:
        running.ring(150)
        for _ in range(12):
            for name in ("a", "b"):
                running[name].pause()
                await running.taken_from(name)
                running[name].go_on()
                with anyio.fail_after(10):
                    while name not in await running.owners():
                        await anyio.sleep(0.02)
        await running.audited()
