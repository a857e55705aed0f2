"""Counts what Telnyx sends that it does not document, and says each thing once."""

from __future__ import annotations

import structlog

from worker.events.event import Event
from worker.events.webhooks import surprises
from worker.runtime.metrics import Metrics

log = structlog.get_logger(__name__)

#: So many different things are said in the life of a process; the counter goes on.
MAX_SAID = 1_000


class Undocumented:
    """Looks at the webhooks of all partitions of a worker."""

    def __init__(self, metrics: Metrics) -> None:
        self._count = metrics.undocumented
        self._said: set[str] = set()

    def note(self, event: Event) -> None:
        """Count what is not documented in *event*; write a line of the log for what was not seen before."""
        for surprise in surprises(event.body):
            self._count.labels(surprise.what).inc()
            said = f"{surprise.what} {surprise.why}"
            if said not in self._said and len(self._said) < MAX_SAID:
                self._said.add(said)
                log.warning(
                    "webhook.undocumented",
                    what=surprise.what,
                    why=surprise.why,
                    address=str(event.address),
                    id=event.id,
                )
