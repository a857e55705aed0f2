"""A redis-server that is killed and started again, with all that it had answered, or without its last moments."""

from __future__ import annotations

import os
import time
from pathlib import Path

import anyio.to_thread
import pytest

from tests.e2e.chaos.books import Loss
from tests.e2e.chaos.centre import Centre, centre
from tests.e2e.chaos.servers import until


async def killed_and_started(running: Centre) -> None:
    """Kill Redis, start it again, and see that both are noticed."""
    since = {name: running[name].mark() for name in ("a", "b")}
    running.server.kill()
    for name, mark in since.items():
        await until(lambda: running[name].said("redis.away", since=mark) > 0)  # noqa: B023  # called here only
    await anyio.to_thread.run_sync(running.server.start)
    for name, mark in since.items():
        await until(lambda: running[name].said("redis.here", since=mark) > 0)  # noqa: B023  # called here only


async def test_a_redis_that_syncs_always_is_killed_twice_and_has_lost_nothing(tmp_path: Path) -> None:
    async with centre(tmp_path, fsync="always") as running:
        running.ring(120)
        for _ in range(2):
            await running.serves(3)
            await killed_and_started(running)
        await running.serves(3)
        await running.audited()


async def test_a_redis_that_loses_its_last_second_loses_no_more_than_that(tmp_path: Path) -> None:
    async with centre(tmp_path) as running:
        running.ring(150)
        await running.serves(4)
        # What a power cut may take with appendfsync everysec: all that was written after the last sync.
        loss = Loss.begun(running.commands)
        kept = running.append_only_file.stat().st_size
        await until(lambda: time.time() > loss.since + 0.7)
        running.server.kill()
        loss.end(running.commands)
        os.truncate(running.append_only_file, kept)
        await anyio.to_thread.run_sync(running.server.start)
        await running.serves(4)
        await running.audited(loss)
        assert (await running.books()).missing(running.door.promised)


@pytest.mark.soak
async def test_a_redis_that_is_killed_ten_times_has_lost_nothing(tmp_path: Path) -> None:
    async with centre(tmp_path, fsync="always") as running:
        running.ring(120)
        for _ in range(10):
            await running.serves(2)
            await killed_and_started(running)
        await running.audited()
