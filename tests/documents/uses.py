"""docs/telnyx.md: what each of the core operations that change something is used for by the engine."""

from __future__ import annotations

from typing import get_args

from tests.documents.operations import NONE, core
from tests.documents.tables import Key, worded
from tests.integration.telnyx.specimens import specimen
from worker.commands import command as c
from worker.telnyx.operation import OperationClass
from worker.telnyx.operations import operation_of
from worker.telnyx.surface import OPERATIONS


def commands() -> dict[str, list[str]]:
    """Return the names of the engine's commands by the name of the operation that each is."""
    found: dict[str, list[str]] = {}
    for kind in get_args(c.AnyCommand):
        command = specimen(kind)
        found.setdefault(operation_of(command).name, []).append(c.name_of(command))
    return found


def render(old: str) -> str:
    """Return the table."""
    known = commands()
    changing = (each for each in OPERATIONS if core(each) and each.kind is not OperationClass.READ)
    rows: dict[Key, str] = {
        (f"`{each.name}`", ", ".join(f"`{name}`" for name in known.get(each.name, [])) or NONE): "" for each in changing
    }
    return worded(("operation", "command", "used for"), rows, old, known=1)
