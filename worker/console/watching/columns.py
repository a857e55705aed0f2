"""Fits a table into the columns of a screen: what gives way to what is told, and what is left out is named."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.cells import cell_len, set_cell_size

#: Between two columns.
GAP = 2
#: So much of a name is left beside its mark.
LEAST = 6


class Cell(msgspec.Struct, frozen=True):
    """What stands in one place: a `text` that may be cut, and a `tail` that is not, so that a mark stays whole.

    `shorter`: whole words that say less, from the longest to the shortest, for where there is little room.
    """

    text: str
    tail: str = ""
    shorter: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """All of it."""
        return self.text + self.tail

    def form(self, level: int) -> Cell:
        """Return it as short as *level* says: 0 is all of it."""
        return Cell(self.shorter[min(level, len(self.shorter)) - 1]) if level and self.shorter else self

    def within(self, width: int) -> str:
        """Return it in at most *width* columns; what is cut off shows as `…`."""
        if cell_len(self.whole) <= width:
            return self.whole
        room = width - cell_len(self.tail)
        if room < 1:
            return cut(self.whole, width)
        return cut(self.text, room) + self.tail


class Cap(msgspec.Struct, frozen=True):
    """A column gives way down to so many columns of the screen."""

    column: str
    width: int


class Shorter(msgspec.Struct, frozen=True):
    """A column's cells are said in fewer words."""

    column: str


class Drop(msgspec.Struct, frozen=True):
    """A column is left out."""

    column: str


Step = Cap | Shorter | Drop


class Fitted(msgspec.Struct, frozen=True):
    """A table that fits: its columns' names, cells and widths, and the names of those that were left out."""

    names: tuple[str, ...]
    rows: list[list[str]]
    widths: list[int]
    left_out: tuple[str, ...]


class _Column(msgspec.Struct):
    name: str
    cells: list[Cell]
    level: int = 0
    cap: int | None = None

    def natural(self) -> int:
        """Return the width that nothing is cut in."""
        return max(cell_len(self.name), *(cell_len(cell.form(self.level).whole) for cell in self.cells), 0)

    def width(self) -> int:
        """Return the width after what has given way; no tail, no column's name and no word's beginning is cut by it."""
        width = self.natural()
        if self.cap is None:
            return width
        tails = (cell_len(cell.tail) for cell in (each.form(self.level) for each in self.cells) if cell.tail)
        return min(width, max(self.cap, cell_len(self.name), LEAST + max(tails, default=0)))


def fitted(names: Sequence[str], rows: Sequence[Sequence[Cell]], width: int | None, steps: Sequence[Step]) -> Fitted:
    """Return *rows* under *names* in at most *width* columns (None: as wide as it is), by as few of *steps* as do.

    What the last step leaves over goes back to those columns that gave way, the last of them first.
    """
    columns = {name: _Column(name, [row[place] for row in rows]) for place, name in enumerate(names)}
    left_out: list[str] = []
    capped: list[str] = []
    for step in steps if width is not None else ():
        if _total(columns) <= (width or 0):
            break
        match step:
            case Cap(name, most):
                columns[name].cap = most
                capped = [name, *(other for other in capped if other != name)]
            case Shorter(name):
                columns[name].level += 1
            case Drop(name):
                del columns[name]
                capped = [other for other in capped if other != name]
                left_out.append(name)
    widths = {name: column.width() for name, column in columns.items()}
    if width is not None:
        spare = width - _total(columns)
        # At the very end the name gives whatever is still too much.
        widths[names[0]] = max(1, widths[names[0]] + min(0, spare))
        for name in capped:
            given = max(0, min(spare, columns[name].natural() - widths[name]))
            widths[name] += given
            spare -= given
    told = [
        [
            column.cells[number].form(column.level).within(room)
            for column, room in zip(columns.values(), widths.values(), strict=True)
        ]
        for number in range(len(rows))
    ]
    return Fitted(tuple(columns), told, list(widths.values()), tuple(left_out))


def cut(text: str, width: int) -> str:
    """Return *text* in at most *width* columns, with `…` where something is missing."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + "…" if width > 0 else ""


def first_that_fits(forms: Sequence[str], width: int | None) -> str:
    """Return the first of *forms* that is not wider than *width*, or else the last, cut."""
    for form in forms:
        if width is None or cell_len(form) <= width:
            return form
    return cut(forms[-1], width or 0)


def listed(names: Sequence[str], width: int | None) -> str:
    """Return as many of *names* as there is room for, and how many more there are."""
    fewer = (f"{', '.join(names[:shown])} and {len(names) - shown} more" for shown in range(len(names) - 1, 0, -1))
    return first_that_fits([", ".join(names), *fewer, str(len(names))], width)


def _total(columns: dict[str, _Column]) -> int:
    return sum(column.width() for column in columns.values()) + GAP * (len(columns) - 1)
