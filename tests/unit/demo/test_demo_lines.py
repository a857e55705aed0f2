"""What the demo says while it runs is what it says at its end."""

from __future__ import annotations

import io

import pytest
from msgspec.structs import replace
from rich.console import Console

from ingress.envelope import Address
from worker.aggregates.agent.state import Agent
from worker.aggregates.queue.state import Queue
from worker.aggregates.queue.tally import Tally
from worker.demo.audit import Audit
from worker.demo.picture import Rate, View, picture
from worker.demo.run import summary

QUEUE = Queue(Address("default", "queue", "support"))


def view(*tallies: Tally, agents: tuple[str, ...] = ()) -> View:
    queues = [replace(QUEUE, tally=tally) for tally in tallies]
    return View(queues, [Agent(Address("default", "agent", name)) for name in agents], [])


def test_nothing_yet_is_said_without_stray_commas() -> None:
    assert view().line() == "waiting 0, answered 0, abandoned 0, recordings 0"
    assert view(agents=("alice", "bob")).line() == (
        "waiting 0, answered 0, abandoned 0, alice=offline bob=offline, recordings 0"
    )


def test_who_hangs_up_at_once_is_among_the_abandoned_and_named() -> None:
    line = view(Tally(answered=4, abandoned=2, short_abandoned=1), Tally(short_abandoned=2)).line()
    assert "answered 4, abandoned 5 (3 short), recordings" in line
    assert "abandoned 2, recordings" in view(Tally(abandoned=2)).line()


def test_the_picture_counts_them_alike() -> None:
    console = Console(file=io.StringIO(), width=120, record=True)
    shown = view(Tally(abandoned=2, short_abandoned=1))
    console.print(picture(shown, clock="1 of 2 s", webhooks=Rate(), commands=Rate(), workers=["w1"]))
    assert "3 (1 short)" in console.export_text()


@pytest.mark.parametrize(("abandoned", "told"), [(0, "0"), (3, "3 (short ones counted)")])
def test_the_end_says_that_they_are_counted(abandoned: int, told: str) -> None:
    console = Console(file=io.StringIO(), width=120, record=True)
    report = replace(Audit(threshold_secs=20).report(), abandoned=abandoned)
    assert summary(console, report, {}) == 0
    assert f"abandoned            {told}\n" in console.export_text()
