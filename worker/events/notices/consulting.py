"""Between a conference, an agent who is consulted in it, and the caller's queue: a warm transfer to an agent.

The consulted agent is reserved by an offer of the conference's own, of which his queues know nothing; it becomes the
caller's offer when the caller is handed to him. Times are Unix ms.
"""

from __future__ import annotations

from worker.events.notices.base import Notice
from worker.events.notices.offers import DeclineReason


class ConsultAsked(Notice, frozen=True, tag="consult-asked"):
    """Conference to agent: `by` wants to talk with you about this caller, who is held in me.

    `ask` is the id of the event that asked: the agent's decision answers it. `within_ms` is how long it stands.
    """

    offer: str
    ask: str
    conference: str
    by: str
    call: str
    queue: str
    within_ms: int = 30_000


class ConsultReady(Notice, frozen=True, tag="consult-ready"):
    """Agent to conference: this is my leg, it is in no conference, and nobody else takes it; put it in."""

    offer: str
    agent: str
    call: str


class ConsultDeclined(Notice, frozen=True, tag="consult-declined"):
    """Agent to conference: not this time; or, after `consult-ready`: my leg is lost, or I have hung up."""

    offer: str
    agent: str
    reason: DeclineReason


class ConsultOver(Notice, frozen=True, tag="consult-over"):
    """Conference to agent: it is over, and your leg is not in me (any more)."""

    offer: str


class CallerHanded(Notice, frozen=True, tag="caller-handed"):
    """Conference to agent: the caller whom you were consulted about is yours, and so am I."""

    offer: str
    call: str
    queue: str
    conference: str
    at_ms: int


class HandedOn(Notice, frozen=True, tag="handed-on"):
    """Conference to queue, and queue to call: he whom `offer` has connected is with `agent` now, by the offer `to`.

    A queue that has taken `offer` back meanwhile withdraws `to`.
    """

    offer: str
    call: str
    to: str
    agent: str
    conference: str
