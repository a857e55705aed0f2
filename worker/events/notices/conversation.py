"""Between a conference and those who are in it, or sent others there. Times are Unix ms."""

from __future__ import annotations

from ingress.intents.model import CareIntent
from worker.events.notices.base import Notice


class CallerExpected(Notice, frozen=True, tag="caller-expected"):
    """Queue to conference: this caller joins for this offer."""

    offer: str
    call: str
    queue: str
    agent: str


class CallerSeen(Notice, frozen=True, tag="caller-seen"):
    """Queue to conference: a read showed this caller inside."""

    call: str
    at_ms: int


class Unexpected(Notice, frozen=True, tag="unexpected"):
    """Conference to call: you are inside me, and nobody has sent you; leave, unless you know better."""

    conference: str


class LegGone(Notice, frozen=True, tag="leg-gone"):
    """To conference: this leg has ended, whatever webhooks say."""

    call: str
    at_ms: int


class Connected(Notice, frozen=True, tag="connected"):
    """Conference to queue and agent: caller and agent are both in."""

    offer: str
    call: str
    at_ms: int


class CallerLeft(Notice, frozen=True, tag="caller-left"):
    """Conference to queue and agent: the caller of this offer has left, or the agent him.

    Also agent to queue: he who was rung for this caller has hung up, and the conversation is over.
    """

    offer: str
    call: str
    at_ms: int


class ConferenceReady(Notice, frozen=True, tag="conference-ready"):
    """Agent to conference: you are mine, and my leg is in you."""

    agent: str
    call: str
    at_ms: int


class ConferenceOver(Notice, frozen=True, tag="conference-over"):
    """Conference to agent: this conference has ended, or others go on in it without you: you need another one."""

    conference: str


class Care(Notice, frozen=True, tag="care"):
    """Agent to conference: this is asked of our conversation. `ask` is the id of the event that asked."""

    ask: str
    intent: CareIntent
