"""Who is in a conference, who is expected, what is asked of a conversation, and what is recorded."""

from __future__ import annotations

from typing import Literal

import msgspec

from ingress.envelope import Address
from ingress.intents.model import CareIntent, Role

#: What is heard between `Conference.id` and the number of a party, in the purpose of its leg.
#: `colleague` is an agent who is consulted: his leg is his own, and is never dialled or hung up from here.
PartyKind = Literal["consult", "colleague", "third", "supervisor"]

PartyStep = Literal["wanted", "dialled", "up", "asked", "doubted", "checking", "over", "ending", "out"]


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


class Talk(msgspec.Struct, frozen=True):
    """A conversation of the agent with a caller, from the moment when they are together until the caller has left."""

    call: str
    offer: str
    queue: str
    #: The caller is to be on hold, the agent to be mute.
    held: bool = False
    muted: bool = False
    #: An intent's word on recording, which goes before the policy's.
    record: bool | None = None
    paused: bool = False
    #: The caller's leg has been told to go elsewhere.
    moving: bool = False
    #: Something was played or said, which may last longer than the conversation.
    sounded: bool = False
    #: Who was asked in last and did not come, and why, as `boss: busy`.
    absent: str = ""


class Party(msgspec.Struct, frozen=True):
    """Somebody whom we dial into a conversation, or an agent who is consulted.

    `purpose` names him on his leg. `dialled` waits for the answer, `up` is to be put in, `asked` waits to be seen
    inside, `doubted` is to be looked for; `over` is to be hung up, which `ending` waits for. A colleague is asked
    instead of dialled, and let out instead of hung up; `out`: he is, and has to be told.
    """

    purpose: str
    kind: PartyKind
    #: The conversation that he is asked into.
    call: str
    #: A number or SIP URI; of a supervisor and a colleague the name.
    whom: str
    role: Role | None = None
    leg: str | None = None
    step: PartyStep = "wanted"
    #: How often hanging up, or letting out, was asked for.
    hangups: int = 0
    #: What had happened to the leg here before: only what is later counts.
    after_ms: int = 0

    @property
    def welcome(self) -> bool:
        """Whether he is, or is to be, part of the conversation."""
        return self.step not in ("over", "ending", "out")


class Parting(msgspec.Struct, frozen=True):
    """An agent who has handed his caller to a colleague, and goes.

    `leave`, `leaving`: he is being let out; `unsure`: once more, in a while; `left`: he is, and has not been told.
    """

    agent: str
    leg: str
    offer: str
    call: str
    step: Literal["leave", "leaving", "unsure", "left"] = "leave"


class HandedOver(msgspec.Struct, frozen=True):
    """A caller who goes on with a third party, without the agent.

    `leave`, `leaving`: the agent is being let out; `unsure`: once more, in a while; `left`: he is, and has not been
    told; `alone`: the two go on; `over`: one of them has left; `apart`: ending the conference has failed, the caller is
    sent away himself.
    """

    call: str
    queue: str
    offer: str
    step: Literal["leave", "leaving", "unsure", "left", "alone", "over", "apart", "ending"] = "leave"

    @property
    def goes_on(self) -> bool:
        """Whether the two are to go on."""
        return self.step not in ("over", "apart", "ending")


class Asking(msgspec.Struct, frozen=True):
    """What the event being looked at asks for; gone with the next one."""

    ask: str
    intent: CareIntent


class Take(msgspec.Struct, frozen=True):
    """A recording that was begun: of whom, and when that was accepted."""

    call: str
    queue: str
    agent: str
    from_ms: int


class Saved(msgspec.Struct, frozen=True, order=True):
    """A recording that can be fetched."""

    recording_id: str
    started_at: str
    ended_at: str
    #: The caller who was in, his queue and his agent, as far as is known.
    call: str
    queue: str = ""
    agent: str = ""


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
    #: `again`: it is begun again in a while; `unstopped`: ended again.
    recording: Literal["off", "starting", "on", "stopping", "again", "unstopped"] = "off"
    #: The caller whom the recording is of.
    recorded: str | None = None
    #: A caller whose recording was refused for good.
    unrecorded: str | None = None
    #: The offer for which the policy was asked whether to record, and what it said.
    judged: tuple[str, bool] | None = None
    takes: tuple[Take, ...] = ()
    saved: tuple[Saved, ...] = ()
    told_over: bool = False
    talk: Talk | None = None
    parties: dict[str, Party] = {}
    #: Parties so far; the next one's purpose is made of it.
    asked_in: int = 0
    handed: HandedOver | None = None
    partings: tuple[Parting, ...] = ()
    asking: Asking | None = None
    #: The last asks that were looked at: one that comes twice is answered once.
    asks: tuple[str, ...] = ()
    #: How each leg was last commanded to be (`hold:LEG`, `mute:LEG`, `role:LEG`) and the recording (`pause`).
    #: None: nobody knows. What is not here is as Telnyx begins: heard, and not held.
    made: dict[str, str | None] = {}
    #: How each was by the last word of Telnyx's, for as long as a command is without an answer, or differs from `off`.
    accepted: dict[str, str] = {}
    #: How many commands about each have no answer yet.
    unanswered: dict[str, int] = {}
    #: A command that says how something should be has failed: it is said again in a while, so often at most.
    failures: int = 0
    resting: bool = False
    #: When Telnyx accepted what was commanded last, and how often a look showed that it had not done it; as `made`.
    done_ms: dict[str, int] = {}
    unheeded: dict[str, int] = {}

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

    @property
    def caller(self) -> Expected | None:
        """The caller whom the agent talks with; both are in."""
        known = self.expected.get(self.talk.call) if self.talk else None
        return known if known is not None and self.together(known) else None

    def party_of(self, leg: str) -> Party | None:
        """Return whose leg it is that we have dialled."""
        return next((each for each in self.parties.values() if each.leg == leg), None)

    def left_ms(self, leg: str) -> int | None:
        """Return when *leg* went out, as far as that is known."""
        presence = self.legs.get(leg)
        if presence is None or not self._out(presence):
            return None
        return presence.left_ms if presence.left_ms >= presence.joined_ms else self.looked_ms

    def _out(self, presence: Presence) -> bool:
        return presence.joined_ms <= presence.left_ms or presence.joined_ms < self.looked_ms
