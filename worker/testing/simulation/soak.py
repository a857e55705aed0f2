"""`switchhook soak`: runs many seeds, or one history; what fails is shrunk, kept as a file, and can be run again."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from ingress.errors import ConfigError
from worker.testing.simulation.faults import draw
from worker.testing.simulation.history import History, read_history, write_history
from worker.testing.simulation.run import Report, simulate
from worker.testing.simulation.shrink import failures, shrink

Say = Callable[[str], None]


def seeds_of(text: str) -> range:
    """Return the seeds that `A..B` (both included) or `A` names.

    Raises:
        ConfigError: It names none.
    """
    first, dots, last = text.partition("..")
    try:
        seeds = range(int(first), int(last if dots else first) + 1)
    except ValueError:
        raise ConfigError(f"--seeds is {text!r}: write a number, or two as in 1..500") from None
    if not seeds:
        raise ConfigError(f"--seeds is {text!r}: the second number is less than the first")
    return seeds


def check_asked(*, seed: int | None, seeds: str | None, history: Path | None, lines: bool) -> None:
    """Check that one thing is asked for, and nothing that it has no use for.

    Raises:
        ConfigError: It is not so.
    """
    asked = {"--seed": seed, "--seeds": seeds, "--history": history}
    named = [name for name, value in asked.items() if value is not None]
    if len(named) > 1:
        raise ConfigError(f"{' and '.join(named)} do not go together: say one of them")
    if lines and seed is None and history is None:
        raise ConfigError("--lines shows one run: say which with --seed or --history")


def new_seeds() -> Iterator[int]:
    """Yield seeds without end, others at each start."""
    return itertools.count(int(time.time()) * 1000)


def soak(seeds: Iterable[int], say: Say, *, secs: float | None, folder: Path) -> int:
    """Run *seeds* until they or the *secs* are over or one fails; return the exit status."""
    began = time.monotonic()
    runs, virtual_secs, events = 0, 0.0, 0
    for seed in seeds:
        if secs is not None and runs and time.monotonic() - began >= secs:
            break
        report = simulate(draw(seed))
        runs, virtual_secs, events = runs + 1, virtual_secs + report.virtual_secs, events + report.events
        if report.wrong:
            return _failed(report, say, folder)
    took = time.monotonic() - began
    done = f"{_counted(runs, 'seed')}, {_counted(events, 'event')}, {virtual_secs:.0f} s of virtual time"
    say(f"{done} in {took:.0f} s: nothing was wrong")
    return 0


def rerun(path: Path, say: Say, *, lines: bool) -> int:
    """Run the history in a file, say what happens, and return the exit status.

    Raises:
        NotThereError: There is no such file.
        ConfigError: It cannot be read, or holds no history.
    """
    return _show(simulate(read_history(path)), say, lines=lines)


def rerun_seed(seed: int, say: Say, *, lines: bool) -> int:
    """Run one seed, say what happens, and return the exit status."""
    return _show(simulate(draw(seed)), say, lines=lines)


def smallest(report: Report) -> History:
    """Return a short history that fails in one of the ways of *report*."""
    sought = failures(report.wrong)
    return shrink(report.history, lambda history: bool(sought & failures(simulate(history).wrong)))


def _show(report: Report, say: Say, *, lines: bool) -> int:
    for line in report.lines if lines else ():
        say(line)
    for wrong in report.wrong:
        say(wrong)
    what = f"wrong: {_counted(len(report.wrong), 'thing')}" if report.wrong else "nothing was wrong"
    events = _counted(report.events, "event")
    say(
        f"seed {report.history.seed}: {events} in {report.virtual_secs:.0f} s of virtual time, "
        f"logs {report.digest}: {what}"
    )
    return 1 if report.wrong else 0


def _failed(report: Report, say: Say, folder: Path) -> int:
    seed = report.history.seed
    for wrong in report.wrong:
        say(wrong)
    say(f"seed {seed} failed; run it again with: switchhook soak --seed {seed}")
    say("looking for a shorter history that fails alike…")
    history = smallest(report)
    path = folder / f"seed-{seed}.json"
    write_history(replace(history, note=report.wrong[0]), path)
    say(
        f"enough: {_counted(len(history.rings), 'caller')} and {_counted(len(history.faults), 'fault')}; "
        f"run that again with: switchhook soak --history {path}"
    )
    return 1


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
