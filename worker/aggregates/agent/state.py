"""Whether an agent is to take calls, how he is reached, and what he is doing."""

from __future__ import annotations

from typing import Literal

import msgspec

from ingress.envelope import Address
from worker.events.notices import DeclineReason, LoginAnswer

#: `offline`: logged out, or not reached. `delayed`: left alone for a while, or moving to another leg or conference.
Duty = Literal["offline", "available", "paused", "reserved", "busy", "wrapping-up", "delayed"]
#: What an agent can ask to be.
Standing = Literal["available", "paused", "offline"]
#: How an agent did not take a caller who was offered.
Miss = Literal["rejected", "line-busy", "no-answer", "machine", "unreachable"]
#: Why an agent is left alone. `moving`: until he is in his next conference, or (on demand) until the leg of his last
#: caller has ended; the others: until a timer.
Delay = Literal["moving"] | Miss
#: The duties in which an agent has no caller and may have one at any time, or none until he says so.
RESTING: frozenset[Duty] = frozenset({"offline", "available", "paused"})
#: After so many dials in a row that reach nobody an agent's queues do not count on him until he is reached.
MOST_IN_VAIN = 3


class Offered(msgspec.Struct, frozen=True):
    """The offer that the agent is reserved for, or busy with."""

    id: str
    queue: str
    call: str
    number: str = ""
    within_ms: int = 0
    #: `made`: he is being rung. `accepted`: the queue is told so. `assigned`: the caller is on the way, or handed over.
    step: Literal["made", "accepted", "assigned"] = "made"
    #: Of a colleague who consults him: his conference, and his name.
    room: str = ""
    by: str = ""

    @property
    def consults(self) -> bool:
        """Whether he is wanted by a colleague, and the caller is still that one's."""
        return bool(self.room) and self.step != "assigned"


class Reply(msgspec.Struct, frozen=True):
    """An answer to an offer that its queue has to be told; `reason` is None for yes."""

    offer: str
    queue: str
    reason: DeclineReason | None = None
    #: The conference that has to be told instead, where a colleague asked.
    room: str = ""


class Consulted(msgspec.Struct, frozen=True):
    """What is said to a colleague who asks to consult him; `refusal` is None for yes."""

    ask: str
    refusal: str | None = None


class Phoned(msgspec.Struct, frozen=True):
    """An answer to a login by phone that the leg has to be told."""

    call: str
    answer: LoginAnswer
    attempt: int = 1


