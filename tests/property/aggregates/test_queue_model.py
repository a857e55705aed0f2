"""A queue against a naive model: whatever is told and asked in whatever order, its promises hold after each event.

The model scans everything, where the queue keeps orders; it knows the agents only by what they have said.
"""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ingress.intents.model import CancelCallback, CloseQueue, MoveCaller, OpenQueue, SetPriority, Target
from worker.aggregates.queue.adopt import adopt, cleared
from worker.aggregates.queue.fold import fold
from worker.aggregates.queue.places import rank_of
from worker.aggregates.queue.state import COMMITTED, Caller, Offer, Queue
from worker.commands import command as c
from worker.decisions.decision import Act, Tell
from worker.events import notices as n
from worker.events.event import Body
from worker.events.outcomes import Observed, ParticipantsSeen, Refused, Succeeded, Unknown
from worker.events.timers import TimerFired
from worker.policy.model import Callback, Goal, Key, Relaxed, Requirement
from worker.policy.model import Queue as QueuePolicy
from worker.policy.model.queues import Strategy
from worker.testing.line import OneQueue

AGENTS = ("ann", "ben", "cat", "dan")
CALLS = ("c1", "c2", "c3", "c4", "c5", "c6")
STRATEGIES: tuple[Strategy, ...] = (
    "longest-idle", "round-robin", "top-down", "fewest-calls", "least-talk-time", "random", "ring-all", "skills",
)  # fmt: skip
RANKED = {
    "longest-idle": lambda free: (free.idle_since_ms, free.position, free.agent),
    "ring-all": lambda free: (free.idle_since_ms, free.position, free.agent),
    "top-down": lambda free: (free.position, free.agent),
    "fewest-calls": lambda free: (free.answered, free.idle_since_ms, free.agent),
    "least-talk-time": lambda free: (free.talk_ms, free.idle_since_ms, free.agent),
}


class Watched(OneQueue):
    """A queue of which every offer is checked against all callers and all agents, one by one."""

    def __init__(self, rules: QueuePolicy) -> None:
        super().__init__(rules)
        self.rules = rules
        self.free_agents: dict[str, n.AgentFree] = {}
        self.logged_in: dict[str, int] = {}
        self.heard_turns: dict[str, int] = {}
        self.ends: dict[tuple[str, int], str] = {}

    def tell(self, body: Body) -> tuple[Act, ...]:
        """Fire what is due, give the queue the event, and look at what it decides."""
        if not isinstance(body, TimerFired):
            self.advance(0)
        self._note(body)
        folded = fold(self.state, self.event(body))
        before = set(self.state.offered)
        acts = super().tell(body)
        self._check(folded, acts)
        self._let_go(before - set(self.state.offered), body, acts)
        return acts

    def may_take(self, caller: Caller, agent: n.AgentFree, waited_ms: int) -> bool:
        """Whether *agent* may be offered *caller* after such a wait."""
        if caller.agent is not None:
            return caller.agent == agent.agent and not caller.offers
        tiers = {tier for tier in self.logged_in.values() if tier < agent.tier}
        below = len(tiers) if self.rules.skip_empty_tiers else agent.tier - 1
        if waited_ms < below * self.rules.tier_secs * 1000:
            return False
        for skill, requirement in self.rules.skills.items():
            passed = [each.level for each in requirement.relax if each.after_secs * 1000 <= waited_ms]
            if agent.skills.get(skill, 0) < (passed[-1] if passed else requirement.level):
                return False
        return True

    def can_be_offered(self, caller: Caller) -> bool:
        """Whether *caller* is to be offered to somebody (else)."""
        most = self.rules.ring_at_once if self.rules.strategy == "ring-all" else 1
        return (
            caller.admitted
            and caller.gone is None
            and caller.ending is None
            and not caller.overdue
            and all(offer.step == "offered" for offer in caller.offers)
            and len(caller.offers) < most
            and (caller.callback is None or caller.callback.step in ("kept", "up"))
        )

    def _note(self, body: Body) -> None:
        match body:
            case n.Told(notice=n.AgentFree() as told) if told.turn > self.heard_turns.get(told.agent, 0):
                self.free_agents[told.agent], self.logged_in[told.agent] = told, told.tier
                self.heard_turns[told.agent] = told.turn
            case n.Told(notice=n.AgentGone() as told) if told.turn > self.heard_turns.get(told.agent, 0):
                self.free_agents.pop(told.agent, None)
                self.logged_in.pop(told.agent, None)
                if told.state != "offline":
                    self.logged_in[told.agent] = told.tier
                self.heard_turns[told.agent] = told.turn
            case _:
                pass

    def _check(self, folded: Queue, acts: tuple[Act, ...]) -> None:
        """Follow the decision act by act: each offer is for the first in turn, to the one whom the strategy wants."""
        state, turns = folded, dict(folded.turns)
        for index, act in enumerate(acts):
            if isinstance(act, Tell) and isinstance(act.notice, n.OfferMade):
                before = adopt(state, acts[:index])
                agent = self.free_agents.pop(act.to.id)
                everybody = {**self.free_agents, agent.agent: agent}
                self._in_turn(before, before.callers[act.notice.call], list(everybody.values()))
                self._as_wanted(before.callers[act.notice.call], agent, list(everybody.values()), turns)
                turns[str(agent.tier)] = (agent.position, agent.agent)

    def _let_go(self, ended: set[str], body: Body, acts: tuple[Act, ...]) -> None:
        """No agent is left reserved: of each offer that ends he is told, unless it was he who ended it."""
        told = {act.notice.offer for act in acts if isinstance(act, Tell) and isinstance(act.notice, n.OfferWithdrawn)}
        notice = body.notice if isinstance(body, n.Told) else None
        own = {notice.offer} if isinstance(notice, n.OfferDeclined | n.AgentGone | n.CallerLeft) else set()
        assert ended - own <= told

    def _in_turn(self, state: Queue, caller: Caller, free: list[n.AgentFree]) -> None:
        assert self.can_be_offered(caller)
        for other in state.callers.values():
            if self.can_be_offered(other) and any(self.may_take(other, agent, other.stage_ms) for agent in free):
                assert rank_of(caller) <= rank_of(other), f"{other.call} was to be offered before {caller.call}"

    def _as_wanted(
        self, caller: Caller, agent: n.AgentFree, free: list[n.AgentFree], turns: dict[str, tuple[int, str]]
    ) -> None:
        able = [each for each in free if self.may_take(caller, each, caller.stage_ms)]
        assert agent in able
        if caller.agent is not None:
            return
        same = [each for each in able if each.tier == min(other.tier for other in able)]
        assert agent in same
        match self.rules.strategy:
            case "round-robin":
                last = turns.get(str(agent.tier), (0, ""))
                order = sorted(same, key=lambda each: ((each.position, each.agent) <= last, each.position, each.agent))
                assert agent == order[0]
            case "skills":
                wanted = self.rules.skills["french"].level
                fits = {each.agent: each.skills.get("french", 0) - wanted for each in same}
                best = min((by < 0, abs(by)) for by in fits.values())
                by = fits[agent.agent]
                assert (by < 0, abs(by)) == best
            case "random":
                pass
            case wanted:
                assert agent == min(same, key=RANKED[wanted])


