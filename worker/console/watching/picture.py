"""The wallboard's picture: what does not fit is counted, never cut off in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from worker.console.table import counted, span_of
from worker.console.telnyx.cells import readable
from worker.console.watching.board import Board
from worker.console.watching.words import (
    AGENT_COLUMNS,
    CONFERENCE_COLUMNS,
    OLD_MS,
    QUEUE_COLUMNS,
    SHORT,
    row_of,
    span,
)
from worker.replay.render import time_of
from worker.views.model import AgentState, AgentView, AnyView

STYLES = {
    "available": "green", "reserved": "yellow", "busy": "bold red", "wrapping-up": "cyan", "paused": "magenta",
    "delayed": "dim", "offline": "dim",
}  # fmt: skip
#: Whom a supervisor looks for first.
ORDER: tuple[AgentState, ...] = ("busy", "reserved", "wrapping-up", "available", "delayed", "paused", "offline")
NUMBERS = frozenset({"waiting", "longest", "in time", "answered", "abandoned", "talking", "for"})
#: The picture's lines that are no rows: two of the head, and for each table a title, a header and a line between.
FRAME = 11


def picture_of(board: Board, *, height: int | None, trouble: str = "") -> RenderableType:
    """Return the picture of a moment, in at most *height* lines if that is given. *trouble*: it is not of now."""
    agents = sorted(board.agents, key=lambda view: (ORDER.index(view.state), view.since_ms))
    wanted = [len(board.queues), len(agents), len(board.conferences)]
    rows = wanted if height is None else shares(wanted, max(3, height - FRAME))
    return Group(
        *_head(board, trouble),
        *_table("Queues", QUEUE_COLUMNS, board.queues, rows[0], board.at_ms, ""),
        *_table("Agents", AGENT_COLUMNS, agents, rows[1], board.at_ms, states_of(agents)),
        *_table("Conferences", CONFERENCE_COLUMNS, board.conferences, rows[2], board.at_ms, ""),
    )


def shares(wanted: Sequence[int], lines: int) -> list[int]:
    """Return how many *lines* each gets, so that nobody has less than a fair share while another has more."""
    given = [0] * len(wanted)
    while lines > 0 and (open_ := [i for i, want in enumerate(wanted) if given[i] < want]):
        for index in open_[:lines]:
            given[index] += 1
        lines -= len(open_)
    return given


def states_of(agents: Sequence[AgentView]) -> str:
    """Return how many agents are in each state."""
    states = Counter(view.state for view in agents)
    return ", ".join(f"{states[state]} {SHORT.get(state, state)}" for state in ORDER if states[state])


def _head(board: Board, trouble: str) -> list[RenderableType]:
    partitions = board.partitions
    told = f"{counted(partitions.total, 'partition')}, {partitions.owned} owned"
    if partitions.behind:
        told += f", {partitions.behind} behind, at most {span_of(partitions.lag_secs)}"
    workers = f"workers: {', '.join(board.workers) or 'none'}"
    first = Text(
        f"Switchhook {board.tenant}  {time_of(board.at_ms)}  ", style="bold", no_wrap=True, overflow="ellipsis"
    )
    first.append(_age(board), style="bold red" if _is_old(board) else "dim")
    second = Text(f"{told}   {workers}", no_wrap=True, overflow="ellipsis")
    if partitions.owned < partitions.total:
        second.stylize("bold red")
    if trouble:
        second = Text(readable(trouble), style="bold red", no_wrap=True, overflow="ellipsis")
    return [first, second]


def _is_old(board: Board) -> bool:
    return board.as_of_ms is None or bool(board.unpublished) or board.at_ms - board.as_of_ms > OLD_MS


def _age(board: Board) -> str:
    if board.as_of_ms is None:
        return "nothing is published yet: does a worker run?"
    told = f"as of {span(board.at_ms - board.as_of_ms)} ago"
    return f"{told}, {counted(board.unpublished, 'partition')} not published" if board.unpublished else told


def _table(
    title: str, columns: Sequence[str], views: Sequence[AnyView], rows: int, now_ms: int, told: str
) -> list[RenderableType]:
    left = len(views) - rows
    words = [word for word in (told, f"{left} more not shown" if left else "" if views else "none") if word]
    heading = Text(f"\n{title}", style="bold", no_wrap=True, overflow="ellipsis")
    heading.append(f"  {'; '.join(words)}" if words else "", style="dim")
    if not rows:
        return [heading]
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for place, name in enumerate(columns):
        table.add_column(
            Text(name),
            no_wrap=True,
            overflow="ellipsis",
            justify="right" if name in NUMBERS else "left",
            max_width=24 if place == 0 else None,
            min_width=len(name) if name in NUMBERS else None,
        )
    for view in views[:rows]:
        cells = [Text(readable(cell)) for cell in row_of(view, now_ms)]
        if isinstance(view, AgentView):
            cells[1].stylize(STYLES[view.state])
        if view.quarantined:
            cells[0].stylize("bold red")
        table.add_row(*cells)
    return [heading, table]
