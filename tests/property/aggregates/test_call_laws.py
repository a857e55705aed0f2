"""Laws of a caller's way: one sound at a time, one queue at a time, each queue told of each stay's end, and an end."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from worker.commands import command as c
from worker.commands.client_state import ClientState, encode_client_state
from worker.decisions.decision import Send, Tell
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.outcomes import CallSeen, Observed
from worker.policy.model import (
    Agent,
    Announcement,
    Goal,
    Menu,
    Music,
    Number,
    Queue,
    Recording,
    Sound,
    Tenant,
    Voicemail,
)
from worker.policy.model.pin import pin_hash
from worker.testing.centre import NUMBER, small_tenant
from worker.testing.leg import CALLER, OneLeg

MUSIC = Music(audio="https://m.example.com/m.mp3")
NOTICE: Announcement = "This call is recorded."
LOGINS: tuple[n.LoginAnswer, ...] = ("on", "off", "wrong", "locked", "refused")
GOALS = (
    Goal("a"), Goal("b", say="We try another team."), Goal(menu="main"), Goal(voicemail="box"),
    Goal(number="+13125559999"), Goal(login=True), Goal(say="Goodbye."), Goal(), Goal("away"), None,
)  # fmt: skip
TENANT = replace(
    small_tenant(),
    numbers={NUMBER: Number(menu="main", greeting="Welcome.")},
    menus={
        "main": Menu(
            Sound(media="menu"),
            {
                "1": Goal("a"),
                "2": Goal("b"),
                "3": Goal(voicemail="box"),
                "4": Goal(number="+13125559999"),
                "5": Goal(login=True),
                "6": Goal(menu="main", say="Once more."),
            },
            otherwise=Goal("a"),
            invalid="No.",
        )
    },
    voicemails={"box": Voicemail("Speak.", max_secs=30)},
    queues={"a": Queue(music=MUSIC, recording=Recording(announce=NOTICE)), "b": Queue(music=MUSIC), "c": Queue()},
    agents={"alice": Agent(CALLER, ("a",), pin=pin_hash("1", "0011223344556677"))},
)


REASONS: tuple[n.GoOnReason, ...] = ("max-wait", "full", "closed", "failed", "key")


class Telnyx:
    """One leg at Telnyx, and the queue, the conference and the agent that deal with it; whatever is due comes in any
    order, and with *faults* some of it never."""

    def __init__(self, seed: int, policy: Tenant, *, faults: float) -> None:
        self.dice = random.Random(seed)
        self.faults = faults
        self.leg = OneLeg(policy)
        self.post: list[tuple[w.Delivered, int]] = []
        self.alive = True
        self.answered = False
        self.hears: str | None = None
        self.asked: c.Gather | None = None
        self.queue: str | None = None
        self.room: str | None = None
        self.records = False
        self.wrong: list[str] = []
        #: The offer that the queue has for the caller, and its conference.
        self.offer: tuple[str, str] | None = None
        self.offers = 0
        self.undoing = False
        self.read = 0

    def say(self, webhook: w.Delivered) -> None:
        if self.dice.random() >= self.faults / 2:
            self.post.extend([(webhook, self.leg.now_ms)] * self.dice.choice((1, 1, 2)))

    def deliver(self) -> None:
        webhook, at_ms = self.post.pop(self.dice.randrange(len(self.post)))
        self.leg.tell(webhook, occurred_ms=at_ms)

    def end(self) -> None:
        if self.alive:
            self.alive, self.hears, self.asked, self.room, self.queue = False, None, None, None, None
            self.say(w.CallHangup("c1", hangup_cause="normal_clearing"))

    def complain(self, what: str) -> None:
        if not self.faults:
            self.wrong.append(what)

    def sound_over(self, mark: ClientState | None, kind: type[w.SpeakEnded | w.PlaybackEnded], status: str) -> None:
        state = encode_client_state(mark) if mark else None
        self.say(w.SpeakEnded("c1", client_state=state) if kind is w.SpeakEnded else w.PlaybackEnded(
            "c1", client_state=state, status=status))  # fmt: skip

    def carry_out(self, command: c.AnyCommand) -> None:
        """Do what the first open command asks, or fail at it."""
        if not isinstance(command, c.ReadCall) and self.dice.random() < self.faults:
            way = self.dice.choice(("wait", "fatal", "lost"))
            if way == "lost":
                self.leg.lose(command)
            else:
                self.leg.refuse(command, "10015", "wait" if way == "wait" else "fatal")
            return
        if isinstance(command, c.ReadCall):
            self.leg.ended[self.leg.sent.index(command)] = True
            for place, other in enumerate(self.leg.sent):
                if other is command:
                    self.leg.ended[place] = True
            self.leg.tell(Observed("r", command, CallSeen(self.alive)))
            return
        if not self.alive:
            self.leg.refuse(command, "90018", "gone")
            return
        self._effect(command)
        self.leg.succeed(command)

    def _effect(self, command: c.AnyCommand) -> None:
        match command:
            case c.Answer():
                if not self.answered:
                    self.answered = True
                    self.say(w.CallAnswered("c1"))
            case c.Speak(stop=stop, client_state=mark) | c.Play(stop=stop, client_state=mark):
                if (self.hears is not None and not stop) or self.asked is not None:
                    self.complain(f"{mark.speech} is said over {self.hears or self.asked}")
                self.hears = mark.speech
            case c.StopSounds():
                self.hears = None
            case c.Gather():
                if self.hears is not None or self.asked is not None:
                    self.complain(f"digits are asked for over {self.hears or self.asked}")
                self.asked = command
            case c.Enqueue(queue=queue):
                if self.queue is not None and self.queue != queue:
                    self.complain(f"he enters {queue} while in {self.queue}")
                if self.room is not None:
                    self.complain(f"he enters {queue} while in {self.room}")
                self.queue, self.room = queue, None
            case c.LeaveQueue():
                self.queue = None
            case c.JoinConference(conference=room):
                if self.asked is not None:
                    self.complain("he is joined while he is asked for digits")
                self.queue, self.room = None, room
            case c.LeaveConference(conference=room):
                self.room = None if self.room == room else self.room
            case c.RecordLeg():
                if self.hears:
                    self.complain(f"{self.hears} is recorded")
                self.records = True
            case c.RecordLegStop():
                self.records = False
            case c.Hangup() | c.Reject():
                self.end()
            case _:
                pass

    def world(self) -> None:
        """Something happens by itself."""
        leg, dice = self.leg, self.dice
        if not self.alive:
            return
        if self.hears and not self.hears.startswith("music:") and dice.random() < 0.6:
            mark, self.hears = ClientState(speech=self.hears), None
            self.sound_over(mark, dice.choice((w.SpeakEnded, w.PlaybackEnded)), "completed")
        elif self.asked is not None:
            asked, self.asked = self.asked, None
            digits = dice.choice(("1", "2", "3", "4", "5", "6", "7", ""))
            status = "valid" if digits else "timeout"
            keyed = encode_client_state(asked.client_state)
            self.say(w.DtmfReceived("c1", digit=digits or "*", client_state=keyed))
            self.say(w.GatherEnded("c1", digits=digits, status=status, client_state=keyed))
        elif self.records:
            self.records = False
            self.say(w.CallRecordingSaved(call_leg_id="l", call_session_id="s", call_control_id="c1", recording_id="r"))
        elif leg.state.visit.transfer == "asked" and dice.random() < 0.5:
            purpose = f"{leg.state.course.hop}:transfer" if leg.state.course else ""
            leg.hear("call", "b", n.LegEnded("b", leg.now_ms, "busy", purpose, answered=dice.random() < 0.5))
        elif leg.state.visit.login == "asked":
            leg.hear("agent", "alice", n.PhoneLoggedIn(dice.choice(LOGINS), leg.state.visit.attempt))
        elif dice.random() < 0.1:
            self.say(w.DtmfReceived("c1", digit="1"))
        else:
            self.queue_acts()

    def queue_acts(self) -> None:
        """The queue that has him, if one does, does one of the things that it may do."""
        leg, dice = self.leg, self.dice
        queue = self.told_waiting()
        if queue is None:
            self.offer, self.undoing = None, False
            return
        if self.offer is not None:
            if self.undoing:
                if n.Disconnected(self.offer[0], "c1") in leg.notices(n.Disconnected):
                    self.offer, self.undoing = None, False
            elif n.JoinFailed(self.offer[0], "c1", "refused") in leg.notices(n.JoinFailed):
                self.offer = None
            elif dice.random() < 0.3:
                self.undoing = True
                leg.hear("queue", queue, n.Disconnect(self.offer[0]))
            elif dice.random() < 0.2:
                goal = dice.choice([goal for goal in GOALS if goal is not None])
                leg.hear("conference", self.offer[1], n.Move(goal, dice.choice((None, "alice"))))
            elif dice.random() < 0.1:
                leg.hear("queue", queue, n.GoOn("finished"))
            return
        self.offers += 1
        roll = dice.random()
        if roll < 0.3:
            sounds = tuple(Sound(text=f"{self.offers} {i}") for i in range(dice.randrange(3)))
            leg.hear("queue", queue, n.Announce(f"{self.offers}", sounds))
        elif roll < 0.5:
            self.offer = (f"o{self.offers}", f"room{self.offers}")
            leg.hear("queue", queue, n.Connect(*self.offer))
        elif roll < 0.7:
            reason = dice.choice(REASONS)
            leg.hear("queue", queue, n.GoOn(reason, dice.choice(GOALS)))
        elif roll < 0.8:
            leg.hear("queue", queue, n.OutOfQueue())

    def told_waiting(self) -> str | None:
        """Return the queue that knows of the caller, if one does."""
        known: str | None = None
        for to, notice in self.leg.told:
            if isinstance(notice, n.CallerWaiting):
                known = to.id
            elif isinstance(notice, n.CallerGone) and known == to.id:
                known = None
        return known

    def step(self) -> None:
        roll = self.dice.random()
        commands = self.leg.open()
        if roll < 0.3 and self.post:
            self.deliver()
        elif roll < 0.6 and commands:
            self.carry_out(commands[0])
        elif roll < 0.95:
            self.world()
        else:
            self.leg.advance(self.dice.choice((0.05, 0.5)))

        for to, notice in self.leg.told[self.read :]:
            if isinstance(notice, n.CallerGone) and notice.moved and self.room is not None:
                self.complain(f"{to.id} is told that he has gone while he is in {self.room}")
        self.read = len(self.leg.told)
        if self.room is not None and self.hears is not None and not self.leg.open(c.StopSounds):
            self.complain(f"he hears {self.hears} in {self.room}")

    def settle(self) -> None:
        """Carry on until nothing is on its way."""
        while self.post or self.leg.open():
            if self.post:
                self.deliver()
            else:
                self.carry_out(self.leg.open()[0])


def each_stay_has_one_end(leg: OneLeg) -> None:
    """Assert that a queue that was told of the caller was told once that he has gone; and no other between."""
    known: str | None = None
    asked: set[str] = set()
    for act in leg.history:
        match act:
            case Send(c.Enqueue(queue=queue)):
                asked.add(queue)
            case Tell(to, n.CallerWaiting()):
                assert known in (None, to.id), f"{to.id} is told of him while {known} has him"
                known = to.id
            case Tell(to, n.CallerGone()):
                assert known in (None, to.id)
                # One that he was only being put into is told to be sure.
                assert known is not None or to.id in asked
                known = None
                asked.discard(to.id)
            case _:
                pass
    assert known is None


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from((0.0, 0.1)))
def test_whatever_happens_on_his_way_a_caller_hears_one_thing_is_in_one_place_and_each_queue_hears_of_his_end(
    seed: int, faults: float
) -> None:
    telnyx = Telnyx(seed, TENANT, faults=faults)
    telnyx.say(w.CallInitiated("c1", direction="incoming", state="parked", from_=CALLER, to=NUMBER))
    for _ in range(300):
        telnyx.step()
    telnyx.end()
    telnyx.settle()
    # What a lost `call.hangup` leaves is found by a look.
    telnyx.leg.tell(Observed("look", c.ReadCall("c1"), CallSeen(alive=False), telnyx.leg.now_ms))
    telnyx.leg.advance(7_200)
    telnyx.settle()
    assert telnyx.wrong == []
    assert telnyx.leg.state.over
    assert not telnyx.leg.timers
    each_stay_has_one_end(telnyx.leg)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_a_caller_who_does_nothing_comes_to_an_end_by_himself(seed: int) -> None:
    telnyx = Telnyx(seed, TENANT, faults=0.2)
    telnyx.leg.ring(NUMBER)
    for _ in range(400):
        telnyx.settle()
        if not telnyx.alive:
            break
        queue = telnyx.told_waiting()
        if queue is not None and telnyx.leg.state.waits:
            reason = telnyx.dice.choice(REASONS)
            telnyx.leg.hear("queue", queue, n.GoOn(reason, telnyx.dice.choice(GOALS)))
        telnyx.asked, telnyx.records = None, False
        if telnyx.hears and not telnyx.hears.startswith("music:"):
            telnyx.hears = None
        telnyx.leg.advance(40)
    assert not telnyx.alive
