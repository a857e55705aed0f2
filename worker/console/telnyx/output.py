"""Where answers are shown: as JSON, as a table on a terminal, or as plain columns in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Protocol

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from worker.console.telnyx.cells import MAIN_COLUMNS, columns, json_of, row


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
    """Tables for a terminal: the main columns; long ids are folded rather than cut off."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def one(self, item: object, kind: type[object]) -> None:
        """Show an object: two columns, the fields that have a value."""
        if item is None:
            self._console.print("done")
            return
        names = columns(kind)
        table = Table(show_header=False, box=None, pad_edge=False)
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for name, cell in zip(names, row(item, names), strict=True):
            if cell:
                table.add_row(Text(name), Text(cell))
        self._console.print(table)

    def page(self, items: Sequence[object], kind: type[object]) -> None:
        """Show a page as a table of its own: its columns are as wide as it needs."""
        names = list(MAIN_COLUMNS.get(kind, columns(kind)))
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in names:
            table.add_column(Text(name), overflow="fold")
        for item in items:
            table.add_row(*(Text(cell) for cell in row(item, names)))
        self._console.print(table)

    def end(self) -> None:
        """Nothing is left to say."""
