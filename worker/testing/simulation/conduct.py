"""What must be so in a simulated contact centre: who hears whom, who is free, how each caller and each wish ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from worker.aggregates.agent.state import RESTING, Agent, Duty
from worker.aggregates.call.state import Call
from worker.aggregates.conference.state import Conference
from worker.aggregates.machine import AggregateState
from worker.aggregates.queue.state import Queue
from worker.decisions.decision import Accept, Decision, Refuse
from worker.events.event import Event
from worker.ledger.ledger import Ledger
from worker.testing.emulator.legs import Leg
from worker.testing.simulation.world import Simulation

#: What an agent can become from what he does; nothing else. An offer is taken by one who is available alone, and
#: a conversation begins with an offer.
BECOMES: Mapping[Duty, frozenset[Duty]] = {
    "offline": frozenset({"available", "paused", "delayed"}),
    "available": frozenset({"paused", "offline", "reserved", "delayed"}),
    "paused": frozenset({"available", "offline", "delayed"}),
    "reserved": frozenset({"busy", "available", "paused", "offline", "delayed"}),
    "busy": frozenset({"wrapping-up", "offline", "delayed"}),
    "wrapping-up": frozenset({"available", "paused", "offline", "delayed"}),
    "delayed": frozenset({"available", "paused", "offline"}),
}


class Conduct:
    """Looks at the people of one world."""

    def __init__(self, world: Simulation) -> None:
        self._world = world
        self._duties: dict[str, Duty] = {}

    def look(self) -> None:
        """Look at what must be so at any time."""
        for room in self._world.telephony.conferences.by_id.values():
            for participant in room.participants:
                if self._world.kind_of(participant.leg) == "supervisor":
                    asked = self._world.people.roles.get(participant.leg.to, set())
                    if participant.manner.role not in asked:
                        self._world.complain(f"a supervisor is in a conference as {participant.manner.role}, unasked")

    def busy_with(self) -> str | None:
        """Return what of the contact centre is not at rest yet, or None."""
        world = self._world
        if world.people.asking:
            return "an intent is on its way"
        for leg in world.phones.legs.values():
            if leg.alive and not leg.incoming and world.kind_of(leg) != "agent":
                return f"a {world.kind_of(leg)} is on the phone"
        for state in self.states():
            match state:
                case Agent() if state.duty not in RESTING:
                    return f"{state.name} is {state.duty}"
                case Agent() if state.reach == "on-demand" and state.leg is not None:
                    return f"{state.name} has a leg and no caller"
                case Queue() if len(state.callers) > 0:
                    return f"{state.name} has callers"
                case Conference() if state.ended_ms is None and (state.talk or state.parties or state.partings):
                    return "a conference has a conversation"
                case _:
                    continue
        return None

    def states(self) -> Iterator[AggregateState]:
        """Yield the aggregates as their owners have them."""
        for machine in self._world.workers:
            for ledger in machine.worker.ledgers().values() if machine.worker is not None else ():
                yield from ledger.aggregates.values()

    def agents_at_rest(self) -> set[str]:
        """Return who waits for callers, as his own aggregate has it."""
        return {state.name for state in self.states() if isinstance(state, Agent) and state.duty == "available"}

    def followed(self, event: Event, ledger: Ledger) -> None:
        """See what an event of the replayed log has made of an agent."""
        state = ledger.aggregates.get(event.address)
        if not isinstance(state, Agent):
            return
        before = self._duties.get(state.name, "offline")
        self._duties[state.name] = state.duty
        if state.duty != before and state.duty not in BECOMES[before]:
            self._world.complain(f"an agent who was {before} became {state.duty}")

    def look_when_quiet(self, events: Iterable[Event], decisions: Iterable[tuple[str, Decision]]) -> None:
        """Look at what must be so in the end; *events* and *decisions* (with their causes) are those of all logs."""
        self._answers(events, decisions)
        self._overheard()
        for state in self.states():
            match state:
                case Queue():
                    self._tally(state)
                case Agent(duty="available", reach="nailed-up"):
                    self._by_himself(state)
                case _:
                    pass

    def _answers(self, events: Iterable[Event], decisions: Iterable[tuple[str, Decision]]) -> None:
        """Each intent is answered once, by whom it was for or to whom he passed it on."""
        names = {f"{event.address}|{event.id}": event.event_id for event in events}
        answers: Counter[str] = Counter()
        for cause, decision in decisions:
            for act in decision.acts:
                if isinstance(act, Accept | Refuse):
                    answers[act.ask or names.get(f"{decision.address}|{cause}", "")] += 1
        for name, asked in self._world.people.asked.items():
            if answers[name] != 1:
                kind = type(asked.intent).__name__
                self._world.complain(f"the intent {kind} was answered {answers[name]} times ({name})")

    def _overheard(self) -> None:
        """Whoever is dialled into a conversation hears one caller."""
        legs = list(self._world.phones.legs.values())
        callers = [leg for leg in legs if self._world.kind_of(leg) == "caller"]
        for leg in legs:
            if self._world.kind_of(leg) not in ("outsider", "supervisor"):
                continue
            heard = [caller for caller in callers if _together(leg, caller)]
            if len(heard) > 1:
                self._world.complain(f"a {self._world.kind_of(leg)} has heard {len(heard)} callers")

    def _by_himself(self, agent: Agent) -> None:
        """Who waits for callers waits in his own conference, and nobody else is in it."""
        leg = self._world.phones.legs.get(agent.leg or "")
        room = self._world.telephony.conferences.by_id.get(agent.conference or "")
        if leg is None or not leg.alive or room is None or room.legs != [leg]:
            self._world.complain("an agent who is available does not wait in a conference of his own, alone")

    def _tally(self, queue: Queue) -> None:
        tally = queue.tally
        if tally.offered != tally.ended + len(queue.callers):
            self._world.complain(f"the tally of a queue does not add up: {tally}")

    def ended_well(self, leg: Leg, *, talked: bool) -> bool:
        """Return whether a caller's end was his own, or what was asked, or what the policy says."""
        state = next((each for each in self.states() if isinstance(each, Call) and each.id == leg.id), None)
        if state is None:
            return talked
        if any(isinstance(room, Conference) and room.handed and room.handed.call == leg.id for room in self.states()):
            # Left with a third party, with whom the call ends.
            return True
        ours = state.ended is not None and state.ended.source != "caller"
        if (talked and not ours) or state.dismissed is not None or state.end_asked or "reject" in state.done:
            return True
        goal = state.course.goal if state.course is not None else None
        return goal is not None and goal.queue is None and goal.menu is None


def _together(leg: Leg, other: Leg) -> bool:
    return any(
        mine.conference == theirs.conference
        and (mine.left_at is None or theirs.at < mine.left_at)
        and (theirs.left_at is None or mine.at < theirs.left_at)
        for mine in leg.stays
        for theirs in other.stays
    )


def may_take(world: Simulation, agent: str, queue: str) -> bool:
    """Return whether an agent takes any caller of a queue who has waited for long."""
    tenant = world.tenant()
    rules, wanted = tenant.agents[agent], tenant.queues[queue].skills
    return queue in rules.serves and all(
        rules.skills.get(skill, 0) >= min([need.level, *(step.level for step in need.relax)])
        for skill, need in wanted.items()
    )
