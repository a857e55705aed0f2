"""Laws of the folds: the order and the repetition of webhooks do not matter."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from ingress.envelope import Address, AggregateKind
from worker.aggregates import machine
from worker.commands import command as c
from worker.commands.client_state import ClientState, encode_client_state
from worker.events import webhooks as w
from worker.events.event import Event
from worker.events.outcomes import CallSeen, ParticipantsSeen
from worker.testing.centre import NUMBER, Centre, small_tenant
from worker.testing.stage import Sent

CALL = Address("default", "call", "c1")
ROOM = Address("default", "conference", "room")
GREETED = encode_client_state(ClientState(speech="greeting"))


def call_webhooks(*, agent: str | None) -> list[tuple[int, w.Delivered]]:
    """Return the webhooks of one leg's life with the times at which they occurred."""
    mark = encode_client_state(ClientState(agent=agent)) if agent else None
    return [
        (1, w.CallInitiated("c1", client_state=mark, direction="incoming", state="parked", from_="+1555", to=NUMBER)),
        (2, w.CallAnswered("c1", client_state=mark)),
        (3, w.SpeakStarted("c1")),
        (4, w.SpeakEnded("c1", client_state=GREETED)),
        (5, w.Other("call.something.new")),
        (9, w.CallHangup("c1", hangup_cause="normal_clearing", hangup_source="caller")),
    ]


ROOM_WEBHOOKS: list[tuple[int, w.Delivered]] = [
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
]


def folded(address: Address, facts: list[tuple[int, w.Delivered]]) -> machine.AggregateState:
    """Fold *facts* in the order given."""
    state = machine.new(address)
    for number, (occurred_ms, body) in enumerate(facts):
        state = machine.fold(state, Event(f"{number}-0", str(number), address, 1_000 + number, occurred_ms, body))
    return state


@given(st.data(), st.sampled_from([None, "alice"]))
def test_a_calls_webhooks_lead_to_one_state_in_any_order_and_repetition(data: st.DataObject, agent: str | None) -> None:
    facts = call_webhooks(agent=agent)
    repeated = data.draw(st.lists(st.sampled_from(facts), max_size=8))
    mixed = data.draw(st.permutations(facts + repeated))
    assert folded(CALL, mixed) == folded(CALL, facts)


@given(st.data())
def test_a_conferences_webhooks_lead_to_one_state_in_any_order_and_repetition(data: st.DataObject) -> None:
    repeated = data.draw(st.lists(st.sampled_from(ROOM_WEBHOOKS), max_size=8))
    mixed = data.draw(st.permutations(ROOM_WEBHOOKS + repeated))
    assert folded(ROOM, mixed) == folded(ROOM, ROOM_WEBHOOKS)


class Chaos:
    """Plays Telnyx for a stage: carries out commands, and delivers their webhooks late, twice, and out of order."""

    def __init__(self, centre: Centre, seed: int) -> None:
        self.centre = centre
        self.random = random.Random(seed)
        self.post: list[tuple[AggregateKind, str, w.Delivered, int]] = []
        self.rooms: dict[str, set[str]] = {}
        self.alive: set[str] = set()
        self.legs = 0
        self.worst: list[str] = []

    def say(self, kind: AggregateKind, ident: str, body: w.Delivered) -> None:
        """Put a webhook into the post, once or twice."""
        self.centre.now_ms += 1
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
        self.say("call", call, w.CallHangup(call, hangup_cause="normal_clearing"))
        for room in [r for r, legs in self.rooms.items() if call in legs]:
            self.leave(room, call)

    def leave(self, room: str, call: str) -> None:
        """A leg leaves a conference at Telnyx."""
        if call in self.rooms.get(room, set()):
            self.rooms[room].discard(call)
            self.say("conference", room, w.ParticipantLeft(room, call))

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
            case c.JoinConference(conference=room, call=call) if call in self.alive:
                inside = [r for r, legs in self.rooms.items() if call in legs and r != room]
                talking = {leg for leg in self.rooms[room] if not leg.startswith("leg") and leg != call}
                if inside or talking:
                    self.worst.append(f"{call} joins {room} while in {inside} and with {talking}")
                self.rooms[room].add(call)
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
                self.say("queue", queue, w.CallEnqueued(call, queue))
                centre.succeed(sent)
            case c.Hangup(call=call):
                self.end(call)
                centre.succeed(sent)
            case c.RecordStart() | c.RecordStop():
                centre.succeed(sent)
            case c.ReadParticipants(conference=room):
                centre.see(sent, ParticipantsSeen(tuple(sorted(self.rooms.get(room, set())))))
            case c.ReadCall(call=call):
                centre.see(sent, CallSeen(alive=call in self.alive))
            case _:
                centre.refuse(sent, "90018", "gone")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_the_order_of_events_no_caller_is_lost_and_none_is_with_two_agents(seed: int) -> None:
    centre = Centre(small_tenant())
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
        else:
            world.step()
    for call in callers:
        world.end(call)
    for _ in range(3_000):
        if not world.post and not centre.open():
            centre.advance(40)
            if not world.post and not centre.open():
                break
        world.step()
    assert world.worst == []
    queue = centre.queue() if centre.address("queue", "support") in centre.states else None
    if queue is not None:
        assert queue.callers == {}
        tally = queue.tally
        assert tally.offered == tally.answered + tally.abandoned + tally.dismissed
    for name in ("alice", "bob"):
        assert centre.agent(name).duty in ("available", "offline")
        assert centre.agent(name).offer is None
