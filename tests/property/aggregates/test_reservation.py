"""Queues, agents, callers and conferences together, each with a log of its own that is read when it is read.

Telnyx is played by a model that keeps books of its own. Whatever is told late or twice, whoever hangs up, answers or
is asked for whatever: no agent has two callers and no caller two agents, each offer ends once, and when all is quiet
nobody waits for whom there is an agent.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from ingress.intents import model as i
from worker.aggregates.agent.state import Agent as AgentState
from worker.aggregates.queue.state import Queue as QueueState
from worker.events import webhooks as w
from worker.events.intents import Enrol, Strike
from worker.policy.model import Agent, Callback, Goal, Key, Number, Queue, Recording, Secret, Serves, Tenant
from worker.policy.model.queues import Strategy
from worker.testing.around import World

SUPPORT, SALES = "+13125550131", "+13125550132"
NUMBERS = {SUPPORT: "support", SALES: "sales"}
AGENTS = ("alice", "bob", "carol")
STRATEGIES: tuple[Strategy, ...] = ("longest-idle", "round-robin", "top-down", "ring-all", "random")
CAUSES = ("call_rejected", "user_busy", "timeout", "normal_clearing")


def centre(strategy: Strategy, first: str, *, tiers: bool, ring: int) -> Tenant:
    """Return a policy of two queues and three agents: one nailed-up, one on demand, one of both queues."""
    callback = Callback("agent" if first == "agent" else "caller", attempts=2, retry_secs=20, ring_secs=10)
    rules = Queue(
        strategy=strategy, ring_at_once=ring, tier_secs=15, max_wait_secs=200_000, offer_secs=10, connect_secs=5,
        personal_secs=40, short_abandon_secs=2, resume_secs=60, apology=None, recording=Recording("none"),
        keys={"1": Key(callback=True), "2": Key(queue="sales")}, callback=callback,
    )  # fmt: skip
    given = {"wrap_up_secs": 4, "redial_secs": 9, "reject_delay_secs": 3, "busy_delay_secs": 3,
             "no_answer_delay_secs": 3, "ring_secs": 20, "max_no_answer": 3}  # fmt: skip
    second = Serves("support", tier=2) if tiers else "support"
    return Tenant(
        connection_id="1",
        caller_id="+13125550100",
        api_key=Secret(env="K"),
        public_keys=(Secret(env="P"),),
        numbers={number: Number(queue) for number, queue in NUMBERS.items()},
        queues={"support": rules, "sales": replace(rules, keys={"1": Key(callback=True)}, waited=Goal("support"))},
        agents={
            "alice": Agent("sip:alice@x.y", ("support",), **given),  # type: ignore[arg-type]
            "bob": Agent("sip:bob@x.y", (second, "sales"), reach="on-demand", **given),  # type: ignore[arg-type]
            "carol": Agent("sip:carol@x.y", ("support", "sales"), **given),  # type: ignore[arg-type]
        },
    )


def truth(world: World) -> list[str]:
    """Return whatever must not be when all is quiet."""
    agents = world.states(AgentState)
    return [*_at_rest(world, agents), *_waiting(world, agents), *_phones(world, agents)]


def _at_rest(world: World, agents: list[AgentState]) -> Iterator[str]:
    """Each agent is what he has asked to be, or has a caller who is with him; and his queues know what he is."""
    queues = {queue.name: queue for queue in world.states(QueueState)}
    for agent in agents:
        if agent.duty not in (agent.standing, "busy"):
            yield f"{agent.name} is {agent.duty}, and asked to be {agent.standing}"
        inside = world.rooms.get(agent.conference or "", set())
        if agent.duty == "busy" and not (agent.offer and agent.leg in inside and inside & world.customers()):
            yield f"{agent.name} is busy, and in his conference are {inside}"
        rules = world.centre.policy.agents.get(agent.name)
        for name in rules.serves if rules else ():
            known = queues[name].agents.get(agent.name) if name in queues else None
            told = {"available": "free"}.get(agent.duty, agent.duty)
            here = agent.offer is not None and agent.offer.queue == name
            if known is None and agent.duty != "offline":
                yield f"{name} does not know of {agent.name}"
            elif known is not None and not here and known.state != told:
                yield f"{name} takes {agent.name} for {known.state}, and he is {told}"


def _waiting(world: World, agents: list[AgentState]) -> Iterator[str]:
    """Nobody waits for whom there is an agent; by now all tiers may be asked."""
    free = {agent.name for agent in agents if agent.duty == "available"}
    policy = world.centre.policy
    for queue in world.states(QueueState):
        able = {name for name in free if name in policy.agents and queue.name in policy.agents[name].serves}
        for caller in queue.callers.values():
            step = caller.callback.step if caller.callback else None
            if caller.gone or caller.ending or step == "resting":
                if caller.gone and caller.gone != "callback":
                    yield f"{caller.call} was sent on from {queue.name}, and is there: {caller}"
                continue
            here = able & {caller.agent} if caller.agent else able
            if not caller.held and (here or caller.offers):
                yield f"{caller.call} waits in {queue.name}, and {sorted(here)} could be offered him: {caller}"
            if caller.held and not world.together(caller.leg):
                yield f"{caller.leg} is with nobody, and {queue.name} takes him for {caller.offers}"
        if queue.tally.offered != queue.tally.ended + sum(each.end is None for each in queue.callers.values()):
            yield f"{queue.name} has counted {queue.tally}"


def _phones(world: World, agents: list[AgentState]) -> Iterator[str]:
    """Whoever is on the phone is an agent's line, talks with an agent, or waits where he is known."""
    lines = {agent.leg for agent in agents}
    waiting = {caller.leg: queue.name for queue in world.states(QueueState) for caller in queue.callers.values()
               if not caller.gone}  # fmt: skip
    for leg in sorted(world.alive):
        if leg in world.customers():
            if leg not in waiting:
                yield f"the caller on {leg} is nowhere"
        elif leg not in lines:
            yield f"{leg} to {world.to[leg]} is nobody's"


