"""Histories: drawn by seed, kept as files, and made shorter while they fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from ingress.errors import ConfigError, NotThereError
from worker.testing.simulation.faults import draw
from worker.testing.simulation.history import Crash, History, Pause, Ring, read_history, write_history
from worker.testing.simulation.run import Report
from worker.testing.simulation.shrink import failures, shrink
from worker.testing.simulation.soak import seeds_of


def test_a_seed_always_draws_the_same_history() -> None:
    assert draw(5) == draw(5)
    assert draw(5) != draw(6)


def test_a_history_is_read_as_it_was_written(tmp_path: Path) -> None:
    for seed in range(50):
        history = replace(draw(seed), note="why")
        write_history(history, tmp_path / "one.json")
        assert read_history(tmp_path / "one.json") == history


@pytest.mark.parametrize("text", ["{}", "[", '{"seed": 1, "more": 2}', '{"seed": 1, "faults": [{"type": "flood"}]}'])
def test_a_file_that_is_no_history_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"odd\.json is no history"):
        read_history(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_history(tmp_path)
    with pytest.raises(NotThereError, match=r"there is no file .*none\.json"):
        read_history(tmp_path / "none.json")


def test_what_fails_is_shrunk_to_what_it_fails_by() -> None:
    rings = tuple(Ring(float(at)) for at in range(8))
    crashes = tuple(Crash(float(at)) for at in range(5))
    long = History(1, rings, (*crashes, Pause(9.0, secs=3.0), *crashes), workers=3, agents=3, partitions=4)

    def fails(history: History) -> bool:
        return bool(history.rings) and any(isinstance(fault, Pause) for fault in history.faults)

    short = shrink(long, fails)
    assert (len(short.rings), short.faults) == (1, (Pause(9.0, secs=3.0),))
    assert (short.workers, short.agents, short.partitions) == (1, 1, 1)


def test_shrinking_ends_after_so_many_runs() -> None:
    runs: list[History] = []

    def fails(history: History) -> bool:
        runs.append(history)
        return False

    history = draw(3)
    assert shrink(history, fails, most_runs=4) == history
    assert len(runs) == 4


def test_failures_are_alike_whomever_they_concern() -> None:
    legs, rooms = ("v3:abc", "v3:xyz"), ("9fa0c0de-1111-4222-8333-444455556666", "12345678-1111-4222-8333-444455556666")
    one = f"3.000 s: at the phones: {legs[0]} enters {rooms[0]} while in {rooms[1]}"
    two = f"9.500 s: at the phones: {legs[1]} enters {rooms[1]} while in {rooms[0]}"
    report = Report(History(1), (one, two), "", 0.0, 0.0, 0, ())
    assert len(failures(report.wrong)) == 1
    assert failures(("1 s: something else",)) != failures((one,))


@pytest.mark.parametrize(("text", "seeds"), [("3", [3]), ("3..5", [3, 4, 5])])
def test_seeds_are_named_by_one_number_or_two(text: str, seeds: list[int]) -> None:
    assert list(seeds_of(text)) == seeds


@pytest.mark.parametrize("text", ["", "a", "5..3", "1..", "1-3"])
def test_seeds_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--seeds"):
        seeds_of(text)