class Agent(msgspec.Struct, frozen=True, tag="agent"):
    """One agent of a tenant."""

    address: Address
    #: Whether the policy has him, and logs him in by itself.
    enrolled: Literal["no", "self", "policy"] = "no"
    reach: Literal["nailed-up", "on-demand"] = "nailed-up"
    #: What he, or the policy for him, has asked to be; `reason` is why.
    standing: Standing = "offline"
    reason: str = ""
    duty: Duty = "offline"
    #: Since when it is that (Redis time, ms); 0: from the beginning.
    since_ms: int = 0

    #: How the leg stands; `resting` waits for the redial time after it was lost, `lost` has still to be seen to,
    #: `phoned` for the phone to be free after a login by it, `closing` for the end of the leg that was hung up.
    line: Literal["down", "dialling", "ringing", "up", "lost", "resting", "phoned", "closing"] = "down"
    leg: str | None = None
    #: What the leg was dialled for, in the words that ride with it; unique by `dials`, the legs dialled so far.
    purpose: str = ""
    dials: int = 0
    #: Dials of his line in a row that reached nobody.
    in_vain: int = 0
    #: The offer for which the leg was dialled, if it is not nailed-up.
    leg_offer: str | None = None
    leg_since_ms: int = 0
    #: The leg that is being hung up.
    closing: str | None = None
    #: Why there is no leg, for people.
    trouble: str = ""
    #: It is known who has answered, a person or a machine.
    screened: bool = False
    #: Legs that have ended, the newest last: what is heard of them late counts no more.
    ended_legs: tuple[str, ...] = ()
    #: Legs to be hung up.
    strays: tuple[str, ...] = ()
    #: The newest of them whose end Telnyx has told; of the others it is not sure.
    over_legs: tuple[str, ...] = ()
    #: Legs to be hung up again: nobody knows what became of it, or it was accepted and nothing was heard of their end.
    unhung: tuple[str, ...] = ()
    #: How often hanging up was accepted, or refused, for a leg of whose end nothing has been heard.
    hangups: dict[str, int] = {}
    #: Legs told to end of whose end nothing is known yet: until then his phone is not free.
    parting: tuple[str, ...] = ()

    #: `waiting`: another conference is asked for in a while; `unread`: it is looked for again, for he may be in it.
    #: He leaves one for another: `going` until that is certain, `stuck` when nobody knows. For a consultation: `out`
    #: when the conference that wants him is to be told, `guest` in it, or on the way there at its word.
    room: Literal[
        "none", "screening", "asked", "unsure", "finding", "found", "waiting", "unread", "ready", "going", "stuck",
        "out", "guest",
    ] = "none"  # fmt: skip
    conference: str | None = None
    #: The conference that he leaves for another one.
    leaving: str | None = None
    #: Conferences asked for so far; the next one's name is made of it.
    rooms: int = 0
    #: The conference has not been told yet whose it is.
    introduce: bool = False
    #: The conference, or the leg, nears the longest that Telnyx lets it live, or others were asked into the conference:
    #: he moves when he has no caller.
    room_old: bool = False
    line_old: bool = False

    offer: Offered | None = None
    #: Offers that are over, the newest last.
    past_offers: tuple[str, ...] = ()
    #: An offer that broke with the leg, and its queue has not been told.
    broken: Offered | None = None
    #: The conversation that the agent has ended by hanging up: its queue has to let the caller go.
    hung_up: Offered | None = None
    replies: tuple[Reply, ...] = ()
    #: The reservation's own timer is set.
    watched: bool = False
    delay: Delay | None = None
    #: The delay's timer is not set.
    untimed: bool = False
    #: Offers in a row that he did not answer: too many pause him.
    misses: int = 0
    #: Wrap-up after a caller of this queue has begun, and its timer is not set.
    wrapping: str | None = None

    #: Grows with each change of `duty`.
    turn: int = 0
    #: The last turn that the queues were told of, and the queues that hold him for free, or may.
    told: int = 0
    served: tuple[str, ...] = ()
    idle_since_ms: int = 0
    busy_since_ms: int = 0
    #: Conversations, and time spent in them, since he logged in.
    answered: int = 0
    talk_ms: int = 0

    #: Calls by which he has logged in or out, the newest last, and answers to them.
    phoned: tuple[str, ...] = ()
    phone_answers: tuple[Phoned, ...] = ()
    #: When which wrong PIN was entered (call and attempt), the newest last; and until when nobody logs in by phone.
    guesses: dict[str, int] = {}
    locked_until_ms: int = 0
    #: What is to be said to a colleague who has just asked.
    consulted: Consulted | None = None
    #: Why the intent that was just folded is refused.
    refusal: str | None = None
    #: When the timers that are set come due; one that fires and is not the last set counts no more.
    timers: dict[str, int] = {}

    @property
    def name(self) -> str:
        """The agent's name in the policy."""
        return self.address.id

    @property
    def staff(self) -> bool:
        """Whether his queues count him as logged in: he has not logged out, and is reached or will be before long."""
        return self.standing != "offline" and self.in_vain < MOST_IN_VAIN

    @property
    def parts(self) -> bool:
        """Whether a leg of his is to end, and may still be there: his phone is not free."""
        return bool(self.strays or self.parting)

    @property
    def ready(self) -> bool:
        """Whether a caller can be offered, as far as leg and conference go."""
        if self.reach == "on-demand":
            return self.line == "down" and not self.parts
        return self.line == "up" and self.room == "ready" and self.leg_offer is None

    @property
    def pending(self) -> Standing | None:
        """What the agent will be, and is not yet: after this caller, or when he is reached."""
        if self.duty in RESTING:
            return None if self.duty == self.standing else self.standing
        return None if self.standing == "available" else self.standing
