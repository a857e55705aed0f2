"""Who is in a conference, who is expected, and what is recorded."""

from __future__ import annotations

from typing import Literal

import msgspec

from ingress.envelope import Address


class Presence(msgspec.Struct, frozen=True):
    """The last times that a leg joined (or was seen inside) and left; the same whatever order they are told in."""

    joined_ms: int = 0
    left_ms: int = 0


class Expected(msgspec.Struct, frozen=True):
    """A caller whom a queue has sent here."""

    call: str
    offer: str
    queue: str
    agent: str
    #: What had happened to the leg here before: only what is later counts.
    after_ms: int = 0
    #: When he was expected first (Redis time, ms): he cannot have joined for this offer before.
    since_ms: int = 0
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
    #: The moment of the newest list of participants: who had joined before, and was not in it, is not inside.
    looked_ms: int = 0
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
        return presence is not None and not self._out(presence) and self.ended_ms is None

    def together(self, caller: Expected) -> bool:
        """Whether *caller* and the agent are both in."""
        return not caller.gone and self.inside(caller.call) and self.inside(self.agent_leg)

    def have_met(self, caller: Expected) -> bool:
        """Whether *caller* and the agent are known to have been in at the same time, be it over or not."""
        presence, agent = self.legs.get(caller.call), self.legs.get(self.agent_leg or "")
        if presence is None or agent is None or presence.joined_ms <= caller.after_ms:
            return False
        agent_stayed = agent.left_ms < agent.joined_ms or agent.left_ms > presence.joined_ms
        caller_stayed = presence.left_ms < presence.joined_ms or presence.left_ms > agent.joined_ms
        return agent_stayed and caller_stayed

    def together_since_ms(self, caller: Expected) -> int:
        """Return when the later of *caller* and the agent came in."""
        agent = self.legs[self.agent_leg or ""]
        return max(self.legs[caller.call].joined_ms, agent.joined_ms)

    def has_left(self, caller: Expected) -> bool:
        """Whether *caller* was in and is no more, or never will be."""
        presence = self.legs.get(caller.call)
        left = presence is not None and self._out(presence) and presence.joined_ms > caller.after_ms
        return left or caller.gone or self.ended_ms is not None

    def left_ms(self, leg: str) -> int | None:
        """Return when *leg* went out, as far as that is known."""
        presence = self.legs.get(leg)
        if presence is None or not self._out(presence):
            return None
        return presence.left_ms if presence.left_ms >= presence.joined_ms else self.looked_ms

    def _out(self, presence: Presence) -> bool:
        return presence.joined_ms <= presence.left_ms or presence.joined_ms < self.looked_ms
