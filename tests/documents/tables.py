"""Tables in Markdown, between two marks of a document. Their last column may be written by hand: it is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"

Key = tuple[str, ...]

_CELLS = re.compile(r"(?<!\\)\|")


def section(text: str, name: str) -> str:
    """Return what stands between the marks of *name*.

    Raises:
        ValueError: The marks are not there.
    """
    found = _marked(name).search(text)
    if found is None:
        raise ValueError(f"write <!-- {name}: made by `make docs` --> and <!-- end of {name} --> where it is to stand")
    return found[2]


def with_section(text: str, name: str, content: str) -> str:
    """Return *text* with *content* between the marks of *name*. Raises what `section` raises."""
    section(text, name)
    return _marked(name).sub(lambda found: f"{found[1]}{content}{found[3]}", text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def worded(head: Sequence[str], rows: Mapping[Key, str], old: str, *, known: int | None = None) -> str:
    """Return a table whose last column is kept as it is in *old*, or else is what *rows* gives.

    A row is known again by its first *known* cells, default: by all but the last.
    """
    kept = {row[: known or -1]: row[-1] for row in cells(old)}
    return table(head, ([*key, kept.get(key[:known], "") or words] for key, words in rows.items()))


def cells(table_text: str) -> list[Key]:
    """Return the rows below a table's head."""
    lines = [line for line in table_text.splitlines() if line.startswith("|")][2:]
    return [tuple(cell.strip().replace("\\|", "|") for cell in _CELLS.split(line)[1:-1]) for line in lines]


def _marked(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name}: [^\n]*-->\n)(.*?)(<!-- end of {name} -->)", re.DOTALL)
