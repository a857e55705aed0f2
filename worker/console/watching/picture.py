"""The wallboard's picture: what does not fit is counted or named, never cut off in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from worker.console.look import worker_of
from worker.console.table import counted, span_of
from worker.console.telnyx.cells import readable
from worker.console.watching.board import Board
from worker.console.watching.columns import GAP, Cap, Drop, Fitted, Shorter, Step, cut, first_that_fits, fitted, listed
from worker.console.watching.words import (
    AGENT_COLUMNS,
    CONFERENCE_COLUMNS,
    QUEUE_COLUMNS,
    age_of,
    cells_of,
    is_old,
    states_of,
)
from worker.replay.render import time_of
from worker.views.model import AgentState, AgentView, AnyView, QueueView

STYLES = {
    "available": "green", "reserved": "yellow", "busy": "bold red", "wrapping-up": "cyan", "paused": "magenta",
    "delayed": "dim", "offline": "dim",
}  # fmt: skip
#: Whom a supervisor looks for first.
ORDER: tuple[AgentState, ...] = ("busy", "reserved", "wrapping-up", "available", "delayed", "paused", "offline")
NUMBERS = frozenset({"waiting", "longest", "in time", "answered", "abandoned", "talking", "for"})
#: What gives way on a narrow screen, in this order (told in docs/wallboard.md). A state's word and a number never do:
#: they are whole, or their column is left out.
QUEUE_STEPS: tuple[Step, ...] = (
    Cap("queue", 32), Drop("talking"), Shorter("agents"), Cap("queue", 24), Drop("answered"), Shorter("agents"),
    Cap("queue", 20), Drop("abandoned"), Cap("queue", 12), Drop("in time"), Drop("agents"), Drop("longest"),
)  # fmt: skip
AGENT_STEPS: tuple[Step, ...] = (
    Cap("queue", 24), Cap("agent", 24), Cap("state", 24), Drop("answered"), Cap("caller", 16), Cap("queue", 16),
    Cap("agent", 20), Shorter("state"), Cap("queue", 12), Cap("agent", 16), Drop("queue"), Drop("caller"), Drop("next"),
    Drop("for"),
)  # fmt: skip
CONFERENCE_STEPS: tuple[Step, ...] = (
    Cap("conference", 12), Shorter("in"), Cap("talk", 40), Cap("of", 24), Cap("in", 48), Shorter("talk"), Cap("of", 16),
    Shorter("in"), Drop("of"), Shorter("in"), Drop("for"), Drop("in"), Drop("talk"),
)  # fmt: skip
#: The picture's lines that are no rows: two of the head, and for each of three tables a title and a header.
FRAME = 8
#: From so many lines on, a line is left free above each table.
ROOMY = 30


class Picture(msgspec.Struct, frozen=True):
    """The picture of a moment, in at most `height` lines if that is given. `trouble`: it is not of now."""

    board: Board
    height: int | None
    trouble: str = ""

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it in the width that there is."""
        yield from self.lines(options.max_width)

    def lines(self, width: int | None) -> Iterator[Text]:
        """Yield its lines; None: as wide as they are."""
        board, height = self.board, self.height
        agents = sorted(board.agents, key=lambda view: (ORDER.index(view.state), view.since_ms))
        wanted = [len(board.queues), len(agents), len(board.conferences)]
        roomy = height is None or height >= ROOMY
        rows = wanted if height is None else shares(wanted, max(3, height - FRAME - (3 if roomy else 0)))
        queues, without = _most_urgent(board.queues, rows[0])
        states = Counter(view.state for view in agents)
        yield from _head(board, self.trouble, width)
        for table in (
            _Table("Queues", QUEUE_COLUMNS, QUEUE_STEPS, queues, board.queues, waiting=without),
            _Table("Agents", AGENT_COLUMNS, AGENT_STEPS, agents[: rows[1]], agents, states),
            _Table(
                "Conferences", CONFERENCE_COLUMNS, CONFERENCE_STEPS, board.conferences[: rows[2]], board.conferences
            ),
        ):
            if roomy:
                yield _line()
            yield from table.lines(board.at_ms, width)


def picture_of(board: Board, *, height: int | None, trouble: str = "") -> Picture:
    """Return the picture of a moment, in at most *height* lines if that is given. *trouble*: it is not of now."""
    return Picture(board, height, trouble)


