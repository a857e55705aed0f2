"""Whatever is asked of conversations, and is lost, late or doubled: nobody is left over, and nothing is left on."""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from ingress.intents import model as i
from worker.commands import command as c
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.outcomes import Observed, Outcome, ParticipantsSeen, Refused, StatusSeen, Succeeded, Unknown
from worker.testing.conversation import LEG, Conversation, care_tenant
from worker.testing.stage import Sent

AUDIO = "https://example.com/a.mp3"
NUMBER = "+13125550177"
INTENTS: list[Callable[[random.Random], i.CareIntent]] = [
    lambda dice: i.Hold("alice", on=dice.random() < 0.6),
    lambda dice: i.Mute("alice", on=dice.random() < 0.6),
    lambda dice: i.Say("alice", dice.choice(("caller", "agent", "all")), text="Hello"),
    lambda _: i.Hush("alice"),
    lambda _: i.SendDtmf("alice", "1"),
    lambda _: i.Collect("alice", AUDIO),
    lambda _: i.Transfer("alice", i.Target(number=NUMBER), "warm"),
    lambda _: i.Transfer("alice", i.Target(number=NUMBER), "warm"),
    lambda _: i.Transfer("alice", i.Target(queue="sales")),
    lambda _: i.CompleteTransfer("alice"),
    lambda _: i.CompleteTransfer("alice"),
    lambda _: i.CancelTransfer("alice"),
    lambda _: i.AddParty("alice", NUMBER),
    lambda dice: i.PauseRecording("alice", on=dice.random() < 0.6),
    lambda dice: i.Record("alice", on=dice.random() < 0.6),
    lambda _: i.EndConversation("alice"),
    lambda dice: i.Supervise("alice", "boss", dice.choice(("monitor", "whisper", "barge"))),
    lambda _: i.StopSupervising("alice", "boss"),
]


