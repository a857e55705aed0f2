"""A redis-server that is killed and started again, with all that it had answered, or without its last moments."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.chaos.books import Loss
from tests.e2e.chaos.centre import NUMBER, Centre, centre
from tests.e2e.chaos.servers import until


async def killed_and_started(running: Centre) -> None:
    """Kill Redis, start it again, and see that both are noticed."""
    since = {name: running[name].mark() for name in ("a", "b")}
    running.server.kill()
    for name, mark in since.items():
        await until(lambda: running[name].said("redis.away", since=mark) > 0)  # noqa: B023  # called here only
    await running.start_redis()
    for name, mark in since.items():
        await until(lambda: running[name].said("redis.here", since=mark) > 0)  # noqa: B023  # called here only


async def test_a_redis_that_syncs_always_is_killed_twice_and_has_lost_nothing(tmp_path: Path) -> None:
    async with centre(tmp_path, fsync="always") as running:
        running.ring(150)
        for _ in range(2):
            await running.serves(3)
            await killed_and_started(running)
        await running.serves(3)
        await running.audited()


async def losing(running: Centre, meanwhile: Callable[[], Awaitable[None]]) -> Loss:
    """Kill Redis, and start it again without what came *meanwhile*: as a power cut with appendfsync everysec may do."""
    since = {name: running[name].mark() for name in ("a", "b")}
    loss = Loss.begun(running.commands)
    kept = running.append_only_file.stat().st_size
    await meanwhile()
    running.server.kill()
    loss.end()
    os.truncate(running.append_only_file, kept)
    await running.start_redis()
    await until(lambda: sum(running[name].said("partition.went-back", since=mark) for name, mark in since.items()) > 0)
    loss.noticed(running.commands)
    return loss


async def test_a_redis_that_loses_its_last_moments_loses_no_more_and_its_workers_say_so(tmp_path: Path) -> None:
    async with centre(tmp_path) as running:
        running.ring(150)
        await running.serves(4)
        promised = len(running.door.promised)
        loss = await losing(running, lambda: until(lambda: len(running.door.promised) > promised + 12))
        await running.serves(4)
        books = await running.audited(loss)
        assert books.missing(running.door.promised)


@pytest.mark.soak
async def test_an_agent_whose_callers_leaving_was_lost_with_redis_is_free_again(tmp_path: Path) -> None:
    async with centre(tmp_path) as running:
        caller = running.emulator.actors.ring("+15550199", NUMBER, patience_secs=20, talk_secs=60)

        async def heard() -> bool:
            return caller.id in (await running.books()).connected

        await until(heard)

        async def leaves() -> None:
            running.emulator.world.hangup(caller, cause="normal_clearing", source="caller")
            await running.settle()

        await losing(running, leaves)
        healed = False
        with suppress(AssertionError):
            await running.settle()
            healed = True
    assert healed


@pytest.mark.soak
async def test_a_redis_that_is_killed_ten_times_has_lost_nothing(tmp_path: Path) -> None:
    async with centre(tmp_path, fsync="always") as running:
        running.ring(150)
        for _ in range(10):
            await running.serves(2)
            await killed_and_started(running)
        await running.audited()
