"""From a call leg that we dialled to the aggregate that had it dialled. Times are Unix ms."""

from __future__ import annotations

from worker.events.notices.base import Notice


class LegAnswered(Notice, frozen=True, tag="leg-answered"):
    """Call to its owner: your leg is up. `purpose` is what the owner wrote when it dialled."""

    call: str
    at_ms: int
    purpose: str = ""


class LegEnded(Notice, frozen=True, tag="leg-ended"):
    """Call to its owner: your leg has ended; `cause` is Telnyx's hangup_cause, `answered` whether it was up before."""

    call: str
    at_ms: int
    cause: str
    purpose: str = ""
    answered: bool = False


class MachineDetected(Notice, frozen=True, tag="machine-detected"):
    """Call to its owner: a machine has answered (Telnyx's answering machine detection)."""

    call: str
    purpose: str = ""
