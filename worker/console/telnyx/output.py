"""Where answers are shown: as JSON, as a table on a terminal, or as plain columns in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Protocol

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from worker.console.telnyx.cells import MAIN_COLUMNS, columns, json_of, row

#: Between columns, and the least room for a long text.
GAP = 2
FOLDED = 16


class Output(Protocol):
    """Shows one object, or a list page by page."""

    def one(self, item: object, kind: type[object]) -> None:
        """Show an object of *kind*; None: an answer without a body."""
        ...

    def page(self, items: Sequence[object], kind: type[object]) -> None:
        """Show the next items of a list."""
        ...

    def end(self) -> None:
        """End the list."""
        ...


def output_of(*, as_json: bool) -> Output:
    """Return the output that is wanted, and fits standard output."""
    if as_json:
        return JsonOutput()
    return TableOutput(Console(highlight=False)) if sys.stdout.isatty() else PlainOutput()


class JsonOutput:
    """One JSON document: an object, or an array whose items come one a line.

    When an error ends a list half-way the array stays open, so that nobody takes the part for the whole.
    """

    def __init__(self) -> None:
        self._open = False

    def one(self, item: object, kind: type[object]) -> None:  # noqa: ARG002
        """Show an object."""
        typer.echo(json_of(item))

    def page(self, items: Sequence[object], kind: type[object]) -> None:  # noqa: ARG002
        """Show the next items."""
        for item in items:
            typer.echo(("," if self._open else "[") + "\n" + json_of(item), nl=False)
            self._open = True

    def end(self) -> None:
        """Close the array."""
        typer.echo("\n]" if self._open else "[]")


class PlainOutput:
    """Columns with two spaces between them: every field, nothing cut off."""

    def __init__(self) -> None:
        self._widths: list[int] = []

    def one(self, item: object, kind: type[object]) -> None:
        """Show an object, a field a line."""
        if item is None:
            typer.echo("done")
            return
        names = columns(kind)
        self._lines([[name, cell] for name, cell in zip(names, row(item, names), strict=True) if cell])

    def page(self, items: Sequence[object], kind: type[object]) -> None:
        """Show the next items; the names of the columns come once, and the first page sets the widths."""
        names = columns(kind)
        self._lines([*([] if self._widths else [names]), *(row(item, names) for item in items)])

    def end(self) -> None:
        """Nothing is left to say."""

    def _lines(self, rows: list[list[str]]) -> None:
        if not self._widths and rows:
            self._widths = [max(cell_len(cell) for cell in column) for column in zip(*rows, strict=True)]
        for cells in rows:
            padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, self._widths, strict=True))
            typer.echo("  ".join(padded).rstrip())


class TableOutput:
    """Tables for a terminal: the main columns for which there is room. An id stays in one piece, to be copied."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def one(self, item: object, kind: type[object]) -> None:
        """Show an object: two columns, the fields that have a value."""
        if item is None:
            self._console.print("done")
            return
        names = columns(kind)
        there = [(name, cell) for name, cell in zip(names, row(item, names), strict=True) if cell]
        width = max((len(name) for name, _ in there), default=0)
        for name, cell in there:
            self._console.print(Text.assemble((name.ljust(width), "bold"), "  ", cell), soft_wrap=True)

    def page(self, items: Sequence[object], kind: type[object]) -> None:
        """Show a page as a table of its own: its columns are as wide as it needs."""
        names = list(MAIN_COLUMNS.get(kind, columns(kind)))
        found = dict(zip(names, zip(names, *(row(item, names) for item in items), strict=True), strict=True))
        widths = {name: max(cell_len(cell) for cell in cells) for name, cells in found.items()}
        shown = fitting(widths, self._console.width)
        least = needed(widths, shown)
        # Wider than the terminal where an id is: the terminal breaks the line, and the id can be copied all the same.
        width = least if least > self._console.width else None
        table = Table(box=None, pad_edge=False, header_style="bold", width=width)
        for name in shown:
            table.add_column(Text(name), overflow="fold", no_wrap=_is_id(name))
        for cells in list(zip(*(found[name] for name in shown), strict=True))[1:]:
            table.add_row(*(Text(cell) for cell in cells))
        self._console.print(table, crop=False)

    def end(self) -> None:
        """Nothing is left to say."""


def fitting(widths: Mapping[str, int], room: int) -> list[str]:
    """Return the columns of these *widths* for which there is *room*: the first one, then each that still fits."""
    shown: list[str] = []
    for name in widths:
        if not shown or needed(widths, [*shown, name]) <= room:
            shown.append(name)
    return shown


def needed(widths: Mapping[str, int], names: Sequence[str]) -> int:
    """Return the least room that the columns *names* need; all but ids can be folded."""
    return sum(widths[n] if _is_id(n) else min(widths[n], max(len(n), FOLDED)) for n in names) + GAP * (len(names) - 1)


def _is_id(name: str) -> bool:
    return name.rpartition(".")[2] in ("id", "call_control_id")
