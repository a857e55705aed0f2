"""A timer that an aggregate set, come due."""

from __future__ import annotations

import msgspec


class TimerFired(msgspec.Struct, frozen=True, tag="timer"):
    """The timer *key* of this aggregate was due at *due_ms*; the event may come later, never earlier."""

    key: str
    due_ms: int
