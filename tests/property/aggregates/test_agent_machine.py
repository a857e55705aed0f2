"""The agent against the rules of call distribution, whatever is asked, offered, lost, late or said twice."""

from __future__ import annotations

import itertools

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ingress.intents import model as i
from worker.aggregates.agent.state import RESTING, Agent, Duty
from worker.commands import command as c
from worker.decisions.decision import Accept, Refuse
from worker.events import notices as n
from worker.events.event import Body
from worker.events.intents import Enrol, Strike
from worker.events.outcomes import ConferenceSeen
from worker.testing.agents import AgentStage, agent_tenant
from worker.testing.stage import Sent

#: What may follow what, by any one event. Only a conversation leads to wrapping up, only a reservation to one.
FOLLOWS: dict[Duty, set[Duty]] = {
    "offline": {"available", "paused"},
    "available": {"offline", "paused", "reserved", "delayed"},
    "paused": {"offline", "available", "delayed"},
    "reserved": {"offline", "available", "paused", "busy", "delayed"},
    "busy": {"wrapping-up", "offline", "paused", "available", "delayed"},
    "wrapping-up": {"offline", "available", "paused", "delayed"},
    "delayed": {"offline", "available", "paused"},
}
CAUSES = ("call_rejected", "user_busy", "timeout", "not_found", "normal_clearing", "unspecified")
QUEUES = ("sales", "support")
CARE = (i.Hold("alice"), i.EndConversation("alice"), i.Transfer("alice", i.Target(queue="sales")))


