"""A network that fails between the processes: cut in the middle of replies, silent, refusing, slow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.chaos.centre import centre
from tests.e2e.chaos.servers import until


async def test_connections_to_redis_cut_in_the_middle_of_replies_lose_nothing(tmp_path: Path) -> None:
    async with centre(tmp_path) as running:
        running.ring(150)
        await running.serves(3)
        for name in ("a", "in", "b"):
            way = running[name].redis
            for reply_bytes in (1, 40, 700):
                broken = way.broken
                way.cut_after(reply_bytes)
                await until(lambda: way.broken > broken)  # noqa: B023  # called here only
            await running.serves(1)
        await running.serves(2)
        await running.audited()


async def test_a_worker_and_an_ingress_cut_off_from_redis_are_done_without_and_what_they_wrote_comes_too_late(
    tmp_path: Path,
) -> None:
    async with centre(tmp_path, ingresses=("one", "two")) as running:
        running.ring(150)
        await running.serves(3)
        running["one"].redis.hold()
        # The worker still hears of new events, and what it decides upon them is under way for longer than its leases.
        running["a"].redis.hold(replies=False)
        await running.taken_from("a")
        since = running["a"].mark()
        running["one"].redis.let_go()
        running["a"].redis.let_go()
        await until(lambda: running["a"].said("partition.taken", since=since) > 0)
        # Who takes over now finds the log decided as far as it is, by whoever was the owner.
        await running["b"].kill()
        await running.serves(3)
        await running.audited()


async def test_answers_of_telnyx_that_break_off_never_come_or_come_late_cause_nothing_twice(tmp_path: Path) -> None:
    async with centre(tmp_path) as running:
        running.ring(150)
        await running.serves(3)
        way = running["a"].telnyx
        for reply_bytes in (1, 120, 400):
            broken = way.broken
            way.cut_after(reply_bytes)
            await until(lambda: way.broken > broken)  # noqa: B023  # called here only
        # Silent in the middle of commands, then cut off, then not to be reached, then slow.
        sent = len(running["a"].commands)
        way.hold(requests=False)
        await until(lambda: len(running["a"].commands) > sent + 2)
        way.let_go()
        await way.cut()
        way.refusing = True
        await way.cut()
        await running.serves(1)
        way.refusing = False
        way.latency_secs = 0.15
        await running.serves(2)
        way.latency_secs = 0.0
        await running.serves(2)
        await running.audited()


@pytest.mark.soak
async def test_a_network_that_is_slow_everywhere_loses_nothing(tmp_path: Path) -> None:
    async with centre(tmp_path, lease_secs=3.0) as running:
        running.ring(60)
        for server in running.servers:
            server.redis.latency_secs = 0.05
        for name in ("a", "b"):
            running[name].telnyx.latency_secs = 0.1
        await running.serves(15, secs=120)
        await running.audited()
