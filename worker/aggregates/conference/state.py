"""Who is in a conference, who is expected, and what is recorded."""

from __future__ import annotations

from typing import Literal

import msgspec

from ingress.envelope import Address


class Presence(msgspec.Struct, frozen=True):
    """The last times that a leg joined and left; the same whatever order the webhooks came in."""

    joined_ms: int = 0
    left_ms: int = 0

    @property
    def inside(self) -> bool:
        """Whether the leg is in."""
        return self.joined_ms > self.left_ms


class Expected(msgspec.Struct, frozen=True):
    """A caller whom a queue has sent here."""

    call: str
    offer: str
    queue: str
    agent: str
    #: What had happened to the leg here before: only what is later counts.
    after_ms: int = 0
    connected: bool = False
    #: The queue knows that the leg has ended, whatever webhooks say.
    gone: bool = False


class Saved(msgspec.Struct, frozen=True, order=True):
    """A recording that can be fetched."""

    recording_id: str
    started_at: str
    ended_at: str
    #: The caller who was in, as far as is known.
    call: str


class Conference(msgspec.Struct, frozen=True, tag="conference"):
    """One conference of a tenant."""

    address: Address
    agent: str | None = None
    agent_leg: str | None = None
    created_ms: int | None = None
    ended_ms: int | None = None
    legs: dict[str, Presence] = {}
    expected: dict[str, Expected] = {}
    others: frozenset[str] = frozenset()
    recording: Literal["off", "starting", "on", "stopping", "again"] = "off"
    #: The caller whom the recording is of.
    recorded: str | None = None
    #: A caller whose recording was refused for good.
    unrecorded: str | None = None
    saved: tuple[Saved, ...] = ()
    told_over: bool = False

    @property
    def id(self) -> str:
        """Telnyx's conference_id."""
        return self.address.id

    def inside(self, leg: str | None) -> bool:
        """Whether *leg* is in."""
        presence = self.legs.get(leg or "")
        return presence is not None and presence.inside and self.ended_ms is None

    def together(self, caller: Expected) -> bool:
        """Whether *caller* and the agent are both in."""
        return not caller.gone and self.inside(caller.call) and self.inside(self.agent_leg)

    def together_since_ms(self, caller: Expected) -> int:
        """Return when the later of *caller* and the agent came in."""
        agent = self.legs[self.agent_leg or ""]
        return max(self.legs[caller.call].joined_ms, agent.joined_ms)

    def has_left(self, caller: Expected) -> bool:
        """Whether *caller* was in and is no more, or never will be."""
        presence = self.legs.get(caller.call)
        left = presence is not None and not presence.inside and presence.joined_ms > caller.after_ms
        return left or caller.gone or self.ended_ms is not None
