"""Laws of the folds: the order and the repetition of webhooks, and of looks at Telnyx, do not matter."""

from __future__ import annotations

import random
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ingress.envelope import Address, AggregateKind
from ingress.intents.model import Asked, Decline, EndConversation, SetAgentState, WrapUp
from worker.aggregates import machine
from worker.aggregates.agent.state import Standing
from worker.aggregates.differences import differences, look_again, look_at
from worker.commands import command as c
from worker.commands.client_state import ClientState, encode_client_state
from worker.events import webhooks as w
from worker.events.event import Event
from worker.events.outcomes import (
    CallSeen,
    ConferenceSeen,
    Observed,
    ParticipantsSeen,
    Queued,
    QueueSeen,
    Seen,
    StatusSeen,
)
from worker.policy.model import Tenant
from worker.testing.centre import NUMBER, Centre, small_tenant
from worker.testing.stage import Sent

CALL = Address("default", "call", "c1")
ROOM = Address("default", "conference", "room")
Fact = w.Delivered | Observed
Reach = Literal["nailed-up", "on-demand"]
REACHES: tuple[Reach, ...] = ("nailed-up", "on-demand")
GREETED = encode_client_state(ClientState(speech="greeting"))


def seen(at_ms: int, read: c.Read, what: Seen) -> tuple[int, Observed]:
    """Return what a look showed, with the time that it is of."""
    return at_ms, Observed("look", read, what, at_ms)


def call_facts(*, agent: str | None) -> list[tuple[int, Fact]]:
    """Return the webhooks of one leg's life and looks at it, with the times that they are of."""
    mark = encode_client_state(ClientState(owner=f"agent:{agent}")) if agent else None
    return [
        (1, w.CallInitiated("c1", client_state=mark, direction="incoming", state="parked", from_="+1555", to=NUMBER)),
        (2, w.CallAnswered("c1", client_state=mark)),
        (3, w.SpeakStarted("c1")),
        (4, w.SpeakEnded("c1", client_state=GREETED)),
        (5, w.Other("call.something.new")),
        (9, w.CallHangup("c1", hangup_cause="normal_clearing", hangup_source="caller")),
        seen(3, c.ReadCall("c1"), CallSeen(alive=True)),
        seen(10, c.ReadCall("c1"), CallSeen(alive=False)),
    ]


ROOM_FACTS: list[tuple[int, Fact]] = [
    (1, w.ConferenceCreated("room", "leg")),
    (1, w.ParticipantJoined("room", "leg")),
    (5, w.ParticipantJoined("room", "c1")),
    (9, w.ParticipantLeft("room", "c1")),
    (12, w.ParticipantJoined("room", "c1")),
    (14, w.ParticipantLeft("room", "c1")),
    (15, w.FloorChanged("room", "c1")),
    (16, w.ConferenceRecordingSaved("room", recording_id="r1", recording_started_at="a")),
    (17, w.ConferenceRecordingSaved("room", recording_id="r2", recording_started_at="b")),
    (20, w.ConferenceEnded("room", reason="all_left")),
    seen(6, c.ReadParticipants("room"), ParticipantsSeen(("leg", "c1"))),
    seen(11, c.ReadParticipants("room"), ParticipantsSeen(("leg", "c2"))),
    seen(13, c.ReadParticipants("room"), ParticipantsSeen(("leg", "c1"))),
    seen(18, c.ReadParticipants("room"), ParticipantsSeen(())),
    seen(17, c.ReadConference("room"), StatusSeen(ended=False)),
    seen(19, c.ReadConference("room"), StatusSeen(ended=True)),
]


def folded(address: Address, facts: list[tuple[int, Fact]]) -> machine.AggregateState:
    """Fold *facts* in the order given."""
    state = machine.new(address)
    for number, (occurred_ms, body) in enumerate(facts):
        state = machine.fold(state, Event(f"{number}-0", str(number), address, 1_000 + number, occurred_ms, body))
    return state


@given(st.data(), st.sampled_from([None, "alice"]))
def test_a_calls_webhooks_and_looks_lead_to_one_state_in_any_order_and_repetition(
    data: st.DataObject, agent: str | None
) -> None:
    facts = call_facts(agent=agent)
    repeated = data.draw(st.lists(st.sampled_from(facts), max_size=8))
    mixed = data.draw(st.permutations(facts + repeated))
    assert folded(CALL, mixed) == folded(CALL, facts)


@given(st.data())
def test_a_conferences_webhooks_and_looks_lead_to_one_state_in_any_order_and_repetition(data: st.DataObject) -> None:
    repeated = data.draw(st.lists(st.sampled_from(ROOM_FACTS), max_size=8))
    mixed = data.draw(st.permutations(ROOM_FACTS + repeated))
    assert folded(ROOM, mixed) == folded(ROOM, ROOM_FACTS)