class ReservationMachine(RuleBasedStateMachine):
    """People and Telnyx do whatever they like, in whatever order it is heard of."""

    @initialize(
        strategy=st.sampled_from(STRATEGIES),
        first=st.sampled_from(["agent", "caller"]),
        tiers=st.booleans(),
        ring=st.integers(1, 3),
        begun=st.booleans(),
    )
    def open_doors(self, strategy: Strategy, first: str, tiers: bool, ring: int, begun: bool) -> None:
        self.world = World(centre(strategy, first, tiers=tiers, ring=ring))
        self.over: set[str] = set()
        self.open: set[str] = set()
        self.came = 0
        self.late = False
        self.enrol()
        if begun:
            self.world.quiet(1)

    def enrol(self) -> None:
        for name, rules in self.world.centre.policy.agents.items():
            self.world.centre.tell("agent", name, Enrol("policy", reach=rules.reach))

    @rule(seed=st.integers(0, 2**20))
    def there_is_much_to_do(self, seed: int) -> None:
        """Callers come and go, phones are answered or not, and everything that is due is at some stage of it."""
        dice = random.Random(seed)
        for _ in range(40):
            roll, world = dice.random(), self.world
            if roll < 0.05:
                self.a_caller_comes(dice.choice(["+15550101", "+15550102", "anonymous"]), dice.choice(sorted(NUMBERS)))
            elif roll < 0.09 and world.alive:
                world.end(dice.choice(sorted(world.alive)), dice.choice(CAUSES))
            elif roll < 0.1 and world.rooms:
                world.end_room(dice.choice(sorted(world.rooms)))
            elif roll < 0.2 and world.ringing:
                world.answer(dice.choice(sorted(world.ringing)))
            elif roll < 0.25:
                world.wait(dice.choice([0.1, 1, 5]))
            elif moves := world.due():
                dice.choice(moves)()

    @rule(picks=st.lists(st.integers(0, 30), min_size=1, max_size=10))
    def things_happen(self, picks: list[int]) -> None:
        """Something is read, told, carried out or delivered; which, chance says."""
        for pick in picks:
            moves = self.world.due()
            if moves:
                moves[pick % len(moves)]()

    @rule(number=st.sampled_from(["+15550101", "+15550102", "anonymous"]), dialled=st.sampled_from(sorted(NUMBERS)))
    def a_caller_comes(self, number: str, dialled: str) -> None:
        if self.came < 20:
            self.came += 1
            self.world.call_in(f"c{self.came}", number, dialled)

    @precondition(lambda self: self.world.callers & set(self.world.alive))
    @rule(data=st.data())
    def a_caller_hangs_up(self, data: st.DataObject) -> None:
        self.world.end(data.draw(st.sampled_from(sorted(self.world.customers() & set(self.world.alive)))))

    @precondition(lambda self: self.world.queued)
    @rule(data=st.data(), key=st.sampled_from(["1", "1", "2"]))
    def a_caller_presses_a_key(self, data: st.DataObject, key: str) -> None:
        call = data.draw(st.sampled_from(sorted(self.world.queued)))
        self.world.say("call", call, w.DtmfReceived(call, digit=key))

    @precondition(lambda self: self.world.ringing)
    @rule(data=st.data(), cause=st.sampled_from(["", "", *CAUSES]))
    def a_phone_is_answered_or_not(self, data: st.DataObject, cause: str) -> None:
        leg = data.draw(st.sampled_from(sorted(self.world.ringing)))
        if cause:
            self.world.end(leg, cause)
        else:
            self.world.answer(leg)

    @precondition(lambda self: self.world.to)
    @rule(data=st.data(), cause=st.sampled_from(["normal_clearing", "unspecified"]))
    def a_dialled_leg_is_lost(self, data: st.DataObject, cause: str) -> None:
        self.world.end(data.draw(st.sampled_from(sorted(self.world.to))), cause)

    @precondition(lambda self: self.world.rooms)
    @rule(data=st.data())
    def a_conference_ends(self, data: st.DataObject) -> None:
        self.world.end_room(data.draw(st.sampled_from(sorted(self.world.rooms))))

    @precondition(lambda self: self.world.centre.open())
    @rule(data=st.data(), done=st.booleans())
    def nobody_knows_what_became_of_a_command(self, data: st.DataObject, done: bool) -> None:
        commands = self.world.centre.next_commands()
        self.world.lose(commands[data.draw(st.integers(0, len(commands) - 1))], done=done)

    @rule(agent=st.sampled_from(AGENTS), what=st.integers(0, 7))
    def an_agent_asks(self, agent: str, what: int) -> None:
        intent = (
            i.SetAgentState(agent, "available"),
            i.SetAgentState(agent, "paused"),
            i.SetAgentState(agent, "offline"),
            i.SetAgentState(agent, "available"),
            i.Decline(agent),
            i.WrapUp(agent, 0),
            i.EndConversation(agent),
            i.Transfer(agent, i.Target(queue="sales")),
        )[what]
        self.world.centre.tell("agent", agent, i.Asked(intent, "test"))

    @precondition(lambda self: self.world.callers)
    @rule(data=st.data(), queue=st.sampled_from(["support", "sales"]), what=st.integers(0, 3))
    def a_queue_is_asked(self, data: st.DataObject, queue: str, what: int) -> None:
        call = data.draw(st.sampled_from(sorted(self.world.callers)))
        intent = (
            i.MoveCaller(queue, call, i.Target(queue="sales" if queue == "support" else "support")),
            i.MoveCaller(queue, call, i.Target(agent="carol")),
            i.SetPriority(queue, call, 5),
            i.CancelCallback(queue, call),
        )[what]
        self.world.centre.tell("queue", queue, i.Asked(intent, "test"))

    @rule(strategy=st.sampled_from(STRATEGIES), tiers=st.booleans(), without=st.sampled_from(["", "", *AGENTS]),
          reach=st.sampled_from(["nailed-up", "on-demand"]))  # fmt: skip
    def the_policy_is_read_again(self, strategy: Strategy, tiers: bool, without: str, reach: str) -> None:
        before = self.world.centre.policy
        policy = centre(strategy, before.queues["support"].callback.first, tiers=tiers, ring=2)
        agents = {name: rules for name, rules in policy.agents.items() if name != without}
        if "carol" in agents:
            agents["carol"] = replace(agents["carol"], reach=reach)
        self.world.centre.load(replace(policy, agents=agents))
        self.enrol()
        for name in sorted(before.agents.keys() - agents.keys()):
            self.world.centre.tell("agent", name, Strike("policy"))

    @rule(secs=st.sampled_from([0.5, 2, 6, 12, 30]))
    def time_passes(self, secs: float) -> None:
        self.world.wait(secs)

    @precondition(lambda self: not self.late)
    @rule(hours=st.sampled_from([1, 3.6, 4.1]))
    def hours_pass(self, hours: float) -> None:
        """What was told has long been heard of."""
        self.late = True
        self.world.quiet(hours * 3600)

    @precondition(lambda self: self.world.centre.notices)
    @rule(back=st.integers(1, 12))
    def a_notice_is_told_again(self, back: int) -> None:
        notices = self.world.centre.notices
        self.world.centre.repeat(*notices[-min(back, len(notices))])

    @rule(wholly=st.booleans())
    def all_happens(self, wholly: bool) -> None:
        if wholly:
            self.world.quiet()
            self.holds()
        else:
            self.world.flow()

    @invariant()
    def no_agent_has_two_callers_and_no_caller_two_agents(self) -> None:
        assert not self.world.wrong, self.world.wrong
        customers = self.world.customers()
        for legs in self.world.rooms.values():
            assert len(legs & customers) <= 1
        assert max(Counter(leg for legs in self.world.rooms.values() for leg in legs).values(), default=0) <= 1

    @invariant()
    def each_offer_ends_once(self) -> None:
        queues = self.world.states(QueueState)
        now = {offer.id for queue in queues for caller in queue.callers.values() for offer in caller.offers}
        assert not now & self.over
        self.over |= self.open - now
        self.open = now

    def holds(self) -> None:
        """All is as it must be when all is quiet, or at a second look: an old leg may just be exchanged for another."""
        if truth(self.world):
            self.world.quiet()
        troubles = truth(self.world)
        assert not troubles, troubles

    def teardown(self) -> None:
        """All phones are answered and everybody hangs up: nobody is left."""
        if not hasattr(self, "world"):
            return
        self.world.quiet()
        self.holds()
        for _ in range(8):
            for call in sorted(self.world.customers() & set(self.world.alive)):
                self.world.end(call)
            self.world.quiet(60)
        # Whoever is to be called back, and whom nobody is there for, has kept his place for long enough by now.
        self.world.quiet(4 * 3600)
        self.holds()
        assert not any(queue.callers for queue in self.world.states(QueueState))
        assert not self.world.customers() & set(self.world.alive)
        self.each_offer_ends_once()
        assert not self.open
        for agent in self.world.states(AgentState):
            assert agent.duty == agent.standing
            assert agent.offer is None


ReservationMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)


def test_whatever_is_heard_in_whatever_order_no_agent_has_two_callers_and_nobody_is_stuck() -> None:
    run_state_machine_as_test(ReservationMachine)
