"""What the demo shows: a live picture in a terminal, or lines without one. Everything in it is folded from the log."""

from __future__ import annotations

import time
from collections import deque

import msgspec
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from worker.aggregates.agent.state import Agent
from worker.aggregates.conference.state import Conference
from worker.aggregates.queue.state import Queue
from worker.aggregates.queue.tally import Tally
from worker.replay.source import Follower

RATE_SECS = 5.0
DUTY_STYLE = {
    "available": "green",
    "reserved": "yellow",
    "busy": "bold red",
    "wrapping-up": "cyan",
    "paused": "magenta",
    "delayed": "dim",
    "offline": "dim",
}


class Rate:
    """How many a second, over the last few."""

    def __init__(self) -> None:
        self.total = 0
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, count: int) -> None:
        """Count *count* more, now."""
        self.total += count
        self._seen.append((time.monotonic(), count))

    def per_sec(self) -> float:
        """Return the rate."""
        since = time.monotonic() - RATE_SECS
        while self._seen and self._seen[0][0] < since:
            self._seen.popleft()
        return sum(count for _, count in self._seen) / RATE_SECS


class View(msgspec.Struct, frozen=True):
    """One moment, as folded from the log."""

    queues: list[Queue]
    agents: list[Agent]
    conferences: list[Conference]

    @classmethod
    def of(cls, followers: list[Follower]) -> View:
        """Return the present of all partitions."""
        states = [state for follower in followers for state in follower.ledger.aggregates.values()]
        return cls(
            sorted((s for s in states if isinstance(s, Queue)), key=lambda s: s.name),
            sorted((s for s in states if isinstance(s, Agent)), key=lambda s: s.name),
            [s for s in states if isinstance(s, Conference)],
        )

    @property
    def waiting(self) -> int:
        """Callers in queues whom no agent talks with."""
        return sum(
            not x.dismissed and x.ending is None and (x.offer is None or x.offer.step != "connected")
            for queue in self.queues
            for x in queue.callers.values()
        )

    @property
    def recordings(self) -> int:
        """Recordings saved."""
        return sum(len(conference.saved) for conference in self.conferences)

    def line(self) -> str:
        """Return the moment in one line."""
        tallies = [queue.tally for queue in self.queues]
        agents = " ".join(f"{agent.name}={agent.duty}" for agent in self.agents)
        parts = (
            f"waiting {self.waiting}",
            f"answered {sum(tally.answered for tally in tallies)}",
            f"abandoned {_abandoned(*tallies)}",
            agents,
            f"recordings {self.recordings}",
        )
        return ", ".join(filter(None, parts))


def _abandoned(*tallies: Tally) -> str:
    """Return how many hung up while they waited, as the audit counts them, and how many of them at once."""
    short = sum(tally.short_abandoned for tally in tallies)
    total = short + sum(tally.abandoned for tally in tallies)
    return f"{total} ({short} short)" if short else str(total)


def picture(view: View, *, clock: str, webhooks: Rate, commands: Rate, workers: list[str]) -> RenderableType:
    """Return the live picture of a moment."""
    numbers = {agent.conference: agent.name for agent in view.agents if agent.conference}
    queues = Table(title="Queues", expand=True)
    for column in ("queue", "waiting", "offered", "answered", "abandoned", "longest wait"):
        queues.add_column(column)
    for queue in view.queues:
        tally = queue.tally
        waiting = sum(x.offer is None or x.offer.step != "connected" for x in queue.callers.values())
        queues.add_row(
            queue.name, str(waiting), str(tally.offered), str(tally.answered), _abandoned(tally),
            f"{tally.longest_wait_ms / 1000:.1f} s",
        )  # fmt: skip
    agents = Table(title="Agents", expand=True)
    for column in ("agent", "state", "caller", "answered"):
        agents.add_column(column)
    for agent in view.agents:
        caller = agent.offer.call[-8:] if agent.offer else ""
        agents.add_row(agent.name, Text(agent.duty, style=DUTY_STYLE[agent.duty]), caller, str(agent.answered))
    rooms = Table(title="Conferences", expand=True)
    for column in ("of", "in", "recording", "saved"):
        rooms.add_column(column)
    for conference in sorted(view.conferences, key=lambda x: x.agent or ""):
        inside = sum(conference.inside(leg) for leg in conference.legs)
        name = numbers.get(conference.id, conference.agent or "?")
        rooms.add_row(name, str(inside), conference.recording, str(len(conference.saved)))
    rates = (
        f"webhooks {webhooks.per_sec():.1f}/s ({webhooks.total})   commands {commands.per_sec():.1f}/s "
        f"({commands.total})   recordings saved {view.recordings}   workers: {', '.join(workers)}"
    )
    return Group(
        Panel(rates, title=f"Switchhook demo, {clock}"),
        queues,
        Columns([agents, rooms], expand=True),
    )