class Telnyx:
    """Carries out what the conference commands, one after another, and tells of it late, twice, or never."""

    def __init__(self, seed: int, *, lost: float) -> None:
        self.talk = Conversation(care_tenant())
        self.random = random.Random(seed)
        self.lost = lost
        self.room: set[str] = set()
        self.held: set[str] = set()
        self.muted: set[str] = set()
        #: Dialled legs that live; a leg's purpose.
        self.legs: dict[str, str] = {}
        self.dialled = 0
        self.recording = "off"
        self.over = False
        #: Reliable, but late.
        self.post: list[Callable[[], object]] = []
        self.callers = 0
        self.wrong: list[str] = []

    def say(self, body: w.Delivered) -> None:
        """Put a webhook into the post."""
        at_ms = self.talk.now_ms
        if self.random.random() >= self.lost:
            for _ in range(self.random.choice((1, 1, 1, 2))):
                self.post.append(lambda: self.talk.see(body, occurred_ms=at_ms))

    def enter(self, leg: str) -> None:
        """A leg comes in."""
        self.talk.now_ms += 1
        if leg not in self.room:
            self.room.add(leg)
            self.say(w.ParticipantJoined("room", leg))

    def leave(self, leg: str) -> None:
        """A leg goes out; the last one ends the conference."""
        self.talk.now_ms += 1
        if leg in self.room:
            self.room.discard(leg)
            self.held.discard(leg)
            self.muted.discard(leg)
            self.say(w.ParticipantLeft("room", leg))
            if leg.startswith("c"):
                # His own leg, and by it his queue, are looked after themselves.
                gone = n.LegGone(leg, self.talk.now_ms)
                self.post.append(lambda: self.talk.hear(gone))
            if not self.room:
                self.over, self.recording = True, "off"
                self.say(w.ConferenceEnded("room", reason="all_left"))

    def end(self, leg: str) -> None:
        """A dialled leg ends; that is told in the end, for it is looked after itself."""
        purpose = self.legs.pop(leg, None)
        if purpose is not None:
            self.leave(leg)
            at_ms = self.talk.now_ms
            self.post.append(lambda: self.talk.hear(n.LegEnded(leg, at_ms, "x", purpose)))

    def step(self) -> None:
        """Do one thing that is due."""
        waits = [sent for sent in self.talk.sent if not sent.ended]
        if self.post and (not waits or self.random.random() < 0.5):
            self.post.pop(self.random.randrange(len(self.post)))()
        elif waits:
            self.carry_out(waits[0])

    def carry_out(self, sent: Sent) -> None:
        """Answer the oldest command."""
        sent.ended = True
        roll = self.random.random()
        read = isinstance(sent.command, c.ReadParticipants)
        if read and roll > self.lost:
            seen = ParticipantsSeen(tuple(sorted(self.room)))
            self.talk.now_ms += 1
            self.talk.see(Observed(sent.id, sent.command, seen))
            return
        result = Unknown("lost") if roll < self.lost / 2 else self.effect(sent.command)
        if roll < self.lost:
            result = Unknown("lost")
        self.talk.see(Outcome(sent.id, sent.command, result))

    def effect(self, command: c.AnyCommand) -> Succeeded | Refused | Unknown:
        """Carry *command* out."""
        gone = Refused(422, "90018", "gone", "gone")
        match command:
            case c.Dial(client_state=state):
                self.dialled += 1
                leg, purpose = f"third{self.dialled}", state.purpose or ""
                self.legs[leg] = purpose
                if self.random.random() < 0.7:
                    answered = n.LegAnswered(leg, self.talk.now_ms, purpose)
                    self.post.append(lambda: self.talk.hear(answered))
                else:
                    self.end(leg)
                return Succeeded(call=leg)
            case c.Hangup(call=leg):
                if leg not in self.legs:
                    return Succeeded(already="90018")
                self.end(leg)
            case _ if self.over:
                return Refused(422, "90019", "over", "gone")
            case c.JoinConference(call=leg):
                if leg not in self.legs:
                    return gone
                self.enter(leg)
            case c.LeaveConference(call=leg):
                self.leave(leg)
            case c.EndConference():
                if LEG in self.room:
                    self.wrong.append("the agent's leg is ended")
                for leg in sorted(self.room):
                    self.end(leg) if leg in self.legs else self.leave(leg)
            case c.Hold(call=leg) | c.Unhold(call=leg) | c.Mute(call=leg) | c.Unmute(call=leg):
                if leg not in self.room:
                    return Refused(422, "10015", "not inside", "fatal")
                whom = self.held if isinstance(command, c.Hold | c.Unhold) else self.muted
                (whom.add if isinstance(command, c.Hold | c.Mute) else whom.discard)(leg)
            case c.RecordStart():
                self.recording = "on"
            case c.RecordStop():
                self.recording = "off"
            case c.ConferenceSpeak(calls=calls) | c.ConferencePlay(calls=calls) | c.ConferenceStop(calls=calls):
                if not calls or "" in calls:
                    self.wrong.append(f"{command} is for everybody")
            case _:
                pass
        return Succeeded()

    def call_in(self) -> None:
        """A queue sends a caller, when the agent is free."""
        free = self.talk.state.agent is not None and not self.talk.state.expected and LEG in self.room and not self.over
        if free and not any(leg.startswith("c") for leg in self.room):
            self.callers += 1
            call = f"c{self.callers}"
            self.talk.hear(n.CallerExpected(f"offer-{call}", call, "support", "alice"))
            self.enter(call)

    def obey(self) -> None:
        """Callers whom the conference sends away go, sooner or later."""
        for to, notice in self.talk.told:
            if isinstance(notice, n.Move):
                self.post.append(lambda call=to.id: self.leave(call))  # type: ignore[misc]
        self.talk.told = [(to, x) for to, x in self.talk.told if not isinstance(x, n.Move)]

    def look(self) -> None:
        """Look at the conference, as is done from time to time."""
        at_ms = self.talk.now_ms
        read = c.ReadParticipants("room")
        self.talk.see(Observed("look", read, ParticipantsSeen(tuple(sorted(self.room))), at_ms))
        if self.over:
            self.talk.see(Observed("look", c.ReadConference("room"), StatusSeen(ended=True), at_ms))

    def settle(self) -> None:
        """Carry on until nothing is due any more."""
        for _ in range(2_000):
            self.obey()
            if not self.post and not self.talk.open():
                self.talk.advance(70)
                self.look()
                self.obey()
                if not self.post and not self.talk.open() and not self.talk.timers:
                    return
            self.step()


@settings(max_examples=150)
@given(st.integers(0, 2**32), st.sampled_from((0.0, 0.25)))
def test_whatever_is_asked_and_lost_nobody_is_left_over_and_nothing_is_left_on(seed: int, lost: float) -> None:
    world = Telnyx(seed, lost=lost)
    dice = world.random
    world.talk.hear(n.ConferenceReady("alice", LEG, world.talk.now_ms))
    world.enter(LEG)
    for number in range(150):
        roll = dice.random()
        if roll < 0.1:
            world.call_in()
        elif roll < 0.35:
            world.talk.hear(n.Care(f"ask-{number}", dice.choice(INTENTS)(dice)))
        elif roll < 0.4:
            callers = [leg for leg in sorted(world.room) if leg.startswith("c")]
            world.leave(dice.choice(callers)) if callers else None
        elif roll < 0.43 and world.legs:
            world.end(dice.choice(sorted(world.legs)))
        elif roll < 0.48:
            world.talk.advance(dice.choice((0.1, 1, 5, 20)))
        else:
            world.obey()
            world.step()
    for leg in [leg for leg in sorted(world.room) if leg.startswith("c")]:
        world.leave(leg)
    world.settle()
    state = world.talk.state
    assert world.wrong == []
    assert world.legs == {}
    assert state.parties == {}
    assert state.expected == {}
    assert state.talk is None
    assert (world.held, world.muted) == (set(), set())
    assert world.room <= {LEG}
    assert world.recording == "off"
    if LEG not in world.room:
        # The agent was let out, and knows it: he has no conference that is not there.
        assert any(isinstance(notice, n.ConferenceOver) for _, notice in world.talk.told)