class Chaos:
    """Plays Telnyx for a stage: carries out commands, and delivers webhooks late, twice, out of order, or never."""

    def __init__(self, centre: Centre, seed: int, *, lost: float = 0.0) -> None:
        self.centre = centre
        self.lost = lost
        self.random = random.Random(seed)
        self.post: list[tuple[AggregateKind, str, w.Delivered, int]] = []
        self.rooms: dict[str, set[str]] = {}
        self.waiting: set[str] = set()
        #: What Telnyx has shown, and has not been taken in.
        self.looks: list[tuple[Address, Observed]] = []
        self.alive: set[str] = set()
        self.legs = 0
        self.worst: list[str] = []

    def say(self, kind: AggregateKind, ident: str, body: w.Delivered) -> None:
        """Put a webhook into the post, once or twice."""
        self.centre.now_ms += 1
        if self.lost and self.random.random() < self.lost:
            return
        for _ in range(self.random.choice((1, 1, 1, 2))):
            self.post.append((kind, ident, body, self.centre.now_ms))

    def call_in(self, call: str) -> None:
        """A caller rings."""
        self.alive.add(call)
        self.say("call", call, w.CallInitiated(call, direction="incoming", state="parked", to=NUMBER))

    def end(self, call: str) -> None:
        """A leg ends at Telnyx."""
        if call not in self.alive:
            return
        self.alive.discard(call)
        self.waiting.discard(call)
        self.say("call", call, w.CallHangup(call, hangup_cause="normal_clearing"))
        for room in [r for r, legs in self.rooms.items() if call in legs]:
            self.leave(room, call)

    def leave(self, room: str, call: str) -> None:
        """A leg leaves a conference at Telnyx."""
        if call in self.rooms.get(room, set()):
            self.rooms[room].discard(call)
            self.say("conference", room, w.ParticipantLeft(room, call))

    def ask(self, agent: str) -> None:
        """Ask something of an agent that may be possible, or not."""
        states: tuple[Standing, ...] = ("available", "available", "paused", "offline")
        state = self.random.choice(states)
        wishes = (SetAgentState(agent, state), Decline(agent), WrapUp(agent, 0), EndConversation(agent))
        self.centre.tell("agent", agent, Asked(self.random.choice(wishes), "test"))

    def look(self, address: Address) -> None:
        """Read what Telnyx shows of an aggregate now; it is taken in by `notice`, perhaps much later."""
        state, now_ms = self.centre.states[address], self.centre.now_ms
        read = look_at(state, self.centre.policy, now_ms)
        while read is not None:
            seen = self.shown(read)
            self.looks.append((address, Observed("look", read, seen, now_ms)))
            read = look_again(read, seen)

    def notice(self) -> None:
        """Take in one of the looks, whichever; one that agrees with what is known by then is no event as a rule."""
        address, look = self.looks.pop(self.random.randrange(len(self.looks)))
        if differences(self.centre.states[address], look) or self.random.random() < 0.3:
            for _ in range(self.random.choice((1, 1, 2))):
                self.centre.tell(address.kind, address.id, look)

    def shown(self, read: c.Read) -> Seen:
        """Return what Telnyx shows."""
        match read:
            case c.ReadCall(call=call):
                return CallSeen(alive=call in self.alive)
            case c.ReadParticipants(conference=room):
                return ParticipantsSeen(tuple(sorted(self.rooms.get(room, set()))))
            case c.ReadConference(conference=room):
                return StatusSeen(ended=not self.rooms.get(room))
            case c.ReadQueue():
                return QueueSeen(tuple(Queued(call, "+1555", NUMBER) for call in sorted(self.waiting)))
            case c.FindConference():
                return ConferenceSeen(None)

    def step(self) -> None:
        """Do one thing that is due: deliver a webhook, or carry out a command."""
        commands = self.centre.open()
        if self.post and (not commands or self.random.random() < 0.5):
            kind, ident, body, at_ms = self.post.pop(self.random.randrange(len(self.post)))
            self.centre.tell(kind, ident, body, occurred_ms=at_ms)
        elif commands:
            first = {s.address: s for s in reversed(commands)}
            self.carry_out(self.random.choice(list(first.values())))

    def carry_out(self, sent: Sent) -> None:
        """Answer a command as Telnyx does, and check what must never be."""
        centre = self.centre
        match sent.command:
            case c.Dial(client_state=state):
                self.legs += 1
                leg = f"leg{self.legs}"
                self.alive.add(leg)
                mark = encode_client_state(state)
                self.say("call", leg, w.CallInitiated(leg, client_state=mark, direction="outgoing", state="bridging"))
                self.say("call", leg, w.CallAnswered(leg, client_state=mark))
                centre.succeed(sent, call=leg)
            case c.CreateConference(call=leg) if leg in self.alive:
                room = f"room{len(self.rooms)}"
                self.rooms[room] = {leg}
                self.say("conference", room, w.ConferenceCreated(room, leg))
                self.say("conference", room, w.ParticipantJoined(room, leg))
                centre.succeed(sent, conference=room)
            case c.JoinConference(conference=room) if not self.rooms.get(room):
                centre.refuse(sent, "90019", "gone")
            case c.JoinConference(conference=room, call=call) if call in self.alive:
                inside = [r for r, legs in self.rooms.items() if call in legs and r != room]
                talking = {leg for leg in self.rooms[room] if not leg.startswith("leg") and leg != call}
                if inside or talking:
                    self.worst.append(f"{call} joins {room} while in {inside} and with {talking}")
                self.rooms[room].add(call)
                self.waiting.discard(call)
                self.say("conference", room, w.ParticipantJoined(room, call))
                centre.succeed(sent)
            case c.LeaveConference(conference=room, call=call):
                self.leave(room, call)
                centre.succeed(sent)
            case c.Answer(call=call) if call in self.alive:
                self.say("call", call, w.CallAnswered(call))
                centre.succeed(sent)
            case c.Speak(call=call, client_state=state) if call in self.alive:
                self.say("call", call, w.SpeakEnded(call, client_state=encode_client_state(state)))
                centre.succeed(sent)
            case c.Enqueue(call=call, queue=queue) if call in self.alive:
                self.waiting.add(call)
                self.say("queue", queue, w.CallEnqueued(call, queue))
                centre.succeed(sent)
            case c.Hangup(call=call):
                self.end(call)
                centre.succeed(sent)
            case c.RecordStart() | c.RecordStop():
                centre.succeed(sent)
            case c.ReadParticipants() | c.ReadCall():
                centre.see(sent, self.shown(sent.command))
            case _:
                centre.refuse(sent, "90018", "gone")


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.sampled_from(REACHES))
def test_whatever_the_order_of_events_no_caller_is_lost_and_none_is_with_two_agents(seed: int, reach: Reach) -> None:
    centre = Centre(reached(reach))
    world = Chaos(centre, seed)
    dice = world.random
    centre.sign_in("alice")
    centre.sign_in("bob")
    callers = [f"c{n}" for n in range(6)]
    to_come = list(callers)
    for _ in range(400):
        roll = dice.random()
        if to_come and roll < 0.05:
            world.call_in(to_come.pop())
        elif roll < 0.08:
            world.end(dice.choice(callers + [f"leg{n}" for n in range(1, world.legs + 1)]))
        elif roll < 0.15:
            centre.advance(dice.choice((0.1, 1, 5)))
        elif roll < 0.17:
            world.ask(dice.choice(("alice", "bob")))
        else:
            world.step()
    for call in callers:
        world.end(call)
    settle(world)
    assert world.worst == []
    assert_at_rest(centre)


