"""Colleagues are consulted, given callers, lost and called off, with webhooks late, twice, mixed or never.

None of them is stuck in the end, and meanwhile no leg is put into a conference while it is in another, nobody's caller
hears another one, and nobody is in a conversation with more than one colleague.
"""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ingress.intents import model as i
from tests.property.aggregates.test_laws import REACHES, Chaos, Reach, settle
from worker.aggregates.agent.state import Agent
from worker.aggregates.conference.state import Conference
from worker.commands import command as c
from worker.events import webhooks as w
from worker.events.outcomes import Queued, QueueSeen, Seen
from worker.policy.model import Tenant
from worker.testing.centre import NUMBER, Centre, small_tenant
from worker.testing.stage import Sent

AGENTS = ("alice", "bob", "carol")


class Office(Chaos):
    """Telnyx, in front of agents who may be in one conference, two at a time, with one caller."""

    def __init__(self, centre: Centre, seed: int, *, lost: float = 0.0) -> None:
        super().__init__(centre, seed, lost=lost)
        #: In which queue each caller was last.
        self.queues: dict[str, str] = {}

    def shown(self, read: c.Read) -> Seen:
        """Return what Telnyx shows; there are two queues."""
        if not isinstance(read, c.ReadQueue):
            return super().shown(read)
        waiting = (call for call in sorted(self.waiting) if self.queues[call] == read.queue)
        return QueueSeen(tuple(Queued(call, "+1555", NUMBER) for call in waiting))

    def carry_out(self, sent: Sent) -> None:
        """Look at a join more closely; all else is as ever."""
        match sent.command:
            case c.JoinConference(conference=room, call=leg) if leg in self.alive and self.rooms.get(room):
                if any(leg in legs for name, legs in self.rooms.items() if name != room):
                    self.worst.append(f"{leg} joins {room} while it is elsewhere")
                self.rooms[room].add(leg)
                self.look_at(room)
                self.waiting.discard(leg)
                self.say("conference", room, w.ParticipantJoined(room, leg))
                self.centre.succeed(sent)
            case c.Enqueue(call=call, queue=queue):
                self.queues[call] = queue
                super().carry_out(sent)
            case c.Hold() | c.Unhold():
                self.centre.succeed(sent)
            case c.LeaveConference() if sent.address.kind != "call" and self.random.random() < self.lost:
                # Not done, and nobody knows.
                self.centre.lose(sent)
            case _:
                super().carry_out(sent)

    def look_at(self, room: str) -> None:
        """See who is with whom."""
        callers = [leg for leg in self.rooms[room] if leg.startswith("c")]
        if len(callers) > 1 or len(self.rooms[room]) - len(callers) > 2:
            self.worst.append(f"{sorted(self.rooms[room])} are in {room}")

    def want(self) -> None:
        """Ask something of an agent about a colleague, possible or not; more often of one who talks."""
        talk = {name: self.centre.agent(name).duty == "busy" for name in AGENTS}
        drawn = [self.random.sample(AGENTS, 2) for _ in range(4)]
        one, other = next((each for each in drawn if talk[each[0]] and not talk[each[1]]), drawn[0])
        warm = i.Transfer(one, i.Target(agent=other), "warm")
        wishes: tuple[i.AgentIntent, ...] = (
            warm, warm, warm, i.CompleteTransfer(one), i.CompleteTransfer(one), i.CancelTransfer(one),
            i.EndConversation(one), i.Hold(one, on=False), i.Decline(one), i.WrapUp(one, 0),
            i.Transfer(one, i.Target(agent=other)), i.SetAgentState(one, "paused"), i.SetAgentState(one, "available"),
            i.SetAgentState(one, "available"),
        )  # fmt: skip
        self.centre.tell("agent", one, i.Asked(self.random.choice(wishes), "test"))


def staffed(reaches: tuple[Reach, ...]) -> Tenant:
    """Return the policy of a small centre of three, who are reached so; one of them serves another queue."""
    tenant = small_tenant()
    known = tenant.agents["alice"]
    agents = {name: replace(known, reach=reach) for name, reach in zip(AGENTS, reaches, strict=True)}
    agents["carol"] = replace(agents["carol"], queues=("sales",))
    return replace(tenant, agents=agents, queues={**tenant.queues, "sales": tenant.queues["support"]})


def day(world: Office, *, looks: bool) -> None:
    """Let things happen."""
    centre, dice = world.centre, world.random
    callers = [f"c{n}" for n in range(6)]
    to_come = list(callers)
    for name in AGENTS:
        centre.sign_in(name)
    for _ in range(600):
        roll = dice.random()
        if to_come and roll < 0.04:
            world.call_in(to_come.pop())
        elif roll < 0.05:
            world.end(dice.choice(callers + [f"leg{n}" for n in range(1, world.legs + 1)]))
        elif roll < 0.10:
            centre.advance(dice.choice((0.1, 1, 5)))
        elif roll < 0.20:
            world.want()
        elif looks and roll < 0.25:
            world.look(dice.choice(list(centre.states)))
        elif looks and roll < 0.30 and world.looks:
            world.notice()
        else:
            world.step()
    for call in callers:
        world.end(call)
    while world.looks:
        world.notice()


def heal(world: Office) -> None:
    """Let everything be looked at, as it is within a bound, and again after what that has led to."""
    centre = world.centre
    for _ in range(6):
        settle(world)
        centre.advance(700)
        for address in list(centre.states):
            world.look(address)
        while world.looks:
            world.notice()
    settle(world)


def assert_nobody_is_stuck(world: Office) -> None:
    """No caller is left over, and each agent is at rest, in no conference but his own."""
    for state in world.centre.states.values():
        match state:
            case Agent():
                assert state.duty in ("available", "offline", "paused"), (state.name, state.duty)
                assert state.offer is None
                inside = [room for room, legs in world.rooms.items() if state.leg in legs]
                assert inside == ([state.conference] if state.conference else []), (
                    state.name,
                    inside,
                    state.conference,
                )
            case Conference(ended_ms=None):
                assert (state.parties, state.partings, state.talk) == ({}, (), None)
            case _:
                pass
    for name in ("support", "sales"):
        queue = world.centre.states.get(world.centre.address("queue", name))
        assert queue is None or not getattr(queue, "callers", ())
    assert all(len(legs) < 2 for legs in world.rooms.values()), world.rooms


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(list(itertools.product(REACHES, repeat=3))))
def test_whatever_the_order_of_events_no_colleague_is_stuck_and_no_callers_are_mixed(
    seed: int, reaches: tuple[Reach, ...]
) -> None:
    world = Office(Centre(staffed(reaches)), seed)
    day(world, looks=False)
    settle(world)
    assert world.worst == []
    assert_nobody_is_stuck(world)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(list(itertools.product(REACHES, repeat=3))))
def test_a_lost_quarter_of_all_webhooks_is_healed_and_no_colleague_is_stuck(
    seed: int, reaches: tuple[Reach, ...]
) -> None:
    world = Office(Centre(staffed(reaches)), seed, lost=0.25)
    day(world, looks=True)
    heal(world)
    assert world.worst == []
    assert_nobody_is_stuck(world)
