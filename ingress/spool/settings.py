"""How the spool is set. Apart from the rest, for whoever reads settings needs no disk."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

#: `always`: 2xx after fsync; `interval`: fsync every so often; `never`: when the system likes.
Fsync = Literal["always", "interval", "never"]


class SpoolSettings(msgspec.Struct, frozen=True):
    """Where the spool is, how sure it makes events, and how large it may grow (without what was set aside)."""

    directory: Path
    fsync: Fsync
    interval_ms: int
    max_bytes: int
