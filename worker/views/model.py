"""The views, as they are published and answered. Times are Unix milliseconds by Redis's clock: who reads makes ages of
them, against `as_of_ms`.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from ingress.envelope import AggregateKind

#: Of those who wait in a queue so many are listed, in the order of their turn; `waiting` counts all.
MOST_CALLERS = 100

AgentState = Literal["offline", "available", "paused", "reserved", "busy", "wrapping-up", "delayed"]
#: `ringing`: not answered. `hearing`: a greeting or a message. `entering`: about to wait in a queue. `connecting`: on
#: the way to an agent or a number. `outside`: transferred to a number. `up`: a leg that was dialled, and was answered.
Place = Literal[
    "ringing", "hearing", "menu", "voicemail", "login", "entering", "waiting", "connecting", "conversation", "outside",
    "up",
]  # fmt: skip
Role = Literal["agent", "caller", "consult", "colleague", "third", "supervisor", "stranger"]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What every view says."""

    kind: ClassVar[AggregateKind]

    tenant: str
    #: The moment that this was true at; what is older than some seconds has no owner, or one in trouble.
    as_of_ms: int = 0
    #: It stands still, for an event could not be handled: `switchhook quarantine`.
    quarantined: bool = False

    @property
    def name(self) -> str:
        """The id in its address."""
        raise NotImplementedError


class WaitingCaller(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who waits. `since_ms` is since when in any queue, `arrived_ms` since when in this one."""

    call: str
    number: str
    position: int
    priority: int
    since_ms: int
    arrived_ms: int
    #: The agents who are being asked, or one of whom has accepted.
    offered_to: tuple[str, ...] = ()
    #: He is called back, and has hung up until then.
    callback: bool = False


class Closed(msgspec.Struct, frozen=True):
    """That a queue has been closed by an intent."""

    reason: str
    by: str


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of a queue's callers since the log began. offered = all ends together + those who wait or talk.

    `service_level` is answered within the policy's threshold ÷ (answered + abandoned after the threshold); short
    abandons and those who were called back are left out of it. None: there was nobody to count.
    """

    offered: int
    answered: int
    answered_in_time: int
    called_back: int
    abandoned: int
    abandoned_late: int
    short_abandoned: int
    overflowed: int
    dismissed: int
    refused: int
    moved: int
    resumed: int
    offers: int
    longest_wait_ms: int
    #: The mean wait of those who were answered or called back (ASA).
    mean_wait_ms: int | None
    service_level: float | None


class QueueView(View, frozen=True, kw_only=True, tag="queue"):
    """A queue."""

    kind: ClassVar[AggregateKind] = "queue"

    queue: str
    closed: Closed | None
    #: Not connected yet, those among them who have hung up and are called back; and those who talk with an agent.
    waiting: int
    callbacks: int
    talking: int
    #: Since when the one waits who has waited longest of those on the line.
    longest_since_ms: int | None
    callers: tuple[WaitingCaller, ...]
    #: How many are in each state, of those whom the queue knows of.
    agents: dict[AgentState, int]
    counts: Counts

    @property
    def name(self) -> str:
        """The queue's name."""
        return self.queue


class AgentCaller(msgspec.Struct, frozen=True, kw_only=True):
    """The caller whom an agent is offered, or talks with."""

    call: str
    queue: str
    number: str
    step: Literal["offered", "accepted", "assigned", "connected"]
    #: The colleague who consults the agent about this caller, and has him still.
    by: str = ""


class AgentView(View, frozen=True, kw_only=True, tag="agent"):
    """An agent."""

    kind: ClassVar[AggregateKind] = "agent"

    agent: str
    state: AgentState
    since_ms: int
    #: What he will be after this caller, or when he is reached.
    pending: Literal["available", "paused", "offline"] | None
    reason: str
    #: Why nothing is offered to him for a while, and until when; of a wrap-up, when it ends.
    delay: str | None
    until_ms: int | None
    caller: AgentCaller | None
    reach: Literal["nailed-up", "on-demand"]
    line: str
    #: Why he is not on the line.
    trouble: str
    leg: str | None
    conference: str | None
    #: The queues that know him.
    queues: tuple[str, ...]
    #: Since he logged in.
    answered: int
    talk_ms: int
    idle_since_ms: int
    #: Offers in a row that he did not answer.
    misses: int
    #: Until when he cannot log in or out by phone, for too many wrong PINs; None: there were not so many.
    locked_until_ms: int | None = None

    @property
    def name(self) -> str:
        """The agent's name."""
        return self.agent


class Participant(msgspec.Struct, frozen=True, kw_only=True):
    """Who is in a conference. `whom` is a number or a name where one is known."""

    leg: str
    role: Role
    whom: str
    since_ms: int


class ConferenceView(View, frozen=True, kw_only=True, tag="conference"):
    """A conference."""

    kind: ClassVar[AggregateKind] = "conference"

    conference: str
    agent: str | None
    since_ms: int | None
    participants: tuple[Participant, ...]
    #: The conversation: its caller, the queue that he came from, whether he is on hold, and the agent mute. Also after
    #: the agent has left him with a third party (`handed_over`).
    call: str | None
    queue: str | None
    held: bool
    muted: bool
    recording: Literal["off", "on", "paused"]
    #: Recordings that can be fetched.
    recordings: tuple[str, ...]
    handed_over: bool = False
    #: Who was asked in last and did not come, and why, as `boss: busy`; until another one is dialled.
    trouble: str = ""

    @property
    def name(self) -> str:
        """The conference's id."""
        return self.conference


class CallView(View, frozen=True, kw_only=True, tag="call"):
    """A call leg that has not ended."""

    kind: ClassVar[AggregateKind] = "call"

    call: str
    direction: str | None
    number: str | None
    dialled: str | None
    since_ms: int | None
    answered_ms: int | None
    place: Place
    #: Whoever had it dialled, as `agent:alice`.
    owner: str | None
    menu: str | None
    queue: str | None
    #: Since when he has been waiting in any queue.
    waiting_since_ms: int | None
    conference: str | None
    priority: int

    @property
    def name(self) -> str:
        """The leg's id."""
        return self.call


AnyView = QueueView | AgentView | ConferenceView | CallView
#: The kinds that there are, by the words that people ask with.
PLURALS: dict[str, AggregateKind] = {
    "queues": "queue",
    "agents": "agent",
    "conferences": "conference",
    "calls": "call",
}

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyView] = msgspec.json.Decoder(AnyView)


def encode_view(view: AnyView) -> bytes:
    """Return a view as it is published."""
    return _encoder.encode(view)


def decode_view(raw: bytes) -> AnyView:
    """Read what `encode_view` wrote; raise ValueError for what another release has written."""
    return _decoder.decode(raw)
