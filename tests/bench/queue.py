"""How long one queue takes to decide an offer, with ten agents and with ten thousand.

An agent gets free, is offered the caller whose turn it is, accepts, talks, and is free again; as one caller leaves,
another comes. The ledger's `decide` is measured: fold, decide, adopt, and the timers of the decision.
"""

from __future__ import annotations

import gc
import itertools
import statistics
import time
from collections.abc import Iterator

from ingress.envelope import Address
from ingress.log import Partition
from tests.bench.printing import say
from worker.aggregates.queue.state import Queue as QueueState
from worker.decisions.decision import Tell
from worker.events import notices as n
from worker.events.event import Event
from worker.ledger.ledger import Ledger, Taken
from worker.policy.model import Policy, Requirement
from worker.policy.model import Queue as QueuePolicy
from worker.policy.model.queues import Strategy
from worker.testing.centre import small_tenant
from worker.testing.line import replace_rules

ADDRESS = Address("default", "queue", "support")
#: (agents, callers who wait).
SIZES = ((10, 2), (10_000, 2_000))
STRATEGIES: tuple[Strategy, ...] = ("longest-idle", "round-robin", "skills")
ROUNDS = 2_000


class Bench:
    """One queue of a ledger, in which all agents talk and callers wait."""

    def __init__(self, strategy: Strategy, agents: int, callers: int) -> None:
        skills = {"french": Requirement(3)} if strategy == "skills" else {}
        rules = QueuePolicy(strategy=strategy, skills=skills, max_size=100_000, short_abandon_secs=0)
        self.policy = Policy({"default": replace_rules(small_tenant(), rules)})
        self.ledger = Ledger(Partition(0))
        self.number = itertools.count(1)
        self.now_ms = 1_800_000_000_000
        self.turns = [0] * agents
        self.held: dict[str, n.OfferMade] = {}
        self.taken = Taken()
        for agent in range(agents):
            self.free(agent)
        for _ in range(agents):
            offer = self.arrive()
            self.take(offer)
        for _ in range(callers):
            self.arrive()

    def tell(self, notice: n.AnyNotice) -> float:
        """Give the queue a notice; return the CPU time that took, in microseconds."""
        self.now_ms += 1
        number = next(self.number)
        event = Event(
            f"{self.now_ms}-{number}", f"e{number}", ADDRESS, self.now_ms, self.now_ms, n.Told(ADDRESS, notice)
        )
        began = time.thread_time()
        self.taken = self.ledger.decide(event, self.policy)
        return (time.thread_time() - began) * 1e6

    def made(self) -> Iterator[tuple[str, n.OfferMade]]:
        """Yield the offers that the last event led to."""
        for act in self.taken.acts:
            if isinstance(act, Tell) and isinstance(act.notice, n.OfferMade):
                yield act.to.id, act.notice

    def arrive(self) -> tuple[str, n.OfferMade] | None:
        """A caller comes."""
        number = next(self.number)
        self.tell(n.CallerWaiting(f"v3:caller-{number}", "+15550100", self.now_ms))
        return next(self.made(), None)

    def free(self, agent: int) -> float:
        """An agent is free."""
        self.turns[agent] += 1
        skills = {"french": agent % 5 + 3} if self.policy.tenants["default"].queues["support"].skills else {}
        return self.tell(
            n.AgentFree(f"agent-{agent}", self.turns[agent], self.now_ms, "room", 0, 0, 1, agent + 1, skills)
        )

    def take(self, offered: tuple[str, n.OfferMade] | None) -> list[float]:
        """An agent takes the caller."""
        assert offered is not None
        agent, offer = offered
        accepted = self.tell(n.OfferAccepted(offer.offer, agent, f"room-{agent}"))
        connected = self.tell(n.Connected(offer.offer, offer.call, self.now_ms))
        self.held[agent] = offer
        return [accepted, connected]

    def round(self, agent: int) -> tuple[float, list[float]]:
        """A conversation ends, another caller comes, the agent is free and is offered who is first.

        Returns:
            How long the event took that the offer is decided upon, and how long each of the others did.
        """
        offer = self.held.pop(f"agent-{agent}")
        others = [self.tell(n.CallerLeft(offer.offer, offer.call, self.now_ms))]
        others.append(self.tell(n.CallerGone(offer.call, self.now_ms)))
        self.arrive()
        deciding = self.free(agent)
        others.extend(self.take(next(self.made())))
        return deciding, others


def offers() -> None:
    """Measure at each size and strategy."""
    for strategy in STRATEGIES:
        measured = {}
        for agents, callers in SIZES:
            bench = Bench(strategy, agents, callers)
            gc.collect()
            rounds = [bench.round(number * 7 % agents) for number in range(ROUNDS)]
            state = bench.ledger.aggregates[ADDRESS]
            assert isinstance(state, QueueState)
            assert len(state.present) >= callers
            measured[agents] = [offer for offer, _ in rounds], [each for _, others in rounds for each in others]
        (small, small_others), (large, large_others) = measured.values()
        for point in (50, 99):
            say(f"queue, {strategy}, an offer, p{point}", at(large, point), at(small, point), beside="ten")
        say("  another event of it, p99", at(large_others, 99), at(small_others, 99), beside="ten")


def at(times: list[float], percent: int) -> float:
    """Return the time within which so many of a hundred were done."""
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1]