class AgentMachine(RuleBasedStateMachine):
    """Plays queues, legs and conferences to one agent; keeps its own books of what he may and must do."""

    @initialize(
        reach=st.sampled_from(["nailed-up", "on-demand"]),
        log_in=st.booleans(),
        detect=st.booleans(),
        most=st.integers(0, 2),
        redial=st.sampled_from([0, 30]),
    )
    def begin(self, reach: str, log_in: bool, detect: bool, most: int, redial: int) -> None:
        """Enrol the agent."""
        policy = agent_tenant(
            reach=reach, detect_machine=detect, max_no_answer=most, redial_secs=redial, reject_delay_secs=0
        )
        self.alice = AgentStage(policy)
        self.redials = redial > 0
        self.offers = itertools.count(1)
        self.legs = itertools.count(1)
        self.rooms = itertools.count(1)
        #: Offers that the agent has been made and that have not ended, and whether he has accepted.
        self.open: dict[str, bool] = {}
        self.queue_of: dict[str, str] = {}
        #: What a colleague has asked and that has not ended, and whether he has been told which leg to put in.
        self.consults: dict[str, bool] = {}
        self.connected: set[str] = set()
        #: Offers that the agent has accepted and that are over.
        self.unknown: list[tuple[str, str]] = []
        #: What each queue last took in of him.
        self.turns: dict[str, int] = {}
        self.free: dict[str, bool] = {}
        self.dialled: list[tuple[str, str]] = []
        self.said: list[Body] = []
        self.heard = 0
        self.tell(Enrol("policy", log_in=log_in, reach=reach))  # type: ignore[arg-type]

    def tell(self, body: Body, *, before: Agent | None = None) -> None:
        """Give the agent an event and look at what it has led to."""
        known = before or self.alice.states.get(self.alice.alone)
        self.alice.tell_agent(body)
        if not isinstance(body, i.Asked):
            self.said.append(body)
        self.look(known if isinstance(known, Agent) else None, body)

    def look(self, before: Agent | None, body: Body | None = None) -> None:
        """Hold a step against the rules, and keep the books."""
        after = self.alice.agent()
        if before is not None and before.duty != after.duty and body is not None:
            assert after.duty in FOLLOWS[before.duty], (before.duty, after.duty)
            assert after.turn > before.turn or (before.duty, after.duty) == ("delayed", "paused")
        if before is not None and before.idle_since_ms and before.idle_since_ms != after.idle_since_ms:
            ended = before.duty == "wrapping-up" and after.duty != "wrapping-up"
            assert ended or before.standing == "offline" or after.idle_since_ms == 0
        new, self.heard = self.alice.heard[self.heard :], len(self.alice.heard)
        for to, notice in new:
            if isinstance(notice, n.AgentFree) and body is not None:
                assert after.duty == "available"
            self.note(to, notice)
        while self.unknown:
            offer, queue = self.unknown.pop()
            self.tell(n.Told(self.alice.address("queue", queue), n.OfferWithdrawn(offer, "unknown-offer")))
        assert sum(self.open.values()) + len(self.consults) <= 1, "two are promised the agent"

    def note(self, to: str, notice: n.AnyNotice) -> None:
        """Take in what the agent says, as a queue does."""
        match notice:
            case n.OfferAccepted(offer=offer):
                if offer in self.open:
                    self.open[offer] = True
                else:
                    self.unknown.append((offer, to))
            case n.OfferDeclined(offer=offer) | n.CallerLeft(offer=offer):
                self.end(offer)
            case n.ConsultDeclined(offer=offer):
                self.consults.pop(offer, None)
            case n.ConsultReady(offer=offer, call=leg):
                assert self.alice.agent().room in ("guest", "out"), "the leg is out of where it was"
                assert leg == self.alice.agent().leg
                if offer in self.consults:
                    self.consults[offer] = True
            case n.AgentGone(turn=turn, offer=offer):
                if offer is not None:
                    self.end(offer)
                self.take(to, turn, free=False)
            case n.AgentFree(turn=turn):
                self.take(to, turn, free=True)
            case _:
                pass

    def take(self, queue: str, turn: int, *, free: bool) -> None:
        """A queue takes in a turn that is not older than what it knows."""
        if turn > self.turns.get(queue, -1):
            self.turns[queue], self.free[queue] = turn, free

    def end(self, offer: str) -> None:
        """An offer has ended."""
        self.open.pop(offer, None)
        self.connected.discard(offer)

    @rule(
        what=st.sampled_from([
            Enrol("policy"), Enrol("policy", log_in=False), Enrol("policy", reach="on-demand"),
            Enrol("policy", log_in=False, reach="on-demand"), Strike("policy"),
        ])
    )  # fmt: skip
    def read_policy(self, what: Enrol | Strike) -> None:
        """The policy is read again; he may not be in it any more."""
        self.tell(what)

    @rule(steps=st.integers(1, 6))
    def go_on(self, steps: int) -> None:
        """What was begun takes its course: commands end well, phones are answered, callers come."""
        for _ in range(steps):
            self.take_its_course()

    def take_its_course(self) -> bool:
        """Let the next thing happen that should; return whether there was one."""
        agent = self.alice.agent()
        if self.alice.open():
            self.carry_out(self.alice.open()[0], "done")
        elif agent.line == "ringing" and agent.leg is not None:
            answered = n.LegAnswered(agent.leg, self.alice.now_ms, agent.purpose)
            self.tell(n.Told(self.alice.address("call", agent.leg), answered))
        elif agent.room == "screening" and agent.leg is not None:
            person = n.MachineDetected(agent.leg, agent.purpose, machine=False)
            self.tell(n.Told(self.alice.address("call", agent.leg), person))
        elif any(self.open.values()) and not self.connected:
            self.connect()
        else:
            return False
        return True

    @rule(state=st.sampled_from(["available", "available", "available", "paused", "offline"]))
    def ask_state(self, state: str) -> None:
        """Somebody asks for another state: it comes at once, or is pending."""
        before = self.alice.agent()
        self.tell(i.Asked(i.SetAgentState("alice", state), "test"))  # type: ignore[arg-type]
        after = self.alice.agent()
        if before.enrolled == "no":
            assert isinstance(self.alice.last_acts[0], Refuse)
            assert (after.standing, after.duty) == (before.standing, before.duty)
            return
        assert self.alice.last_acts[0] == Accept()
        if before.duty in ("reserved", "busy", "wrapping-up"):
            assert after.duty == before.duty
        assert state in (after.duty, after.pending, "available")

    @rule(intent=st.sampled_from([i.Decline("alice"), i.WrapUp("alice", 0), i.WrapUp("alice", 40), *CARE]))
    def ask(self, intent: i.AnyIntent) -> None:
        """Something is asked that only some states allow: elsewhere it is refused, and changes nothing."""
        before = self.alice.agent()
        self.tell(i.Asked(intent, "test"))
        refused = any(isinstance(act, Refuse) for act in self.alice.last_acts)
        match intent:
            case i.Decline():
                allowed = before.duty == "reserved" and before.offer is not None and before.offer.step == "made"
            case i.WrapUp():
                allowed = before.duty == "wrapping-up"
            case _:
                allowed = before.duty == "busy"
        assert refused is not (allowed and before.enrolled != "no")
        if refused:
            assert len(self.alice.last_acts) == 1
            assert self.alice.agent() == before

    @rule(queue=st.sampled_from(QUEUES))
    def offer(self, queue: str) -> None:
        """A queue offers a caller, whatever it knows of the agent."""
        offer = f"o{next(self.offers)}"
        before = self.alice.agent()
        self.open[offer], self.queue_of[offer] = False, queue
        self.tell(n.Told(self.alice.address("queue", queue), n.OfferMade(offer, offer, queue)))
        if before.duty != "available":
            assert offer not in self.open, "who is not free declines at once"

    @rule()
    def consult(self) -> None:
        """A colleague asks: he is reserved, or says what he is; never both, and never twice."""
        offer = f"room-x/colleague:{next(self.offers)}"
        before = self.alice.agent()
        self.consults[offer], self.queue_of[offer] = False, "sales"
        asked = n.ConsultAsked(offer, f"ask-{offer}", "room-x", "xavier", "caller", "sales")
        self.tell(n.Told(self.alice.address("conference", "room-x"), asked))
        answers = [act for act in self.alice.last_acts if isinstance(act, Accept | Refuse)]
        assert [(act.ask, isinstance(act, Accept)) for act in answers] == [(f"ask-{offer}", before.duty == "available")]
        assert (offer in self.consults) is (before.duty == "available")

    @precondition(lambda self: self.consults)
    @rule(data=st.data(), early=st.booleans())
    def call_off(self, data: st.DataObject, early: bool) -> None:
        """The colleague does not need him any more; he hears of it when he is out."""
        offer = data.draw(st.sampled_from(sorted(self.consults)))
        del self.consults[offer]
        room = self.alice.address("conference", "room-x")
        self.tell(n.Told(room, n.OfferWithdrawn(offer, "caller-gone") if early else n.ConsultOver(offer)))
        assert self.alice.agent().offer is None

    @precondition(lambda self: any(self.consults.values()))
    @rule()
    def hand(self) -> None:
        """The colleague gives him the caller: from then on it is as if a queue had sent him."""
        (offer,) = (offer for offer, ready in self.consults.items() if ready)
        del self.consults[offer]
        self.open[offer] = True
        self.connected.add(offer)
        handed = n.CallerHanded(offer, "caller", "sales", "room-x", self.alice.now_ms)
        self.tell(n.Told(self.alice.address("conference", "room-x"), handed))
        assert (self.alice.agent().duty, self.alice.agent().conference) == ("busy", "room-x")

    @precondition(lambda self: self.open)
    @rule(
        data=st.data(), reason=st.sampled_from(["caller-gone", "expired", "taken", "not-connected", "conference-gone"])
    )
    def withdraw(self, data: st.DataObject, reason: str) -> None:
        """A queue takes an offer back."""
        offer = data.draw(st.sampled_from(sorted(self.open)))
        self.end(offer)
        queue = self.alice.address("queue", self.queue_of[offer])
        self.tell(n.Told(queue, n.OfferWithdrawn(offer, reason)))  # type: ignore[arg-type]

    @precondition(lambda self: any(self.open.values()))
    @rule()
    def connect(self) -> None:
        """The accepted caller comes in."""
        (offer,) = (offer for offer, accepted in self.open.items() if accepted)
        self.connected.add(offer)
        queue = self.alice.address("queue", self.queue_of[offer])
        self.tell(n.Told(queue, n.OfferAssigned(offer, offer)))
        self.tell(n.Told(self.alice.address("conference", "room"), n.Connected(offer, offer, self.alice.now_ms)))
        assert self.alice.agent().duty == "busy"

    @precondition(lambda self: self.connected)
    @rule(data=st.data())
    def caller_leaves(self, data: st.DataObject) -> None:
        """The caller hangs up."""
        offer = data.draw(st.sampled_from(sorted(self.connected)))
        self.end(offer)
        left = n.CallerLeft(offer, offer, self.alice.now_ms)
        self.tell(n.Told(self.alice.address("conference", "room"), left))
        assert self.alice.agent().duty == "wrapping-up"

    @precondition(lambda self: self.alice.sent and self.alice.open())
    @rule(how=st.sampled_from(["done", "done", "done", "gone", "wait", "fatal", "lost"]))
    def end_command(self, how: str) -> None:
        """The oldest command ends."""
        self.carry_out(self.alice.open()[0], how)

    def carry_out(self, sent: Sent, how: str) -> None:
        """Say what became of a command."""
        before = self.alice.agent()
        match how, sent.command:
            case "lost", _:
                self.alice.lose(sent)
            case "gone" | "wait" | "fatal", _:
                self.alice.refuse(sent, "90018" if how == "gone" else "10015", how)
            case _, c.Dial(client_state=state):
                leg = f"leg{next(self.legs)}"
                self.dialled.append((leg, state.purpose or ""))
                self.alice.succeed(sent, call=leg)
            case _, c.CreateConference():
                self.alice.succeed(sent, conference=f"room{next(self.rooms)}")
            case _, c.FindConference():
                self.alice.see(sent, ConferenceSeen(None))
            case _:
                self.alice.succeed(sent)
        self.look(before)

    @precondition(lambda self: self.dialled)
    @rule(data=st.data())
    def leg_answered(self, data: st.DataObject) -> None:
        """A leg that was dialled at any time is answered, or said to be."""
        leg, purpose = data.draw(st.sampled_from(self.dialled[-3:]))
        self.tell(n.Told(self.alice.address("call", leg), n.LegAnswered(leg, self.alice.now_ms, purpose)))

    @precondition(lambda self: self.dialled)
    @rule(data=st.data(), cause=st.sampled_from(CAUSES), answered=st.booleans())
    def leg_ended(self, data: st.DataObject, cause: str, answered: bool) -> None:
        """A leg that was dialled at any time ends."""
        leg, purpose = data.draw(st.sampled_from(self.dialled[-3:]))
        ended = n.LegEnded(leg, self.alice.now_ms, cause, purpose, answered)
        self.tell(n.Told(self.alice.address("call", leg), ended))

    @precondition(lambda self: self.dialled)
    @rule(machine=st.booleans())
    def screened(self, machine: bool) -> None:
        """Telnyx says who has answered."""
        leg, purpose = self.dialled[-1]
        self.tell(n.Told(self.alice.address("call", leg), n.MachineDetected(leg, purpose, machine)))

    @precondition(lambda self: self.alice.agent().conference)
    @rule()
    def conference_over(self) -> None:
        """The conference ends."""
        room = self.alice.agent().conference or ""
        self.tell(n.Told(self.alice.address("conference", room), n.ConferenceOver(room)))

    @rule(secs=st.sampled_from([1, 10, 60, 600, 14400]))
    def wait(self, secs: int) -> None:
        """Time goes by; a command ends before a minute is over, one way or the other."""
        while secs > 0:
            while secs >= 60 and self.alice.open():
                self.carry_out(self.alice.open()[0], "lost")
            before = self.alice.agent()
            self.alice.advance(min(secs, 60))
            self.look(before)
            secs -= 60

    @rule(data=st.data())
    def say_again(self, data: st.DataObject) -> None:
        """Something is said twice, at any later time."""
        self.tell(data.draw(st.sampled_from(self.said[-12:])))

    @invariant()
    def holds_together(self) -> None:
        """What he does fits what he has."""
        agent = self.alice.agent()
        assert (agent.offer is not None) == (agent.duty in ("reserved", "busy"))
        assert not agent.strays
        assert not agent.replies
        assert agent.refusal is None
        if agent.duty in RESTING and agent.duty != "offline":
            assert agent.duty == agent.standing
            assert agent.ready
        if agent.duty == "available":
            assert all(self.free.get(queue) and self.turns[queue] == agent.turn for queue in QUEUES)
        if agent.duty in ("offline", "paused", "delayed"):
            assert not any(self.free.values())

    @invariant()
    def never_waits_for_nothing(self) -> None:
        """Every state but those that he has asked for has a deadline, or a command under way that has one."""
        agent = self.alice.agent()
        under_way = bool(self.alice.open())
        match agent.duty:
            case "reserved":
                assert "reserved" in agent.timers
            case "wrapping-up":
                assert "wrap-up" in agent.timers
            case "delayed" if agent.delay != "moving":
                assert "delay" in agent.timers
            case "delayed":
                assert under_way or {"ring", "room", "hang-up"} & set(agent.timers)
            case "offline" if agent.standing != "offline" and (self.redials or agent.line != "lost"):
                assert under_way or {"ring", "room", "redial", "hang-up"} & set(agent.timers)
            case _:
                pass

    def teardown(self) -> None:
        """With the world kind again, every agent comes to be what he asked for, and every offer ends."""
        if not hasattr(self, "alice"):
            return
        for offer in sorted(self.consults):
            self.tell(n.Told(self.alice.address("conference", "room-x"), n.ConsultOver(offer)))
        self.consults.clear()
        for offer in sorted(self.open):
            self.end(offer)
            queue = self.alice.address("queue", self.queue_of[offer])
            self.tell(n.Told(queue, n.OfferWithdrawn(offer, "caller-gone")))
        for _ in range(60):
            if not self.take_its_course():
                before = self.alice.agent()
                self.alice.advance(30)
                self.look(before)
        agent = self.alice.agent()
        assert agent.duty == agent.standing or (agent.line == "lost" and not self.redials), agent
        if agent.standing == "offline":
            assert (agent.line, agent.leg) == ("down", None)


AgentMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestAgent = AgentMachine.TestCase
