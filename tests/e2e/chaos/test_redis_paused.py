"""A Redis that is stopped for longer than the leases, that is full, and whose disk is full."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.e2e.chaos.centre import centre
from tests.e2e.chaos.servers import until


async def test_a_redis_that_hangs_for_longer_than_the_leases_stops_the_work_and_the_work_goes_on_after(
    tmp_path: Path,
) -> None:
    async with centre(tmp_path) as running:
        running.ring(150)
        await running.serves(3)
        workers = ("a", "b")
        os.kill(running.server.pid, signal.SIGSTOP)
        try:
            for name in workers:
                # A worker has given up all that it held, by its own clock.
                ended = ("partition.released", "partition.fenced", "partition.interrupted")
                await until(lambda: running[name].said(*ended) >= running[name].said("partition.taken"))  # noqa: B023  # called here only
            sent = {name: len(running[name].commands) for name in workers}
            # Nobody acts while nobody can know whose the partitions are.
            await until(lambda: running.door.answers[503] > 0)
            assert {name: len(running[name].commands) for name in workers} == sent
        finally:
            os.kill(running.server.pid, signal.SIGCONT)
        await running.serves(3)
        await running.audited()


async def test_a_redis_that_takes_no_writes_for_a_while_loses_nothing(tmp_path: Path) -> None:
    async with centre(tmp_path) as running:
        running.ring(150)
        await running.serves(3)
        refused = running.door.answers[503]
        # Full: every command that could need memory is refused.
        await running.redis.config_set("maxmemory", "1")
        await until(lambda: running.door.answers[503] > refused + 3)
        await running.redis.config_set("maxmemory", "0")
        await running.serves(2)
        # The disk is full: a snapshot fails, and Redis refuses every write until one succeeds (MISCONF).
        refused = running.door.answers[503]
        await running.redis.config_set("save", "3600 100000000")
        await running.redis.config_set("dir", "/proc")
        await running.redis.bgsave()
        await until(lambda: running.door.answers[503] > refused + 3)
        await running.redis.config_set("dir", str(running.server.directory))
        await running.redis.bgsave()
        await running.serves(3)
        await running.audited()
