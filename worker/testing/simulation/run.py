"""Runs one history in a world of its own, and says what was wrong."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import anyio
import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

from worker.testing.simulation import faults
from worker.testing.simulation.history import History
from worker.testing.simulation.invariants import Watch
from worker.testing.simulation.loop import process_of, run
from worker.testing.simulation.world import Simulation

#: With the faults and the last call's beginning over, everything is quiet within so long.
QUIET_SECS = 240.0
#: Log lines that tell of a mistake in the engine.
MISTAKES = ("event.failed", "event.unread", "event.quarantined")
#: So many lines of the processes' logs are kept.
LINES = 4000


class Report(msgspec.Struct, frozen=True):
    """What became of a run."""

    history: History
    #: What was wrong, each with its time; empty: nothing.
    wrong: tuple[str, ...]
    #: Of logs and journals: the same for equal runs.
    digest: str
    #: How much virtual time passed, and how much real.
    virtual_secs: float
    real_secs: float
    events: int
    #: The processes' logs.
    lines: tuple[str, ...]


def simulate(history: History) -> Report:
    """Run *history* and return what became of it. Equal histories give equal reports, but for `real_secs`."""
    began = time.perf_counter()
    chance = random.getstate()
    random.seed(history.seed)
    lines: list[str] = []
    result: list[tuple[tuple[str, ...], str, float, int]] = []

    async def main() -> None:
        with _collecting(lines):
            result.append(await _happen(history))

    try:
        run(main)
    except Exception as exc:  # noqa: BLE001
        # Whatever it was, the seed is worth knowing.
        result.append(((f"0 s: the run ended with {type(exc).__name__}: {exc}",), "", 0.0, 0))
    finally:
        random.setstate(chance)
    wrong, digest, virtual_secs, events = result[-1]
    mistakes = tuple(line for line in lines if line.split()[2] in MISTAKES)
    return Report(
        history, wrong + mistakes, digest, virtual_secs, time.perf_counter() - began, events, tuple(lines[-LINES:])
    )


async def _happen(history: History) -> tuple[tuple[str, ...], str, float, int]:
    world = Simulation(history)
    watch = Watch(world)
    async with anyio.create_task_group() as tasks:
        await world.begin(tasks)
        faults.plan(world)
        began = max([world.history.faults_end_secs, *(ring.at_secs for ring in history.rings)])
        began += world.history.longest_start_secs
        quiet = 0
        while quiet < 2 and anyio.current_time() < began + QUIET_SECS:
            await anyio.sleep(1)
            watch.look(anyio.current_time())
            still = watch.busy_with() if anyio.current_time() > began else "it goes on"
            quiet = 0 if still else quiet + 1
        if still:
            world.complain(f"it is not quiet after {QUIET_SECS:g} s: {still}")
        watch.look_when_quiet()
        ended, digest = anyio.current_time(), world.digest()
        events = sum(len(watch.events(partition)) for partition in world.partitions())
        await world.end()
        tasks.cancel_scope.cancel()
    return tuple(world.wrong), digest, ended, events


@contextmanager
def _collecting(lines: list[str]) -> Iterator[None]:
    """Take the processes' log lines instead of printing them."""
    before = structlog.get_config()

    def collect(_: WrappedLogger, __: str, event: EventDict) -> NoReturn:
        process = process_of.get()
        name, text = event.pop("event", ""), " ".join(f"{key}={value}" for key, value in event.items())
        if process is not None and process.dead:
            raise structlog.DropEvent
        where = process.name if process is not None else "outside"
        lines.append(f"{anyio.current_time():9.3f} {where:10} {name} {text}")
        raise structlog.DropEvent

    structlog.configure(processors=[structlog.processors.format_exc_info, collect], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)
