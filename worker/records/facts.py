"""The facts that a caller's record is made of, each as the log or the journal tells it. Times are Unix ms.

A dossier is a set of them: so neither their order nor their repetition makes a difference to the record.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Fact(msgspec.Struct, frozen=True, tag_field="fact"):
    """Something that happened to a caller at a moment."""

    at_ms: int


class Rang(Fact, frozen=True, tag="rang"):
    """The caller rang us."""

    leg: str
    number: str
    dialled: str


class CalledBack(Fact, frozen=True, tag="called-back"):
    """A queue has dialled the caller, who is on this leg from then on."""

    leg: str
    queue: str


class Answered(Fact, frozen=True, tag="answered"):
    """A leg of the caller was answered."""

    leg: str


class Ended(Fact, frozen=True, tag="ended"):
    """A leg of the caller ended, as Telnyx told it."""

    leg: str
    cause: str
    source: str


class Vanished(Fact, frozen=True, tag="vanished"):
    """A leg of the caller is no more, whatever webhooks say; `at_ms` is when that was known."""

    leg: str


class Led(Fact, frozen=True, tag="led"):
    """The policy led the caller somewhere; `key` is the one that was pressed for it."""

    kind: str
    name: str
    key: str


class Waiting(Fact, frozen=True, tag="waiting"):
    """The caller came into a queue."""

    queue: str
    since_ms: int
    priority: int
    agent: str
    #: The queue's threshold of the service level, by the policy of that moment; None: the log had no policy then.
    threshold_ms: int | None = None


class Admitted(Fact, frozen=True, tag="admitted"):
    """The queue's join rules let the caller in."""

    queue: str


class SentOn(Fact, frozen=True, tag="sent-on"):
    """The queue sent the caller on; `further`: to somewhere else, not to the end."""

    queue: str
    reason: str
    further: bool


class WentOn(Fact, frozen=True, tag="went-on"):
    """The caller's leg went on from the queue alive."""

    queue: str


class Lapsed(Fact, frozen=True, tag="lapsed"):
    """The queue's word on a caller who hung up: `abandoned`, `short-abandoned`; or on a callback: `given-up`."""

    queue: str
    what: str
    waited_ms: int


class Offered(Fact, frozen=True, tag="offered"):
    """The caller was offered to an agent."""

    offer: str
    queue: str
    agent: str


class OfferMoved(Fact, frozen=True, tag="offer-moved"):
    """An offer was accepted, or ended without a conversation."""

    offer: str
    step: Literal["accepted", "declined", "withdrawn", "broken", "failed"]
    reason: str


class Connected(Fact, frozen=True, tag="connected"):
    """Caller and agent were together; `told_ms` is when that was known, by the log's clock."""

    offer: str
    leg: str
    told_ms: int


class HandedOn(Fact, frozen=True, tag="handed-on"):
    """The caller was left with another agent, whom the first had consulted; `offer` names that conversation."""

    offer: str
    queue: str
    agent: str


class Parted(Fact, frozen=True, tag="parted"):
    """The conversation was over."""

    offer: str


class Held(Fact, frozen=True, tag="held"):
    """The caller was put on hold, or (`on` is false) taken back."""

    on: bool


class Cared(Fact, frozen=True, tag="cared"):
    """Something was done in the conversation at somebody's word: `consult`, `transfer`, `pause-recording`, …"""

    agent: str
    what: str
    value: str


class Wrapped(Fact, frozen=True, tag="wrapped"):
    """The wrap-up after a conversation began, or (`began` is false) ended."""

    offer: str
    began: bool


class Recorded(Fact, frozen=True, tag="recorded"):
    """A recording can be fetched: of a conversation, or a message left in `box`."""

    recording: str
    started_at: str
    ended_at: str
    queue: str
    agent: str
    box: str


class HungUp(Fact, frozen=True, tag="hung-up"):
    """We ended a leg of the caller."""

    leg: str


AnyFact = (
    Rang | CalledBack | Answered | Ended | Vanished | Led | Waiting | Admitted | SentOn | WentOn | Lapsed | Offered
    | OfferMoved | Connected | HandedOn | Parted | Held | Cared | Wrapped | Recorded | HungUp
)  # fmt: skip
