"""Where an error was raised, in a few lines that fit into the journal."""

from __future__ import annotations

import traceback
from pathlib import PurePath

#: The innermost frames tell most.
FRAMES = 8
MAX_LINE = 200
_OURS = ("worker", "ingress")


def trace_of(error: Exception) -> str:
    """Return the last frames of *error*, a line each as `file:line in function: source`, the innermost last.

    Paths begin at the package. There are lines of source in it, and no values.
    """
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return "\n".join(f"{_place(f.filename)}:{f.lineno} in {f.name}: {f.line}"[:MAX_LINE] for f in frames)


def _place(filename: str) -> str:
    parts = PurePath(filename).parts
    start = max((index for index, part in enumerate(parts) if part in _OURS), default=len(parts) - 1)
    return "/".join(parts[start:])
