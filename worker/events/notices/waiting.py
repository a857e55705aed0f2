"""Between a queue and the call legs that wait in it. Times are Unix ms."""

from __future__ import annotations

from typing import Literal

from worker.events.notices.base import Notice
from worker.policy.model.basics import Digit, Sound
from worker.policy.model.goals import Goal

#: Why a caller goes on from a queue. `finished`: the conversation has taken place.
GoOnReason = Literal[
    "max-wait", "failed", "full", "unstaffed", "closed", "key", "callback", "moved", "transferred", "finished"
]


class CallerWaiting(Notice, frozen=True, tag="caller-waiting"):
    """Call to queue: this caller was put into your Telnyx queue.

    `arrived_ms` is when; `since_ms` since when he has been waiting in any queue, which is his age (None: `arrived_ms`).
    `priority` is what he brings along; `agent` the only one who is to be offered to him (a transfer to an agent).
    """

    call: str
    number: str
    arrived_ms: int
    since_ms: int | None = None
    priority: int = 0
    agent: str | None = None


class CallerGone(Notice, frozen=True, tag="caller-gone"):
    """Call to queue: this caller's leg has ended, or (`moved`) has gone on from your queue alive."""

    call: str
    at_ms: int
    moved: bool = False


class KeyPressed(Notice, frozen=True, tag="key-pressed"):
    """Call to queue: this caller, who waits, has pressed a key. `press` tells presses apart."""

    call: str
    digit: Digit
    press: str


class Announced(Notice, frozen=True, tag="announced"):
    """Call to queue: this announcement is over, or could not be made."""

    call: str
    announcement: str


class GoOn(Notice, frozen=True, tag="go-on"):
    """Queue to call: you wait here no longer; go where `goal` says. None: the queue's apology, and the end.

    It is about the stay in that very queue: from another one than the leg is in, or came from, it is stale, and so it
    is when the leg has left since and come back. `stay_ms` as in `Connect`.
    """

    reason: GoOnReason
    goal: Goal | None = None
    stay_ms: int = 0


class Announce(Notice, frozen=True, tag="announce"):
    """Queue to call: let the caller hear these, one after another, while he waits; then the music goes on."""

    announcement: str
    sounds: tuple[Sound, ...]


class InQueue(Notice, frozen=True, tag="in-queue"):
    """Queue to call: Telnyx has you in my queue, and I do not know you."""

    number: str
    dialled: str
    at_ms: int


class OutOfQueue(Notice, frozen=True, tag="out-of-queue"):
    """Queue to call: you wait, and Telnyx has you in my queue no more; enter it again."""


class Move(Notice, frozen=True, tag="move"):
    """Conference to call: you are transferred; leave, and go where `goal` says, keeping your age."""

    goal: Goal
    agent: str | None = None