def shares(wanted: Sequence[int], lines: int) -> list[int]:
    """Return how many *lines* each gets, so that nobody has less than a fair share while another has more."""
    given = [0] * len(wanted)
    while lines > 0 and (open_ := [i for i, want in enumerate(wanted) if given[i] < want]):
        for index in open_[:lines]:
            given[index] += 1
        lines -= len(open_)
    return given


class _Table(msgspec.Struct, frozen=True):
    title: str
    columns: Sequence[str]
    steps: Sequence[Step]
    #: The rows that there is room for, of all.
    views: Sequence[AnyView]
    all: Sequence[AnyView]
    states: Mapping[AgentState, int] = {}
    #: How many callers wait in the queues that are not shown.
    waiting: int = 0

    def lines(self, now_ms: int, width: int | None) -> Iterator[Text]:
        fit = fitted(self.columns, [cells_of(view, now_ms) for view in self.views], width, self.steps)
        yield self._heading(fit, width)
        if not self.views:
            return
        yield _row(fit, fit.names, ["dim"] * len(fit.names))
        for view, row in zip(self.views, fit.rows, strict=True):
            styles = [""] * len(row)
            if isinstance(view, AgentView) and "state" in fit.names:
                styles[fit.names.index("state")] = STYLES[view.state]
            if view.quarantined:
                styles[0] = "bold red"
            yield _row(fit, row, styles)

    def _heading(self, fit: Fitted, width: int | None) -> Text:
        more = len(self.all) - len(self.views)
        left = [f"{more} more not shown" + (f", {self.waiting} waiting there" if self.waiting else "")] if more else []
        if not self.all:
            left = ["none"]
        named = [f"without {', '.join(fit.left_out)}"] if fit.left_out and self.views else []
        short = [f"{counted(len(fit.left_out), 'column')} left out"] if named else []
        states = states_of(dict(self.states), ORDER) if self.states else ("", "", "")
        forms = [_sentence(told, *left, *columns) for told in states for columns in (named, short)]
        if more:
            forms.append(_sentence(f"{more} more", *short))
        told = first_that_fits(forms, None if width is None else width - len(self.title) - GAP)
        heading = _line(self.title, "bold")
        if told:
            heading.append(f"  {told}", style="not bold dim")
        return heading


def _sentence(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _most_urgent(queues: Sequence[QueueView], rows: int) -> tuple[list[QueueView], int]:
    """Return so many of *queues*, those first whose callers wait longest, in their order; and who waits elsewhere."""
    urgent = sorted(queues, key=lambda view: (view.longest_since_ms is None, view.longest_since_ms or 0, -view.waiting))
    shown = {view.name for view in urgent[:rows]}
    return [view for view in queues if view.name in shown], sum(view.waiting for view in urgent[rows:])


def _head(board: Board, trouble: str, width: int | None) -> Iterator[Text]:
    partitions = board.partitions
    age, when = age_of(board, board.at_ms), time_of(board.at_ms)
    first = _line(first_that_fits([f"Switchhook {board.tenant}  {when}", when], _less(width, age)) + "  ", "bold")
    first.append(age, style="bold red" if is_old(board, board.at_ms) else "not bold dim")
    yield first
    if trouble:
        yield _line(cut(readable(trouble), width) if width else readable(trouble), "bold red")
        return
    told = f"{counted(partitions.total, 'partition')}, {partitions.owned} owned"
    if partitions.behind:
        told += f", {partitions.behind} behind, at most {span_of(partitions.lag_secs)}"
    told += "   workers: "
    # Those who are silent stand first, where they are not cut off.
    beats = sorted(board.workers, key=lambda beat: not beat.silent)
    workers = listed([readable(worker_of(beat)) for beat in beats], _less(width, told)) or "none"
    ill = partitions.owned < partitions.total or any(beat.silent for beat in beats)
    yield _line(told + workers, "bold red" if ill else "")


def _less(width: int | None, taken: str) -> int | None:
    return None if width is None else max(1, width - cell_len(taken) - GAP)


def _row(fit: Fitted, cells: Sequence[str], styles: Sequence[str]) -> Text:
    row = _line()
    for place, (name, cell, width, style) in enumerate(zip(fit.names, cells, fit.widths, styles, strict=True)):
        blank = " " * (width - cell_len(cell))
        last = place == len(fit.names) - 1
        if name in NUMBERS:
            row.append(blank)
        row.append(cell, style=style)
        if not last:
            row.append(("" if name in NUMBERS else blank) + " " * GAP)
    return row


def _line(text: str = "", style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="crop")
