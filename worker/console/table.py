"""Rows for people: a table on a terminal, plain columns in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from worker.console.telnyx.cells import readable


def show_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Show *rows* under the columns *names*."""
    if sys.stdout.isatty():
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in names:
            table.add_column(Text(name), overflow="fold")
        for row in rows:
            table.add_row(*(Text(readable(cell)) for cell in row))
        Console(highlight=False).print(table)
        return
    for line in plain_lines(names, rows):
        typer.echo(line)


def plain_lines(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return *rows* as lines, with two spaces between columns; nothing is cut off."""
    cells = [list(names), *([readable(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(cell) for cell in column) for column in zip(*cells, strict=True)]
    return [
        "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def counted(number: int, thing: str) -> str:
    """Return so many of a *thing*: `1 file`, `2 files`, `no files`."""
    return f"{number or 'no'} {thing}{'' if number == 1 else 's'}"


def amount_of(count: int) -> str:
    """Return bytes as people say them."""
    size, units = float(count), iter(("B", "KiB", "MiB"))
    unit = next(units)
    while size >= 1024 and (bigger := next(units, None)):
        size, unit = size / 1024, bigger
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def span_of(secs: float) -> str:
    """Return seconds as people say them: `0.4 s`, `12 s`, `3 min`, `5 h`, `2 d`."""
    if secs < 10:
        return f"{secs:.1f} s"
    for limit, unit, divisor in ((120, "s", 1), (7200, "min", 60), (172_800, "h", 3600)):
        if secs < limit:
            return f"{secs / divisor:.0f} {unit}"
    return f"{secs / 86_400:.0f} d"
