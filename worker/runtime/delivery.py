"""Brings the notices of one partition's decisions into their receivers' logs, and notes how far that is done."""

from __future__ import annotations

from ingress.errors import LogUnavailableError
from ingress.log import EventLog, Partition
from worker.decisions.decision import Decision, Tell
from worker.events.event import write_entry
from worker.ledger.ledger import tellings
from worker.runtime.clock import RedisClock
from worker.runtime.errors import UnavailableError
from worker.runtime.journal import START, Journal, order_of

#: After so many events without a notice it is noted that they had none: a recovery need not read further back.
NOTED_AFTER = 2_000


class Delivery:
    """What one owner delivers. Again is harmless: the ids are the same."""

    def __init__(self, partition: Partition, *, journal: Journal, event_log: EventLog, clock: RedisClock) -> None:
        self._partition = partition
        self._journal = journal
        self._log = event_log
        self._clock = clock
        self._events = 0

    async def catch_up(self, position: str) -> None:
        """Deliver what may be owed of the decisions up to *position*.

        Raises:
            UnavailableError: Redis failed.
        """
        delivered = await self._journal.delivered(self._partition)
        owed = await self._journal.decisions(self._partition, delivered, position)
        await self._append(list(owed.items()))
        if position != START and order_of(delivered) < order_of(position):
            await self._journal.set_delivered(self._partition, position)

    async def deliver(self, decisions: list[tuple[str, Decision]], position: str, events: int) -> None:
        """Append the notices of *decisions*, upon so many events up to *position*.

        Raises:
            UnavailableError: Redis failed.
        """
        self._events += events
        if await self._append(decisions) or self._events >= NOTED_AFTER:
            await self._journal.set_delivered(self._partition, position)
            self._events = 0

    async def _append(self, decisions: list[tuple[str, Decision]]) -> bool:
        """Append the notices among *decisions*; return whether there were any."""
        if not any(isinstance(act, Tell) for _, decision in decisions for act in decision.acts):
            return False
        now_ms = self._clock.now_ms()
        told = [
            [
                write_entry(event_id, to, notice, now_ms)
                for event_id, to, notice in tellings(self._partition, cause_id, decision.address, decision.acts)
            ]
            for cause_id, decision in decisions
        ]
        try:
            # In turn: a conference has to know of a caller before his leg can be commanded to join.
            await self._log.append_in_turn(told)
        except LogUnavailableError as exc:
            raise UnavailableError(str(exc)) from exc
        return True