@settings(max_examples=150)
@given(st.integers(0, 2**32), st.sampled_from((0.0, 0.2)), st.sampled_from(REACHES))
def test_looks_at_any_point_harm_nothing_and_heal_what_lost_webhooks_broke(
    seed: int, lost: float, reach: Reach
) -> None:
    centre = Centre(reached(reach))
    world = Chaos(centre, seed, lost=lost)
    dice = world.random
    centre.sign_in("alice")
    centre.sign_in("bob")
    callers = [f"c{n}" for n in range(6)]
    to_come = list(callers)
    for _ in range(500):
        roll = dice.random()
        if to_come and roll < 0.05:
            world.call_in(to_come.pop())
        elif roll < 0.08:
            world.end(dice.choice(callers + [f"leg{n}" for n in range(1, world.legs + 1)]))
        elif roll < 0.15:
            centre.advance(dice.choice((0.1, 1, 5)))
        elif roll < 0.25:
            world.look(dice.choice(list(centre.states)))
        elif roll < 0.35 and world.looks:
            world.notice()
        else:
            world.step()
    for call in callers:
        world.end(call)
    while world.looks:
        world.notice()
    # What a bound promises: everything is looked at once more, and again after what that has led to.
    for _ in range(6):
        settle(world)
        # A leg that rang is asked for when it cannot ring any more.
        centre.advance(700)
        for address in list(centre.states):
            world.look(address)
        while world.looks:
            world.notice()
    settle(world)
    if not lost:
        assert world.worst == []
    assert_at_rest(centre)
    there = world.alive | {room for room, legs in world.rooms.items() if legs}
    held = [a for a, state in centre.states.items() if a.kind in ("call", "conference") and not machine.finished(state)]
    assert {address.id for address in held} <= there


def reached(reach: Reach) -> Tenant:
    """Return the policy of a small centre whose agents are reached so."""
    tenant = small_tenant()
    return replace(tenant, agents={name: replace(agent, reach=reach) for name, agent in tenant.agents.items()})


def settle(world: Chaos) -> None:
    """Carry on until nothing is due any more."""
    for _ in range(3_000):
        if not world.post and not world.centre.open():
            world.centre.advance(40)
            if not world.post and not world.centre.open():
                break
        world.step()


def assert_at_rest(centre: Centre) -> None:
    """Nobody is in the queue, each who was has been counted, and no agent is held."""
    queue = centre.queue() if centre.address("queue", "support") in centre.states else None
    if queue is not None:
        assert not queue.callers
        assert queue.tally.offered == queue.tally.ended
    for name in ("alice", "bob"):
        # Who is on demand is paused when he could not be reached for too many callers.
        assert centre.agent(name).duty in ("available", "offline", "paused")
        assert centre.agent(name).offer is None