class QueueMachine(RuleBasedStateMachine):
    """Callers, agents and people do to a queue whatever they like."""

    @initialize(
        strategy=st.sampled_from(STRATEGIES),
        skip=st.booleans(),
        first=st.sampled_from(["agent", "caller"]),
        resume=st.sampled_from([0, 60]),
        leave=st.booleans(),
    )
    def open_queue(self, strategy: Strategy, skip: bool, first: str, resume: int, leave: bool) -> None:
        relaxed = (Relaxed(20, 2), Relaxed(50, 0))
        self.line = Watched(
            QueuePolicy(
                strategy=strategy,
                ring_at_once=2,
                tier_secs=30,
                skip_empty_tiers=skip,
                skills={"french": Requirement(4, relaxed)} if strategy == "skills" else {},
                max_wait_secs=150,
                max_wait_unstaffed_secs=90,
                max_size=5,
                leave_when_unstaffed=leave,
                waited=Goal(queue="overflow"),
                keys={"5": Key(callback=True), "9": Key(voicemail="box")},
                callback=Callback(
                    first="agent" if first == "agent" else "caller", attempts=2, retry_secs=20, ring_secs=10
                ),
                personal_secs=40,
                resume_secs=resume,
            )
        )

    @rule(
        call=st.sampled_from(CALLS),
        since=st.sampled_from([0, 0, 100]),
        priority=st.sampled_from([0, 0, 3]),
        agent=st.sampled_from([None, None, *AGENTS]),
        number=st.sampled_from(["", "+4311"]),
    )
    def a_caller_comes(self, call: str, since: int, priority: int, agent: str | None, number: str) -> None:
        self.line.come(call, since=since, priority=priority, agent=agent, number=number)

    @rule(call=st.sampled_from(CALLS), moved=st.booleans())
    def a_caller_goes(self, call: str, moved: bool) -> None:
        self.line.go(call, moved=moved)

    @rule(
        agent=st.sampled_from(AGENTS),
        idle=st.integers(0, 50),
        tier=st.integers(1, 3),
        level=st.integers(0, 6),
        answered=st.integers(0, 3),
    )
    def an_agent_is_free(self, agent: str, idle: int, tier: int, level: int, answered: int) -> None:
        if any(agent == offer.agent for offer in self.offers()):
            return
        skills = {"french": level} if level and self.line.rules.strategy == "skills" else {}
        self.line.free(
            agent, idle=idle, tier=tier, position=AGENTS.index(agent) // 2 + 1, skills=skills, answered=answered,
            talk_ms=answered * 7,
        )  # fmt: skip

    @rule(
        agent=st.sampled_from(AGENTS),
        state=st.sampled_from(["offline", "unreached", "paused", "busy"]),
        tier=st.integers(1, 3),
    )
    def an_agent_is_gone(self, agent: str, state: n.NotFree, tier: int) -> None:
        mine = next((offer.id for offer in self.offers() if offer.agent == agent), None)
        self.line.gone(agent, "offline" if mine else state, offer=mine, tier=tier)

    @precondition(lambda self: self.offers())
    @rule(data=st.data(), yes=st.integers(0, 3))
    def an_agent_answers(self, data: st.DataObject, yes: int) -> None:
        offer = data.draw(st.sampled_from(self.offers()))
        if yes:
            self.line.hear(n.OfferAccepted(offer.id, offer.agent, f"room-{offer.agent}"))
        else:
            self.line.hear(n.OfferDeclined(offer.id, offer.agent, "rejected"))

    @precondition(lambda self: any(offer.step in COMMITTED for offer in self.offers()))
    @rule(data=st.data(), what=st.sampled_from(["connected", "connected", "failed", "disconnected", "left"]))
    def a_join_ends(self, data: st.DataObject, what: str) -> None:
        offer = data.draw(st.sampled_from([offer for offer in self.offers() if offer.step in COMMITTED]))
        caller = self.line.state.caller_of(offer.id)
        assert caller is not None
        match what:
            case "connected":
                self.line.hear(n.Connected(offer.id, caller.leg, self.line.now_ms))
            case "failed" if offer.step != "connected":
                self.line.hear(n.JoinFailed(offer.id, caller.leg, "refused"))
            case "disconnected" if offer.step == "undoing":
                self.line.hear(n.Disconnected(offer.id, caller.leg))
            case "left":
                self.line.hear(n.CallerLeft(offer.id, caller.leg, self.line.now_ms))
            case _:
                pass

    @precondition(lambda self: any(offer.step == "checking" for offer in self.offers()))
    @rule(data=st.data(), inside=st.booleans())
    def a_read_is_answered(self, data: st.DataObject, inside: bool) -> None:
        offer = data.draw(st.sampled_from([offer for offer in self.offers() if offer.step == "checking"]))
        caller = self.line.state.caller_of(offer.id)
        assert caller is not None
        seen = ParticipantsSeen((caller.leg,) if inside else ())
        self.line.tell(Observed("read", c.ReadParticipants(offer.conference), seen))

    @rule(call=st.sampled_from(CALLS), digit=st.sampled_from(["5", "9", "1"]))
    def a_key_is_pressed(self, call: str, digit: str) -> None:
        self.line.press(call, "5" if digit == "5" else "9" if digit == "9" else "1")

    @precondition(lambda self: self.line.sent and isinstance(self.line.sent[-1], c.Dial))
    @rule(what=st.sampled_from(["answers", "answers", "ends", "refused", "unknown"]), leg=st.integers(1, 9))
    def a_dialled_leg_tells(self, what: str, leg: int) -> None:
        dial = self.line.sent[-1]
        assert isinstance(dial, c.Dial)
        purpose, name = dial.client_state.purpose or "", f"leg{leg}"
        match what:
            case "answers":
                self.line.answer(dial, Succeeded(call=name))
                self.line.hear(n.LegAnswered(name, self.line.now_ms, purpose))
            case "ends":
                self.line.hear(n.LegEnded(name, self.line.now_ms, "timeout", purpose))
            case "refused":
                self.line.answer(dial, Refused(422, "1", "no", "fatal"))
            case _:
                self.line.answer(dial, Unknown("lost"))

    @rule(secs=st.sampled_from([0.001, 1, 5, 12, 31, 60]))
    def time_passes(self, secs: float) -> None:
        self.line.advance(secs)

    @precondition(lambda self: self.line.history)
    @rule(data=st.data())
    def something_is_told_again(self, data: st.DataObject) -> None:
        event, _ = data.draw(st.sampled_from(self.line.history))
        if isinstance(event.body, n.Told) and not isinstance(event.body.notice, n.KeyPressed):
            self.line.advance(0)
            before = self.line.state
            self.line.tell(event.body)
            assert cleared(self.line.state) == cleared(before)

    @rule(call=st.sampled_from(CALLS), what=st.integers(0, 5))
    def something_is_asked(self, call: str, what: int) -> None:
        intent = (
            MoveCaller("support", call, Target(number="+15550100")),
            MoveCaller("support", call, Target(agent="alice")),
            SetPriority("support", call, 7),
            CancelCallback("support", call),
            CloseQueue("support", send_away=call == "c1"),
            OpenQueue("support"),
        )[what]
        self.line.advance(0)
        before = self.line.state
        if self.line.ask(intent) is not None:
            assert cleared(self.line.state) == cleared(before)

    @invariant()
    def no_agent_has_two_callers_and_no_caller_two_agents(self) -> None:
        assert max(Counter(offer.agent for offer in self.offers()).values(), default=0) <= 1
        for caller in self.line.state.callers.values():
            assert sum(offer.step != "offered" for offer in caller.offers) <= 1
            if any(offer.step != "offered" for offer in caller.offers):
                assert len(caller.offers) == 1

    @invariant()
    def nobody_waits_for_whom_an_agent_is_free(self) -> None:
        line = self.line
        line.advance(0)
        if line.rules.callback.first == "caller" and any(x.callback for x in line.state.callers.values()):
            return
        for caller in line.state.callers.values():
            for agent in line.free_agents.values():
                waited_ms = line.now_ms - caller.arrived_ms
                assert not (line.can_be_offered(caller) and line.may_take(caller, agent, waited_ms))

    @invariant()
    def whoever_waits_has_a_deadline(self) -> None:
        for caller in self.line.state.callers.values():
            if caller.waits:
                assert caller.overdue or f"max-wait:{caller.call}" in self.line.timers

    @invariant()
    def each_stay_ends_once_and_is_counted(self) -> None:
        state = self.line.state
        for caller in state.callers.values():
            if caller.end is not None:
                known = self.line.ends.setdefault((caller.call, caller.arrived_ms), caller.end)
                assert known == caller.end
        waiting = sum(caller.end is None for caller in state.callers.values())
        assert state.tally.offered == state.tally.ended + waiting

    @invariant()
    def the_orders_are_those_of_a_state_that_is_sorted_anew(self) -> None:
        state = self.line.state
        callers = list(state.callers.values())
        talks = {x.call for x in callers for offer in x.offers if offer.step == "connected"}
        here = [x for x in callers if x.admitted and not x.gone and not x.ending and x.call not in talks]
        assert list(state.present) == sorted(map(rank_of, here))
        offers = {offer.id: x.call for x in callers for offer in x.offers}
        assert dict(state.offered.items()) == offers
        free = {known.free.agent: known.free for known in map(state.agents.get, state.agents) if known and known.free}
        assert set(free) == set(self.line.free_agents)
        for group in state.groups.values():
            assert group.idle
            assert {agent for _, _, agent in group.idle} == {agent for _, _, agent in group.place}
            for ranks in (group.idle, group.calls, group.talk, group.place):
                assert list(ranks) == sorted(ranks)
        assert sorted(agent for group in state.groups.values() for _, _, agent in group.idle) == sorted(free)
        assert dict(state.staff) == Counter(self.line.logged_in.values())

    @invariant()
    def what_is_replayed_or_read_from_a_snapshot_is_the_same(self) -> None:
        state = self.line.state
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=Queue) == state

    def teardown(self) -> None:
        """The log and the journal lead to the state that the queue has."""
        state = Queue(self.line.address)
        for event, acts in self.line.history:
            state = fold(state, event)
            state = adopt(state, acts) if acts else state
        assert state == self.line.state
        # Whoever is still on the phone hangs up, all agents log out, and what is due comes due: then nobody is left.
        line = self.line
        for agent in AGENTS:
            mine = next((offer.id for offer in self.offers() if offer.agent == agent), None)
            line.gone(agent, offer=mine)
        for caller in list(line.state.callers.values()):
            line.go(caller.leg)
            if caller.callback is not None:
                line.go(caller.call)
        line.advance(20_000)
        for caller in list(line.state.callers.values()):
            line.go(caller.leg)
        assert not line.state.callers
        assert line.state.tally.offered == line.state.tally.ended
        assert not line.state.present
        assert not line.state.lines
        assert not line.timers

    def offers(self) -> list[Offer]:
        """Return the open offers."""
        found = [offer for caller in self.line.state.callers.values() for offer in caller.offers]
        return sorted(found, key=lambda offer: offer.id)


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
