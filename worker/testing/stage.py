"""All aggregates of a tenant on one stage, without Redis, network or clock: tell it facts, read what is decided.

Events are folded and decided one after another, notices are delivered at once, timers fire when the time is moved
past them. Commands are collected in `sent`; what becomes of one is said with `succeed`, `refuse` or `lose`.
"""

from __future__ import annotations

import itertools
from collections import deque

from ingress.envelope import Address, AggregateKind
from worker.aggregates import machine
from worker.commands.command import AnyCommand
from worker.decisions.decision import Act, CancelTimer, Send, SetTimer, Tell
from worker.events.event import Body, Event
from worker.events.intents import Enrol
from worker.events.notices import Told
from worker.events.outcomes import Disposition, Observed, Outcome, Refused, Seen, Succeeded, Unknown
from worker.events.timers import TimerFired
from worker.policy.model import Tenant

START_MS = 1_800_000_000_000


class Sent:
    """A command that an aggregate decided, and who decided it."""

    def __init__(self, number: int, address: Address, command: AnyCommand) -> None:
        self.id = f"command-{number}"
        self.address = address
        self.command = command
        self.ended = False

    def __repr__(self) -> str:
        return f"<{self.address} {self.command}>"


class Stage:
    """The aggregates of one tenant."""

    def __init__(self, policy: Tenant, *, tenant: str = "default") -> None:
        self.policy = policy
        self.tenant = tenant
        self.now_ms = START_MS
        self.states: dict[Address, machine.AggregateState] = {}
        self.sent: list[Sent] = []
        self.notices: list[tuple[Address, Told]] = []
        self._timers: dict[tuple[Address, str], int] = {}
        self._inbox: deque[tuple[Address, Body, int]] = deque()
        self._count = 0
        self._numbers = itertools.count()
        #: The newest event's id, and what was decided upon it.
        self.last_event = ""
        self.last_acts: tuple[Act, ...] = ()
        #: All that was decided, by whomever.
        self.acts: list[Act] = []

    def address(self, kind: AggregateKind, ident: str) -> Address:
        """Return the address of one of this tenant's aggregates."""
        return Address(self.tenant, kind, ident)

    def tell(self, kind: AggregateKind, ident: str, body: Body, *, occurred_ms: int | None = None) -> None:
        """Give an event to an aggregate, and carry on until nothing is left to deliver."""
        self._inbox.append((self.address(kind, ident), body, self.now_ms if occurred_ms is None else occurred_ms))
        self._drain()

    def sign_in(self, agent: str) -> None:
        """Have *agent* take calls."""
        self.tell("agent", agent, Enrol("test", reach=self.policy.agents[agent].reach))

    def advance(self, secs: float) -> None:
        """Let time pass; timers that come due fire in order."""
        until_ms = self.now_ms + round(secs * 1000)
        while self._timers:
            (address, key), due_ms = min(self._timers.items(), key=lambda item: (item[1], str(item[0])))
            if due_ms > until_ms:
                break
            del self._timers[address, key]
            self.now_ms = max(self.now_ms, due_ms)
            self._inbox.append((address, TimerFired(key, due_ms), self.now_ms))
            self._drain()
        self.now_ms = until_ms

    def open(self, *kinds: type[AnyCommand]) -> list[Sent]:
        """Return the commands without an end, of these kinds or all."""
        return [s for s in self.sent if not s.ended and (not kinds or isinstance(s.command, kinds))]

    def last(self, kind: type[AnyCommand]) -> Sent:
        """Return the newest command of *kind* that has no end yet."""
        return self.open(kind)[-1]

    def succeed(self, sent: Sent, *, call: str | None = None, conference: str | None = None) -> None:
        """Telnyx accepts a command."""
        self._end(sent, Succeeded(call=call, conference=conference))

    def refuse(self, sent: Sent, code: str, disposition: Disposition, *, status: int = 422) -> None:
        """Telnyx says no to a command."""
        self._end(sent, Refused(status, code, "refused by the test", disposition))

    def lose(self, sent: Sent) -> None:
        """Nobody knows what became of a command."""
        self._end(sent, Unknown("lost by the test"))

    def see(self, sent: Sent, seen: Seen) -> None:
        """Answer a read."""
        sent.ended = True
        self._inbox.append((sent.address, Observed(sent.id, sent.command, seen), self.now_ms))
        self._drain()

    def deliver(self, to: Address, told: Told) -> None:
        """Carry a notice to its receiver."""
        self.notices.append((to, told))
        self._inbox.append((to, told, self.now_ms))

    def _end(self, sent: Sent, result: Succeeded | Refused | Unknown) -> None:
        sent.ended = True
        self._inbox.append((sent.address, Outcome(sent.id, sent.command, result), self.now_ms))
        self._drain()

    def ruling(self, address: Address) -> Tenant:
        """Return the policy by which the aggregate at *address* decides."""
        del address
        return self.policy

    def _drain(self) -> None:
        while self._inbox:
            address, body, occurred_ms = self._inbox.popleft()
            self._take(address, body, self.now_ms, occurred_ms)

    def _take(self, address: Address, body: Body, received_ms: int, occurred_ms: int) -> None:
        """Let an aggregate take in an event, and do what it decides."""
        self._count += 1
        event = Event(f"{received_ms}-{self._count}", f"e{self._count}", address, received_ms, occurred_ms, body)
        state = machine.fold(self.states.get(address) or machine.new(address), event)
        acts = machine.decide(state, event, self.ruling(address))
        self.states[address] = machine.adopt(state, acts)
        self.last_event, self.last_acts = event.event_id, acts
        self.acts += acts
        for act in acts:
            match act:
                case Send(command):
                    self.sent.append(Sent(next(self._numbers), address, command))
                case Tell(to, notice):
                    self.deliver(to, Told(address, notice))
                case SetTimer(key, due_ms):
                    self._timers[address, key] = due_ms
                case CancelTimer(key):
                    self._timers.pop((address, key), None)
