"""docs/telnyx.md: the classes of operations, the classes of errors, and what each answer of Telnyx's means."""

from __future__ import annotations

from collections import Counter

from tests.documents.tables import Key, worded
from worker.telnyx.errors import _BY_STATUS_ALONE, _MEANINGS, Meaning, meaning_of
from worker.telnyx.operation import OperationClass
from worker.telnyx.surface import OPERATIONS

#: What no row can say: it stands for every status or code that has none.
ANY = "any"


def classes(old: str) -> str:
    """Return the table of operation classes."""
    counted = Counter(operation.kind for operation in OPERATIONS)
    rows: dict[Key, str] = {(f"`{kind.value}`", str(counted[kind])): "" for kind in OperationClass}
    return worded(("class", "operations", "what it means for a repetition"), rows, old, known=1)


def meanings(old: str) -> str:
    """Return the table of meanings."""
    rows: dict[Key, str] = {(f"`{meaning.value}`",): "" for meaning in Meaning}
    return worded(("meaning", "what is done"), rows, old)


def answers(old: str) -> str:
    """Return the table of statuses and codes, in the order in which they are looked up."""
    rows: dict[Key, str] = {("5xx", ANY, meaning_of(500, "").value): ""}
    for (status, code), meaning in _MEANINGS.items():
        rows[str(status or "4xx"), code, meaning.value] = ""
    for status, meaning in _BY_STATUS_ALONE.items():
        rows[str(status), ANY, meaning.value] = ""
    rows["other", ANY, meaning_of(418, "").value] = ""
    return worded(("status", "code", "meaning", "what Telnyx says with it"), rows, old, known=2)
