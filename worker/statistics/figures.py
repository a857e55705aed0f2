"""The figures of one queue, or one agent, in one interval: counts and sums, and what follows from them.

A ratio of which the denominator is nothing is None. Durations are ms.
"""

from __future__ import annotations

import msgspec


class QueueFigures(msgspec.Struct):
    """Of the stays that began in the interval, whenever they ended."""

    #: By which the service level is; None: more than one was in force.
    threshold_ms: int | None = None
    offered: int = 0
    answered: int = 0
    #: Answered within the threshold.
    answered_in: int = 0
    abandoned: int = 0
    #: Abandoned after the threshold.
    abandoned_late: int = 0
    short_abandoned: int = 0
    overflowed: int = 0
    timed_out: int = 0
    refused: int = 0
    dismissed: int = 0
    moved: int = 0
    unreached: int = 0
    waiting: int = 0
    called_back: int = 0
    #: Of the answered.
    wait_ms: int = 0
    longest_wait_ms: int = 0
    conversations: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    wrap_up_ms: int = 0
    #: Offers made to agents.
    offers: int = 0

    @property
    def service_level(self) -> float | None:
        """Answered within the threshold ÷ (answered + abandoned after it); short abandons are out."""
        return ratio(self.answered_in, self.answered + self.abandoned_late)

    @property
    def service_level_all(self) -> float | None:
        """Answered within the threshold ÷ (answered + all abandoned, the short ones too)."""
        return ratio(self.answered_in, self.answered + self.abandoned + self.short_abandoned)

    @property
    def asa_ms(self) -> float | None:
        """Average speed of answer: wait of the answered ÷ answered."""
        return ratio(self.wait_ms, self.answered)

    @property
    def aht_ms(self) -> float | None:
        """Average handling time: (talk + hold + wrap-up) ÷ answered."""
        return ratio(self.talk_ms + self.hold_ms + self.wrap_up_ms, self.answered)

    @property
    def abandonment(self) -> float | None:
        """Abandoned ÷ offered; short abandons are shown apart."""
        return ratio(self.abandoned, self.offered)

    @property
    def re_offers(self) -> float | None:
        """Offers beyond the first for each answered caller."""
        return ratio(max(0, self.offers - self.answered), self.answered)


class AgentFigures(msgspec.Struct):
    """Offers and conversations that began in the interval; of the states the time that lies in it."""

    offers: int = 0
    declined: int = 0
    conversations: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    wrap_up_ms: int = 0
    available_ms: int = 0
    reserved_ms: int = 0
    busy_ms: int = 0
    wrapping_up_ms: int = 0
    paused_ms: int = 0
    delayed_ms: int = 0
    offline_ms: int = 0

    @property
    def aht_ms(self) -> float | None:
        """Average handling time: (talk + hold + wrap-up) ÷ conversations."""
        return ratio(self.talk_ms + self.hold_ms + self.wrap_up_ms, self.conversations)

    @property
    def occupancy(self) -> float | None:
        """(Busy + wrapping up) ÷ (those + available)."""
        return ratio(self.busy_ms + self.wrapping_up_ms, self.busy_ms + self.wrapping_up_ms + self.available_ms)

    @property
    def utilisation(self) -> float | None:
        """(Busy + wrapping up) ÷ (those + available + paused)."""
        worked_ms = self.busy_ms + self.wrapping_up_ms
        return ratio(worked_ms, worked_ms + self.available_ms + self.paused_ms)


def ratio(part: int, whole: int) -> float | None:
    """Return *part* ÷ *whole*."""
    return part / whole if whole else None
