"""Looks over the partitions held: who is behind, who is crowded, and whether a command has been forgotten."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from worker.runtime.clock import RedisClock, monotonic
from worker.runtime.metrics import Metrics
from worker.runtime.partition import PartitionOwner

log = structlog.get_logger(__name__)

#: A command's end has been read from the log so soon after it was appended, unless the partition is behind.
FORGOTTEN_SECS = 5.0


class Watch:
    """What is known of all partitions of a worker together."""

    def __init__(self, metrics: Metrics, clock: RedisClock, *, lag_secs: float) -> None:
        """Call a partition behind when its oldest event has waited for *lag_secs*."""
        self.lagging: frozenset[int] = frozenset()
        self._metrics = metrics
        self._clock = clock
        self._lag_secs = lag_secs
        #: Commands without an end that nobody carries out, and since when that is so (monotonic seconds).
        self._missing: dict[str, float] = {}
        self._forgotten: frozenset[str] = frozenset()

    def look(self, owners: Iterable[PartitionOwner]) -> None:
        """Look at what *owners* hold now, note it in the metrics, and say what has changed."""
        owners = list(owners)
        lags = {owner.partition: owner.lag.secs or 0.0 for owner in owners}
        self._say(frozenset(partition for partition, secs in lags.items() if secs > self._lag_secs))
        self._metrics.oldest_event_secs.set(max(lags.values(), default=0.0))
        self._metrics.lagging.set(len(self.lagging))
        self._metrics.crowded.set(sum(owner.effects.crowded for owner in owners))
        self._metrics.oldest_command_secs.set(self._oldest_secs(owners))
        self._note_forgotten(owners)

    def _say(self, lagging: frozenset[int]) -> None:
        for partition in sorted(lagging - self.lagging):
            log.warning("partition.lagging", partition=partition, bound_secs=self._lag_secs)
        for partition in sorted(self.lagging - lagging):
            log.info("partition.kept-up", partition=partition)
        self.lagging = lagging

    def _oldest_secs(self, owners: list[PartitionOwner]) -> float:
        """Return the age of the oldest command without an end."""
        firsts = (next(iter(owner.ledger.pending.values()), None) for owner in owners)
        now_ms = self._clock.now_ms()
        return max((max(0.0, (now_ms - first.decided_ms) / 1000) for first in firsts if first), default=0.0)

    def _note_forgotten(self, owners: list[PartitionOwner]) -> None:
        """Note the commands that have no end and are in nobody's hands, for longer than that can be."""
        now = monotonic()
        self._missing = {
            command_id: self._missing.get(command_id, now)
            for owner in owners
            if (owner.lag.secs or 0.0) < FORGOTTEN_SECS / 2
            for command_id in owner.ledger.pending
            if command_id not in owner.effects
        }
        forgotten = frozenset(name for name, since in self._missing.items() if now - since >= FORGOTTEN_SECS)
        for command_id in forgotten - self._forgotten:
            log.error("command.forgotten", command_id=command_id)
        self._forgotten = forgotten
        self._metrics.forgotten.set(len(forgotten))
