"""Scaling out and in under load, and workers that are told to end: planned moves are short, and lose nothing."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.chaos.centre import centre, figure
from tests.e2e.chaos.servers import until


async def test_scaling_from_one_worker_to_four_and_to_two_under_load_hands_over_without_waiting_for_a_lease(
    tmp_path: Path,
) -> None:
    # A long lease: what is at work again before it could have ended was handed over.
    lease_secs = 10.0
    async with centre(tmp_path, workers=("a",), lease_secs=lease_secs) as running:
        running.ring(150)
        await running.serves(3)
        await running.workers("b", "c", "d")
        await running.serves(3)
        for name in ("a", "b"):
            leaving = running[name]
            # Told to end in the middle of a command, it waits for that command's end.
            leaving.telnyx.latency_secs = 0.1
            sent = len(leaving.commands)
            await until(lambda: len(leaving.commands) > sent)  # noqa: B023  # called here only
            held = (await running.owners()).count(name)
            already = leaving.process.log.stat().st_size
            assert await leaving.end() == 0
            assert leaving.said("partition.released", since=already) == held > 0
            assert leaving.said("partition.fenced", "partition.interrupted", since=already) == 0
        await running.serves(4)
        books = await running.audited()
        figure("longest gap of planned moves, secs", books.longest_gap_secs)
        assert books.longest_gap_secs < lease_secs / 2
