"""Workers that die: one after another, and all at once; the calls go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.chaos.centre import LEASE_SECS, SLACK_SECS, centre, figure


async def test_workers_killed_in_turn_and_then_all_at_once_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    async with centre(tmp_path, workers=("a", "b", "c")) as running:
        running.ring(150)
        await running.serves(3)
        for name in ("a", "b"):
            await running[name].kill()
            await running.serves(4)
        gap = (await running.books()).longest_gap_secs
        figure(f"longest gap after SIGKILL with a lease of {LEASE_SECS:g} s, secs", gap)
        assert gap < LEASE_SECS + 1 + SLACK_SECS
        await running["c"].kill()
        await running.workers("d", "e")
        await running.serves(3)
        await running.audited()


@pytest.mark.soak
async def test_a_minute_of_kills_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    async with centre(tmp_path, workers=("w0", "w1", "w2")) as running:
        running.ring(150)
        for number in range(20):
            await running.serves(1)
            await running[f"w{number}"].kill()
            await running.worker(f"w{number + 3}")
        books = await running.audited()
        figure("longest gap, secs", books.longest_gap_secs)
        assert books.longest_gap_secs < 2 * LEASE_SECS + 1 + SLACK_SECS
