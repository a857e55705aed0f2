"""Whether an agent is to take calls, how he is reached, and what he is doing."""

from __future__ import annotations

from typing import Literal

import msgspec

from ingress.envelope import Address
from worker.events.notices import DeclineReason

#: `offline`: not reached, or not yet in his conference.
Duty = Literal["offline", "available", "reserved", "busy", "wrapping-up"]


class Offered(msgspec.Struct, frozen=True):
    """The offer that the agent is reserved for, or busy with."""

    id: str
    queue: str
    call: str


class Reply(msgspec.Struct, frozen=True):
    """An answer to an offer that its queue has to be told; `reason` is None for yes."""

    offer: str
    queue: str
    reason: DeclineReason | None = None


class Agent(msgspec.Struct, frozen=True, tag="agent"):
    """One agent of a tenant, nailed-up."""

    address: Address
    #: The agent has signed in.
    wanted: bool = False
    #: How the leg stands; `resting` waits for the redial time after it was lost, `lost` has still to be seen to.
    line: Literal["down", "dialling", "ringing", "up", "lost", "resting"] = "down"
    leg: str | None = None
    #: Legs that have ended, the newest last: what is heard of them late counts no more.
    ended_legs: tuple[str, ...] = ()
    #: Legs that answered although another one is up.
    strays: tuple[str, ...] = ()
    room: Literal["none", "asked", "unsure", "finding", "found", "waiting", "ready"] = "none"
    conference: str | None = None
    #: Conferences asked for so far; the next one's name is made of it.
    rooms: int = 0
    #: The conference has not been told yet whose it is.
    introduce: bool = False
    duty: Duty = "offline"
    offer: Offered | None = None
    #: An offer that broke with the leg, and its queue has not been told.
    broken: Offered | None = None
    replies: tuple[Reply, ...] = ()
    #: Grows with each change between free and not free.
    turn: int = 0
    #: The last turn that the queues were told of.
    told: int = 0
    idle_since_ms: int = 0
    #: Wrap-up has begun, and its timer is not set.
    unwrapped: bool = False
    #: Conversations so far.
    answered: int = 0

    @property
    def name(self) -> str:
        """The agent's name in the policy."""
        return self.address.id

    @property
    def ready(self) -> bool:
        """Whether the agent's leg waits in his conference."""
        return self.line == "up" and self.room == "ready"
