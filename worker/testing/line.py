"""One queue on a stage of its own: tell it facts, read whom it tells what, and what it commands."""

from __future__ import annotations

from msgspec.structs import replace

from ingress.envelope import Address
from ingress.intents.model import Asked, QueueIntent
from worker.aggregates.queue.adopt import adopt
from worker.aggregates.queue.decide import decide
from worker.aggregates.queue.fold import fold
from worker.aggregates.queue.state import Caller, Queue
from worker.commands import command as c
from worker.decisions.decision import (
    Accept,
    Act,
    CancelTimer,
    Decision,
    Refuse,
    Send,
    SetTimer,
    Tell,
    decode_decision,
    encode_decision,
)
from worker.events import notices as n
from worker.events.event import Body, Event
from worker.events.notices import NotFree
from worker.events.outcomes import Outcome, Refused, Succeeded, Unknown
from worker.events.timers import TimerFired
from worker.policy.model import Digit, Tenant
from worker.policy.model import Queue as QueuePolicy
from worker.testing.centre import small_tenant
from worker.testing.stage import START_MS


class OneQueue:
    """The queue `support`, and whoever tells it something.

    Each decision goes through the journal's form, and what is adopted must be what the decision itself had come to.
    """

    def __init__(self, rules: QueuePolicy | None = None, policy: Tenant | None = None) -> None:
        tenant = policy or small_tenant()
        self.policy = tenant if rules is None else replace_rules(tenant, rules)
        self.address = Address("default", "queue", "support")
        self.state = Queue(self.address)
        self.now_ms = START_MS
        self.told: list[tuple[Address, n.AnyNotice]] = []
        self.sent: list[c.AnyCommand] = []
        self.acts: tuple[Act, ...] = ()
        self.timers: dict[str, int] = {}
        self.history: list[tuple[Event, tuple[Act, ...]]] = []
        self._turns: dict[str, int] = {}
        self._count = 0

    def tell(self, body: Body) -> tuple[Act, ...]:
        """Give the queue an event, and return what it decides."""
        event = self.event(body)
        self._count += 1
        state = fold(self.state, event)
        decided = decide(state, event, self.policy)
        acts = decode_decision(encode_decision(Decision(self.address, decided))).acts
        self.state = adopt(state, acts) if acts else state
        self.history.append((event, acts))
        self.acts = acts
        for act in acts:
            match act:
                case Tell(to, notice):
                    self.told.append((to, notice))
                case Send(command):
                    self.sent.append(command)
                case SetTimer(key, due_ms):
                    self.timers[key] = due_ms
                case CancelTimer(key):
                    self.timers.pop(key, None)
        return acts

    def event(self, body: Body) -> Event:
        """Return the event that *body* is when it is told now."""
        number = self._count + 1
        return Event(f"{self.now_ms}-{number}", f"e{number}", self.address, self.now_ms, self.now_ms, body)

    def hear(self, notice: n.AnyNotice) -> tuple[Act, ...]:
        """Another aggregate tells the queue something."""
        return self.tell(n.Told(self.address, notice))

    def advance(self, secs: float) -> None:
        """Let time pass; timers that come due fire in order."""
        until_ms = self.now_ms + round(secs * 1000)
        while self.timers:
            key, due_ms = min(self.timers.items(), key=lambda item: (item[1], item[0]))
            if due_ms > until_ms:
                break
            del self.timers[key]
            self.now_ms = max(self.now_ms, due_ms)
            self.tell(TimerFired(key, due_ms))
        self.now_ms = until_ms

    def ask(self, intent: QueueIntent) -> str | None:
        """Ask the queue for something; return why it refuses, or None."""
        answers = [act for act in self.tell(Asked(intent, "tester")) if isinstance(act, Accept | Refuse)]
        assert len(answers) == 1
        return answers[0].reason if isinstance(answers[0], Refuse) else None

    def come(
        self, call: str, *, number: str = "", since: float = 0.0, priority: int = 0, agent: str | None = None
    ) -> None:
        """A caller enters, who has been waiting elsewhere for *since* seconds."""
        since_ms = self.now_ms - round(since * 1000)
        self.hear(n.CallerWaiting(call, number or f"+1{call}", self.now_ms, since_ms, priority, agent))
        self.now_ms += 1

    def go(self, call: str, *, moved: bool = False) -> None:
        """A caller's leg ends, or has gone on."""
        self.hear(n.CallerGone(call, self.now_ms, moved))
        self.now_ms += 1

    def press(self, call: str, digit: Digit) -> None:
        """A caller presses a key."""
        self.hear(n.KeyPressed(call, digit, f"press-{self._count}"))

    def free(
        self,
        agent: str,
        *,
        idle: float = 0.0,
        tier: int = 1,
        position: int = 1,
        skills: dict[str, int] | None = None,
        answered: int = 0,
        talk_ms: int = 0,
        turn: int | None = None,
    ) -> None:
        """An agent says that he is free, and has been for *idle* seconds."""
        self._turns[agent] = self._turns.get(agent, 0) + 1 if turn is None else turn
        idle_ms = self.now_ms - round(idle * 1000)
        self.hear(
            n.AgentFree(
                agent, self._turns[agent], idle_ms, f"room-{agent}", answered, talk_ms, tier, position, skills or {}
            )
        )

    def gone(self, agent: str, state: NotFree = "offline", *, offer: str | None = None, tier: int = 1) -> None:
        """An agent is not free any more."""
        self._turns[agent] = self._turns.get(agent, 0) + 1
        self.hear(n.AgentGone(agent, self._turns[agent], offer, state, tier))

    def offers(self) -> list[tuple[str, str]]:
        """Return (caller, agent) of all offers that were ever made."""
        return [(notice.call, to.id) for to, notice in self.told if isinstance(notice, n.OfferMade)]

    def open(self, agent: str) -> str:
        """Return the offer that an agent has."""
        found = [offer.id for caller in self.state.callers.values() for offer in caller.offers if offer.agent == agent]
        assert len(found) == 1, f"{agent} has {found}"
        return found[0]

    def accept(self, agent: str) -> None:
        """An agent takes the caller whom he is offered."""
        self.hear(n.OfferAccepted(self.open(agent), agent, f"room-{agent}"))

    def decline(self, agent: str) -> None:
        """An agent does not take him."""
        self.hear(n.OfferDeclined(self.open(agent), agent, "rejected"))

    def connect(self, agent: str) -> None:
        """An agent takes the caller whom he is offered, and they are together."""
        self.accept(agent)
        self.hear(n.Connected(self.open(agent), self.with_agent(agent).leg, self.now_ms))

    def end(self, agent: str) -> None:
        """The caller leaves the agent."""
        caller = self.with_agent(agent)
        self.hear(n.CallerLeft(self.open(agent), caller.leg, self.now_ms))

    def with_agent(self, agent: str) -> Caller:
        """Return the caller whom an agent is offered, or has."""
        caller = self.state.caller_of(self.open(agent))
        assert caller is not None
        return caller

    def answer(self, command: c.AnyCommand, result: Succeeded | Refused | Unknown) -> None:
        """Telnyx has answered a command."""
        self.tell(Outcome(f"command-{self._count}", command, result))

    def caller(self, call: str) -> Caller:
        """Return a caller."""
        return self.state.callers[call]

    def sent_on(self) -> list[tuple[str, n.GoOn]]:
        """Return who was told to go on, and how, whenever he came."""
        told = ((to.id, notice) for to, notice in self.told if isinstance(notice, n.GoOn))
        return [(call, replace(notice, stay_ms=0)) for call, notice in told]

    def withdrawn(self) -> list[tuple[str, str]]:
        """Return (agent, reason) of all offers that were taken back."""
        return [(to.id, notice.reason) for to, notice in self.told if isinstance(notice, n.OfferWithdrawn)]

    def heard(self) -> list[tuple[str, ...]]:
        """Return the texts of all announcements."""
        return [
            tuple(sound.text or "" for sound in notice.sounds)
            for _, notice in self.told
            if isinstance(notice, n.Announce)
        ]


def replace_rules(tenant: Tenant, rules: QueuePolicy) -> Tenant:
    """Return *tenant* with other rules for its queue `support`."""
    return Tenant(
        **{name: getattr(tenant, name) for name in tenant.__struct_fields__ if name != "queues"},
        queues={**tenant.queues, "support": rules},
    )
