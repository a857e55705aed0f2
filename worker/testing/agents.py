"""One agent on a stage, whose queues, conference and leg are the test."""

from __future__ import annotations

from typing import TypeVar

from ingress.envelope import Address, AggregateKind
from ingress.intents.model import AnyIntent, Asked
from worker.aggregates.agent.state import Agent
from worker.commands import command as c
from worker.decisions.decision import Accept, Act, Refuse
from worker.events import notices as n
from worker.events.event import Body
from worker.events.outcomes import Outcome, Succeeded
from worker.events.timers import TimerFired
from worker.policy.model import Agent as AgentPolicy
from worker.policy.model import Queue, Requirement, Secret, Serves, Tenant
from worker.testing.stage import Sent, Stage

NAME = "alice"
N = TypeVar("N", bound=n.AnyNotice)


def agent_tenant(**rules: object) -> Tenant:
    """Return a policy of one agent with these *rules*, and two queues; `sales` has a wrap-up of its own."""
    queues = ("sales", Serves("support", tier=2, position=7))
    agent = AgentPolicy("sip:a@sip.telnyx.com", queues, skills={"french": 80, "chess": 1}, **rules)  # type: ignore[arg-type]
    return Tenant(
        connection_id="1",
        caller_id="+13125550100",
        api_key=Secret(env="K"),
        public_keys=(Secret(env="P"),),
        queues={"sales": Queue(wrap_up_secs=3), "support": Queue(skills={"french": Requirement()}), "billing": Queue()},
        agents={NAME: agent},
    )


class AgentStage(Stage):
    """A stage with one agent; what he tells others is collected, and delivered to nobody."""

    def __init__(self, policy: Tenant) -> None:
        super().__init__(policy)
        self.heard: list[tuple[str, n.AnyNotice]] = []
        self.alone = self.address("agent", NAME)

    def agent(self) -> Agent:
        """Return the agent's state."""
        state = self.states[self.alone]
        assert isinstance(state, Agent)
        return state

    def deliver(self, to: Address, told: n.Told) -> None:
        """Collect what the agent tells."""
        self.heard.append((to.id, told.notice))

    def tell_agent(self, body: Body) -> None:
        """Give the agent an event."""
        self.tell("agent", NAME, body)

    def tell_agent_of(self, kind: AggregateKind, ident: str, notice: n.AnyNotice) -> None:
        """Give the agent a notice of another aggregate."""
        self.tell_agent(n.Told(self.address(kind, ident), notice))

    def ask(self, intent: AnyIntent) -> Act | None:
        """Ask something of the agent; return yes or no, or None where another one says it."""
        self.tell_agent(Asked(intent, "test"))
        return next((act for act in self.last_acts if isinstance(act, Accept | Refuse)), None)

    def reach(self, leg: str = "leg-1", room: str = "room-1") -> None:
        """The agent's phone is answered, and the leg put into a conference."""
        dial = self.last(c.Dial)
        self.succeed(dial, call=leg)
        self.answer(leg, dial)
        self.succeed(self.last(c.CreateConference), conference=room)

    def dialled(self) -> Sent:
        """Return the newest command to dial."""
        return [sent for sent in self.sent if isinstance(sent.command, c.Dial)][-1]

    def answer(self, leg: str, dial: Sent) -> None:
        """The phone that was dialled is answered."""
        assert isinstance(dial.command, c.Dial)
        purpose = dial.command.client_state.purpose or ""
        self.tell_agent_of("call", leg, n.LegAnswered(leg, self.now_ms, purpose))

    def leg_ends(self, leg: str, *, cause: str = "normal_clearing", answered: bool = True) -> None:
        """A leg ends."""
        self.tell_agent_of("call", leg, n.LegEnded(leg, self.now_ms, cause, self.agent().purpose, answered))

    def offer(self, offer: str, *, queue: str = "support", within_ms: int = 10_000) -> None:
        """A queue offers a caller."""
        made = n.OfferMade(offer, f"caller-{offer}", queue, "+15550100", within_ms)
        self.tell_agent_of("queue", queue, made)

    def connect(self, offer: str) -> None:
        """The caller of an accepted offer is assigned, and comes in."""
        self.tell_agent_of("queue", "support", n.OfferAssigned(offer, f"caller-{offer}"))
        self.tell_agent_of("conference", "room", n.Connected(offer, f"caller-{offer}", self.now_ms))

    def caller_leaves(self, offer: str) -> None:
        """The caller leaves."""
        self.tell_agent_of("conference", "room", n.CallerLeft(offer, f"caller-{offer}", self.now_ms))

    def withdraw(self, offer: str, reason: str) -> None:
        """The queue takes an offer back."""
        self.tell_agent_of("queue", "support", n.OfferWithdrawn(offer, reason))  # type: ignore[arg-type]

    def fire(self, key: str, due_ms: int) -> None:
        """A timer that had been set comes due."""
        self.tell_agent(TimerFired(key, due_ms))

    def outcome(self, sent: Sent, result: Succeeded) -> None:
        """Say again what became of a command."""
        self.tell_agent(Outcome(sent.id, sent.command, result))

    def told(self, kind: type[N]) -> list[tuple[str, N]]:
        """Return what the agent has told of this kind, and whom."""
        return [(to, notice) for to, notice in self.heard if isinstance(notice, kind)]

    def forget(self) -> None:
        """Forget what the agent has told so far."""
        self.heard.clear()
