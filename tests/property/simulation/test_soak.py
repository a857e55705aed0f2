"""Whole deployments under faults, by seed: the engine's promises hold in each, and equal runs are equal.

A seed that fails is run again with `switchhook soak --seed N`, and made shorter with `switchhook soak --seeds N..N`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from worker.testing.simulation.faults import draw
from worker.testing.simulation.history import read_history
from worker.testing.simulation.run import simulate

#: Together they take a minute on one core of two; `make soak` goes on with others.
SEEDS = 120
PER_TEST = 10
SECS = 60.0
KEPT = sorted((Path(__file__).parents[2] / "data" / "histories").glob("*.json"))

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("first", range(1, SEEDS + 1, PER_TEST))
def test_promises_hold_under_faults(first: int) -> None:
    for seed in range(first, first + PER_TEST):
        report = simulate(draw(seed))
        assert not report.wrong, f"run it again with: switchhook soak --seed {seed}\n" + "\n".join(report.wrong)


@pytest.mark.parametrize("path", KEPT, ids=[path.stem for path in KEPT])
def test_what_once_broke_holds_now(path: Path) -> None:
    report = simulate(read_history(path))
    assert not report.wrong, f"{report.history.note}\n" + "\n".join(report.wrong)


def test_equal_runs_leave_equal_logs_in_whatever_order_python_hashes() -> None:
    script = (
        "from worker.testing.simulation.run import simulate\n"
        "from worker.testing.simulation.faults import draw\n"
        "print(*(simulate(draw(seed)).digest for seed in (7, 11, 102)))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": hashing},
            check=True,
            capture_output=True,
            text=True,
            timeout=SECS,
        ).stdout
        for hashing in ("1", "2")
    }
    assert len(said) == 1
    assert said.pop().split() == [simulate(draw(seed)).digest for seed in (7, 11, 102)]


def test_a_minute_without_faults_is_simulated_in_less_than_a_tenth_of_it() -> None:
    began = time.process_time()
    report = simulate(draw(7))
    assert report.events > 100
    assert (time.process_time() - began) < report.virtual_secs / 10
