"""An aggregate in quarantine, and the events for it that wait."""

from __future__ import annotations

import msgspec

from ingress.envelope import Address
from worker.decisions.decision import Quarantine
from worker.events.event import Event


class SetAside(msgspec.Struct):
    """An aggregate in quarantine: why, since which event, and the events for it that wait, that one first."""

    address: Address
    error: str
    since_ms: int
    #: The first of them, as many as the ledger holds in memory.
    held: list[Event]
    #: What the journal does not say yet: today's code raised upon what had been decided before. The next event for the
    #: aggregate gets it as its decision.
    unsaid: Quarantine | None = None
    #: Entry ids of those that came after the ones that are held. The events are in the log alone.
    later: list[str] = []

    @property
    def ids(self) -> list[str]:
        """The entry ids of all events that wait."""
        return [*(event.id for event in self.held), *self.later]

    @property
    def events(self) -> int:
        """How many events wait."""
        return len(self.held) + len(self.later)

    def hold(self, event: Event, most: int) -> None:
        """Let *event* wait, with at most *most* in memory."""
        if self.later or len(self.held) >= most:
            self.later.append(event.id)
        else:
            self.held.append(event)

    def leave_out(self, entry_id: str) -> None:
        """Let one of them wait no more; none, if there is no such entry."""
        self.held = [event for event in self.held if event.id != entry_id]
        self.later = [name for name in self.later if name != entry_id]
