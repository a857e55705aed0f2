"""The people of a simulated contact centre: whom we dial, who asks for something, who presses keys and hangs up."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import assert_never

import anyio
import msgspec
from anyio.abc import TaskGroup
from msgspec.structs import replace

from ingress.envelope import DEFAULT_TENANT, LogEntry
from ingress.intents import model as i
from worker.policy.model import Tenant
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.settings import Phone
from worker.testing.emulator.telephony import Telephony
from worker.testing.simulation import history as h
from worker.testing.simulation.machines import Door

#: What a deed waits for is looked at so often, and so many times.
LOOKS_EACH_SECS = 0.25
LOOKS = 120
#: An intent that the ingress has not taken is asked again so often, a second apart: longer than any run lasts.
MOST_ASKS = 1000
#: Whoever is dialled and is no agent talks so long, at least and at most.
TALKS_SECS = (1.0, 10.0)
#: The share of supervisors and outsiders who do not hang up themselves.
PATIENT = 0.5

_encoder = msgspec.json.Encoder()


class People:
    """All people but those who ring by themselves."""

    def __init__(self, history: h.History, telephony: Telephony, door: Door, later: Later) -> None:
        self._history = history
        self._policy = history.policy
        self._telephony = telephony
        self._world = telephony.world
        self._door = door
        self._later = later
        self._chance = random.Random(f"{history.seed} people")
        self._moods = {address: list(moods) for address, moods in history.phones.items()}
        #: The legs that rang, in turn.
        self.callers: list[str] = []
        #: Who has hung up himself, for whatever reason.
        self.left: set[str] = set()
        #: As what supervisors were asked into conversations, by their address.
        self.roles: dict[str, set[i.Role]] = {}
        #: Who was to be consulted by whom: two agents' legs, by their addresses, that may be in one conference.
        self.consults: set[frozenset[str]] = set()
        self._asked_colleague: set[str] = set()
        #: What was asked and is in the log, by the event's id; and how much is on its way there.
        self.asked: dict[str, i.Asked] = {}
        self.asking = 0
        #: Those whom we have dialled, and who of them stays.
        self._known: set[str] = set()
        self._stays: set[str] = set()
        self._world.watchers.append(self._happened)

    def begin(self, tasks: TaskGroup) -> None:
        """Let all deeds happen when their time comes."""
        for number, deed in enumerate(self._history.deeds):
            self._later(deed.at_secs, lambda number=number, deed=deed: self._wait(tasks, number, deed, LOOKS))  # type: ignore[misc]

    def press(self, leg: Leg, digits: str) -> None:
        """Somebody presses keys, if he is still on the phone and heard."""
        if leg.alive and leg.answered_at is not None:
            self._telephony.gathers.press(leg, digits)

    def hang_up(self, leg: Leg) -> None:
        """Somebody hangs up."""
        if leg.alive:
            self.left.add(leg.id)
        early = "originator_cancel" if leg.incoming else "call_rejected"
        cause = early if leg.answered_at is None else "normal_clearing"
        self._world.hangup(leg, cause=cause, source="caller" if leg.incoming else "callee")

    def _wait(self, tasks: TaskGroup, number: int, deed: h.Deed, looks: int) -> None:
        """Do a deed if what it waits for is so; else look again in a moment, so often."""
        due = self._due(number, deed)
        if due is None:
            if looks > 0:
                at = asyncio.get_running_loop().time() + LOOKS_EACH_SECS
                self._later(at, lambda: self._wait(tasks, number, deed, looks - 1))
            return
        match due:
            case h.Ask(intent=intent):
                self.asking += 1
                named = self._named(intent)
                self._note(named)
                tasks.start_soon(self._ask, f"i:{number}", named)
            case h.HangUp(agent=agent):
                for leg in self.legs_of(agent):
                    self.hang_up(leg)
            case h.Key(agent=agent, digits=digits):
                for leg in self.legs_of(agent):
                    self.press(leg, digits)
            case _:
                assert_never(due)

    def _due(self, number: int, deed: h.Deed) -> h.Deed | None:
        """Return the deed if what it waits for is so, with the agent who is meant by `SOMEBODY`."""
        if deed.when == "":
            return deed
        if deed.when == "waits":
            queue = getattr(deed.intent, "queue", "") if isinstance(deed, h.Ask) else ""
            return deed if self._first_in(queue) is not None else None
        agent = getattr(deed.intent, "agent", "") if isinstance(deed, h.Ask) else deed.agent
        those = list(self._policy.agents if self._policy else ()) if agent == h.SOMEBODY else [agent]
        found = [each for each in those if self._is(each, deed.when)]
        if not found:
            return None
        chosen = found[number % len(found)]
        if isinstance(deed, h.Ask):
            return replace(deed, intent=replace(deed.intent, agent=chosen)) if agent == h.SOMEBODY else deed
        return replace(deed, agent=chosen)

    def _is(self, agent: str, when: h.When) -> bool:
        """Return whether an agent's phone rings, or he is in a conversation."""
        legs = self.legs_of(agent)
        if when == "rings":
            return any(leg.answered_at is None for leg in legs)
        if when == "consults":
            kinds = [kind_of(self._policy, each) for leg in legs for each in self._others(leg)] if self._policy else []
            return agent in self._asked_colleague and "agent" in kinds
        return any(self._others(leg) for leg in legs)

    def _note(self, intent: i.AnyIntent) -> None:
        if self._policy is None:
            return
        if isinstance(intent, i.Transfer) and intent.how == "warm":
            known = (self._policy.agents.get(name or "") for name in (intent.agent, intent.to.agent))
            self._asked_colleague.add(intent.agent)
            self.consults.add(frozenset(agent.address for agent in known if agent is not None))
        if not isinstance(intent, i.Supervise):
            return
        rules = self._policy.supervisors.get(intent.supervisor)
        if rules is not None:
            self.roles.setdefault(rules.address, set()).add(intent.role)

    def legs_of(self, agent: str) -> list[Leg]:
        """Return the legs on which an agent is."""
        rules = self._policy.agents.get(agent) if self._policy else None
        if rules is None:
            return []
        return [leg for leg in self._world.legs.values() if leg.alive and not leg.incoming and leg.to == rules.address]

    def _others(self, leg: Leg) -> list[Leg]:
        room = self._telephony.conferences.by_id.get(leg.conference or "")
        return [each for each in room.legs if each is not leg] if room is not None else []

    def _first_in(self, queue: str) -> str | None:
        found = self._telephony.queues.by_name.get(queue)
        return found.entries[0].leg.id if found is not None and found.entries else None

    def _named(self, intent: i.AnyIntent) -> i.AnyIntent:
        """Return the intent with the ids that its names stand for; who is not there stays a name."""
        match intent:
            case i.MoveCaller() | i.SetPriority() | i.KeepEntry() | i.RemoveEntry():
                return replace(intent, call=self._call(intent.call, intent.queue))
            case i.CancelCallback():
                return replace(intent, callback=self._call(intent.callback, intent.queue))
            case i.Transfer(agent=agent, to=i.Target(agent=h.SOMEBODY)):
                return replace(intent, to=i.Target(agent=self._idle(agent)))
            case i.EndCall():
                return replace(intent, call=self._call(intent.call))
            case i.UpdateParticipant():
                return replace(
                    intent, conference=self._room(intent.conference), participant=self._call(intent.participant)
                )
            case _:
                return intent

    def _idle(self, agent: str) -> str:
        """Return a colleague of an agent who is in no conversation, if there is one."""
        others = [name for name in (self._policy.agents if self._policy else ()) if name != agent]
        idle = [name for name in others if not any(self._others(leg) for leg in self.legs_of(name))]
        return self._chance.choice(idle or others or [agent])

    def _call(self, name: str, queue: str = "") -> str:
        if name == "waiting":
            return self._first_in(queue) or name
        kind, _, number = name.partition(":")
        if kind == "caller" and number.isdecimal() and int(number) < len(self.callers):
            return self.callers[int(number)]
        return name

    def _room(self, name: str) -> str:
        rooms = [leg.conference for leg in self.legs_of(name.removeprefix("room:")) if leg.conference is not None]
        return rooms[0] if rooms else name

    async def _ask(self, event_id: str, intent: i.AnyIntent) -> None:
        """Ask until it is in the log: the same under the same id, as with an Idempotency-Key."""
        body = i.Asked(intent, "the simulation")
        address = i.to_of(DEFAULT_TENANT, intent)
        entry = LogEntry(event_id, address, "intent", 0, _encoder.encode(body))
        for _ in range(MOST_ASKS):
            if await self._door.ask(entry, secs=2.0):
                break
            await anyio.sleep(1)
        self.asked[event_id] = body
        self.asking -= 1

    def _happened(self, leg: Leg, what: str) -> None:
        if leg.incoming:
            return
        if what == "ringing":
            moods = self._moods.get(leg.to)
            self._telephony.phones.at[leg.to] = moods.pop(0) if moods else Phone()
        elif self._policy is not None and what in ("answered", "together"):
            kind = kind_of(self._policy, leg)
            if kind == "agent" or (kind != "caller" and leg.id in self._patient(leg)):
                return
            secs = self._chance.uniform(*TALKS_SECS)
            if what == "together":
                self._world.later(secs, lambda: self.hang_up(leg))
            elif kind != "caller":
                self._world.later(secs * 2, lambda: self.hang_up(leg))

    def _patient(self, leg: Leg) -> set[str]:
        """Return who does not hang up before somebody else ends the call, *leg* being one of them or not."""
        if leg.id not in self._known:
            self._known.add(leg.id)
            if self._chance.random() < PATIENT:
                self._stays.add(leg.id)
        return self._stays


#: Does something at a time of the run.
Later = Callable[[float, Callable[[], None]], None]


def kind_of(policy: Tenant, leg: Leg) -> str:
    """Return who is on a leg: `caller` (also one who is called back), `agent`, `supervisor` or `outsider`."""
    if leg.incoming:
        return "caller"
    if any(leg.to == each.address for each in policy.agents.values()):
        return "agent"
    if any(leg.to == each.address for each in policy.supervisors.values()):
        return "supervisor"
    return "caller" if leg.to.startswith("+1555") else "outsider"
