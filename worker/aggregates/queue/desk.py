"""Where a decision is made: each act is adopted as it is decided, so that the next one follows from it."""

from __future__ import annotations

from msgspec.structs import replace

from ingress.envelope import Address, AggregateKind
from worker.aggregates.queue.adopt import adopt_one, cleared
from worker.aggregates.queue.state import Caller, Queue, TimerKind
from worker.decisions.decision import Act, CancelTimer, SetTimer, Tell
from worker.events import notices as n
from worker.events.event import Event
from worker.policy.model import Goal, Tenant
from worker.policy.model import Queue as QueuePolicy

#: What the policy allows as a priority.
LEAST_PRIORITY, MOST_PRIORITY = -999, 999


class Desk:
    """A queue while it decides upon one event. The acts, adopted in turn, lead to the same state again."""

    def __init__(self, queue: Queue, event: Event, policy: Tenant) -> None:
        rules = policy.queues.get(queue.name)
        #: As it is after the acts so far.
        self.queue = cleared(queue)
        self.event = event
        self.now_ms = event.received_ms
        self.policy = policy
        #: The policy does not have this queue (any more).
        self.removed = rules is None
        self.rules = rules or QueuePolicy()
        self.acts: list[Act] = []

    def do(self, act: Act) -> None:
        """Decide something."""
        self.acts.append(act)
        self.queue = adopt_one(self.queue, act)

    def tell(self, kind: AggregateKind, ident: str, notice: n.AnyNotice) -> None:
        """Tell another aggregate something."""
        self.do(Tell(Address(self.queue.address.tenant, kind, ident), notice))

    def set(self, kind: TimerKind, caller: Caller, due_ms: int) -> None:
        """Set one of a caller's timers."""
        self.do(SetTimer(f"{kind}:{caller.call}", due_ms))

    def cancel_all(self, caller: Caller) -> None:
        """Cancel a caller's timers."""
        for kind in sorted(caller.timers):
            self.do(CancelTimer(f"{kind}:{caller.call}"))

    def withdraw(self, caller: Caller) -> None:
        """Take back the offers that no agent has accepted."""
        for offer in caller.offers:
            if offer.step == "offered":
                self.do(CancelTimer(f"offer:{offer.id}"))
                self.tell("agent", offer.agent, n.OfferWithdrawn(offer.id, "moved"))

    def go_on(self, caller: Caller, reason: n.GoOnReason, goal: Goal | None = None) -> None:
        """Send a caller on who is not with an agent; to another queue he takes this one's priority along."""
        self.withdraw(caller)
        self.cancel_all(caller)
        if goal is not None and goal.queue is not None and self.rules.priority:
            priority = max(LEAST_PRIORITY, min(MOST_PRIORITY, goal.priority + self.rules.priority))
            goal = replace(goal, priority=priority)
        self.tell("call", caller.leg, n.GoOn(reason, goal, caller.arrived_ms))
