"""The records: one for each caller, and one for each change of an agent's state. Times are Unix ms, durations ms."""

from __future__ import annotations

from typing import Literal

import msgspec

#: How a stay in a queue ended. `waiting`: it has not yet.
StayEnd = Literal[
    "waiting", "answered", "abandoned", "short-abandoned", "overflowed", "timed-out", "refused", "dismissed", "moved",
    "unreached",
]  # fmt: skip
#: How an offer ended. `open`: it has not yet.
OfferEnd = Literal["open", "connected", "declined", "withdrawn", "broken", "failed"]
#: What the call came to, the first that applies in this order.
Result = Literal[
    "open", "answered", "voicemail", "transferred", "abandoned", "short-abandoned", "dismissed", "refused", "ended"
]  # fmt: skip
#: Who ended the call. `system`: the policy did.
EndedBy = Literal["caller", "agent", "system", "unknown"]


class Goal(msgspec.Struct, frozen=True):
    """Where the policy led the caller: a queue, a menu, a voicemail, a number, the log-in, or the end."""

    at_ms: int
    kind: str
    name: str = ""
    #: The key that was pressed for it.
    key: str = ""


class Stay(msgspec.Struct, frozen=True):
    """A stay in a queue; each is counted as offered once, and ends once."""

    queue: str
    entered_ms: int
    #: Since when the caller waits in any queue.
    since_ms: int
    end: StayEnd
    #: When it ended; None while it goes on.
    left_ms: int | None = None
    waited_ms: int | None = None
    #: Why the queue sent the caller on.
    reason: str = ""
    priority: int = 0
    #: The only agent whom the caller was meant for.
    agent: str = ""
    #: The place was kept, and the caller called back.
    called_back: bool = False
    #: The agent of the first conversation.
    answered_by: str = ""
    #: The queue's threshold of the service level when the stay began; None where the log does not say it.
    threshold_ms: int | None = None


class OfferMade(msgspec.Struct, frozen=True):
    """An offer of the caller to an agent."""

    id: str
    queue: str
    agent: str
    at_ms: int
    end: OfferEnd
    reason: str = ""
    accepted_ms: int | None = None
    ended_ms: int | None = None


class Conversation(msgspec.Struct, frozen=True):
    """A conversation with an agent. `talk_ms` is without `hold_ms`."""

    offer: str
    queue: str
    agent: str
    from_ms: int
    to_ms: int | None = None
    talk_ms: int = 0
    hold_ms: int = 0
    holds: int = 0
    wrap_up_ms: int = 0


class Deed(msgspec.Struct, frozen=True):
    """What was done in a conversation at somebody's word."""

    at_ms: int
    agent: str
    what: str
    value: str = ""


class Recording(msgspec.Struct, frozen=True):
    """A recording, to be fetched from Telnyx by its id; times as Telnyx wrote them. `box`: it is a message."""

    id: str
    started_at: str
    ended_at: str
    queue: str = ""
    agent: str = ""
    box: str = ""


class InteractionRecord(msgspec.Struct, frozen=True, tag="interaction"):
    """What became of one caller, from ringing to the end.

    `id` names the caller for ever; a later `revision` replaces an earlier one.
    """

    id: str
    revision: int
    tenant: str
    #: Telnyx's call_control_id of the leg with which the caller came; `legs` has those of calling back too.
    call: str
    legs: tuple[str, ...]
    number: str
    dialled: str
    rang_ms: int
    answered_ms: int | None
    ended_ms: int | None
    result: Result
    ended_by: EndedBy
    #: Telnyx's hangup_cause.
    cause: str
    goals: tuple[Goal, ...]
    stays: tuple[Stay, ...]
    offers: tuple[OfferMade, ...]
    conversations: tuple[Conversation, ...]
    deeds: tuple[Deed, ...]
    recordings: tuple[Recording, ...]

    @property
    def at_ms(self) -> int:
        """The moment that the record is found by."""
        return self.rang_ms


class AgentStateChange(msgspec.Struct, frozen=True, tag="agent-state"):
    """That an agent's state changed. What he was before, he had been since `since_ms`."""

    id: str
    tenant: str
    agent: str
    at_ms: int
    state: str
    previous: str
    since_ms: int
    reason: str = ""
    #: The queue and the call that he is reserved for, busy with, or wraps up after.
    queue: str = ""
    call: str = ""


Record = InteractionRecord | AgentStateChange
