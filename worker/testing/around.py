"""Telnyx, the phones and the post around aggregates that are far apart, with books of their own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeVar

from ingress.envelope import AggregateKind
from worker.commands import command as c
from worker.commands.client_state import ClientState, encode_client_state
from worker.events import webhooks as w
from worker.events.outcomes import (
    CallSeen,
    ConferenceSeen,
    ParticipantsSeen,
    Queued,
    QueueSeen,
    Seen,
    StatusSeen,
)
from worker.policy.model import Tenant
from worker.testing.apart import Apart
from worker.testing.stage import Sent

S = TypeVar("S")
#: Telnyx lets no conference, and no leg, live longer.
LIVES_MS = 4 * 3600 * 1000
#: Who has had no caller for so long has been in another conference, and on another leg, by then.
IDLE_MS = 60_000


class World:
    """Telnyx, who carries out commands when it is told to, and delivers webhooks in whatever order."""

    def __init__(self, policy: Tenant) -> None:
        self.centre = Apart(policy)
        self.post: list[tuple[AggregateKind, str, w.Delivered, int]] = []
        self.alive: dict[str, int] = {}
        self.callers: set[str] = set()
        self.ringing: set[str] = set()
        #: What is written on a leg, and whom it was dialled to.
        self.marks: dict[str, str | None] = {}
        self.to: dict[str, str] = {}
        self.queued: dict[str, str] = {}
        self.rooms: dict[str, set[str]] = {}
        self.names: dict[str, str] = {}
        self.made_ms: dict[str, int] = {}
        #: When the last caller left a conference.
        self.talked_ms: dict[str, int] = {}
        self.legs = 0
        self.wrong: list[str] = []

    @property
    def now_ms(self) -> int:
        """The time."""
        return self.centre.now_ms

    def say(self, kind: AggregateKind, ident: str, body: w.Delivered) -> None:
        """Put a webhook into the post."""
        self.centre.now_ms += 1
        self.post.append((kind, ident, body, self.now_ms))

    def call_in(self, call: str, number: str, dialled: str) -> None:
        """A caller rings."""
        self.alive[call] = self.now_ms
        self.callers.add(call)
        self.marks[call] = None
        parked = w.CallInitiated(call, direction="incoming", state="parked", from_=number, to=dialled)
        self.say("call", call, parked)

    def end(self, call: str, cause: str = "normal_clearing") -> None:
        """A leg ends."""
        if call not in self.alive:
            return
        del self.alive[call]
        self.ringing.discard(call)
        self.queued.pop(call, None)
        self.say("call", call, w.CallHangup(call, hangup_cause=cause, client_state=self.marks[call]))
        for room in [room for room, legs in self.rooms.items() if call in legs]:
            self.leave(room, call)

    def leave(self, room: str, call: str) -> None:
        """A leg leaves a conference, which is over when it was the last."""
        if call in self.rooms.get(room, set()):
            self.rooms[room].discard(call)
            if call in self.customers():
                self.talked_ms[room] = self.now_ms
            self.say("conference", room, w.ParticipantLeft(room, call))
            if not self.rooms[room]:
                del self.rooms[room]
                self.say("conference", room, w.ConferenceEnded(room, reason="all_left"))

    def end_room(self, room: str) -> None:
        """A conference ends, and with it all legs in it."""
        for call in sorted(self.rooms.get(room, set())):
            self.end(call)

    def answer(self, leg: str) -> None:
        """A phone that rings is answered."""
        if leg in self.ringing:
            self.ringing.discard(leg)
            self.say("call", leg, w.CallAnswered(leg, client_state=self.marks[leg]))

    def enter(self, room: str, call: str) -> None:
        """A leg enters a conference."""
        self.queued.pop(call, None)
        others = [each for each, legs in self.rooms.items() if call in legs and each != room]
        talking = (self.rooms[room] - {call}) & self.customers() if call in self.customers() else set()
        if others or talking:
            self.wrong.append(f"{call} enters {room} while in {others} and with {talking}")
        if call not in self.rooms[room]:
            self.rooms[room].add(call)
            self.say("conference", room, w.ParticipantJoined(room, call))

    def customers(self) -> set[str]:
        """Return the legs of callers, with which they came or on which they are called back."""
        return self.callers | {leg for leg, to in self.to.items() if not to.startswith("sip:")}

    def age(self) -> None:
        """What has lived for too long is ended by Telnyx."""
        for room in [room for room in self.rooms if self.now_ms - self.made_ms[room] >= LIVES_MS]:
            talked_ms = self.now_ms if self.rooms[room] & self.customers() else self.talked_ms.get(room, 0)
            if self.now_ms - talked_ms > IDLE_MS:
                self.wrong.append(f"{room} was not left before Telnyx ended it")
            self.end_room(room)
        for leg in [leg for leg, since_ms in self.alive.items() if self.now_ms - since_ms >= LIVES_MS]:
            self.end(leg)

    def due(self) -> list[Callable[[], object]]:
        """Return what can happen next, but for time and people."""
        apart = self.centre
        moves: list[Callable[[], object]] = [lambda a=a: apart.read(a) for a in apart.readers()]  # type: ignore[misc]
        moves += [lambda a=a: apart.carry(a) for a in apart.tellers()]  # type: ignore[misc]
        moves += [lambda s=s: self.carry_out(s) for s in apart.next_commands()]  # type: ignore[misc]
        return moves + [lambda k=k: self.bring(k) for k in range(min(3, len(self.post)))]

    def bring(self, index: int) -> None:
        """Bring a webhook into its log."""
        kind, ident, body, at_ms = self.post.pop(index)
        self.centre.tell(kind, ident, body, occurred_ms=at_ms)

    def together(self, call: str) -> bool:
        """Whether a caller is in a conference with an agent."""
        return any(call in legs and legs - self.customers() for legs in self.rooms.values())

    def states(self, kind: type[S]) -> list[S]:
        """Return what there is of a kind."""
        return [state for _, state in sorted(self.centre.states.items(), key=str) if isinstance(state, kind)]

    def wait(self, secs: float) -> None:
        """Let time pass."""
        self.centre.advance(secs)
        self.age()

    def flow(self) -> None:
        """Let everything that is due happen; no time passes."""
        apart = self.centre
        for _ in range(3_000):
            if apart.logs:
                apart.read(next(iter(apart.logs)))
            elif apart.owed:
                apart.carry(next(iter(apart.owed)))
            elif commands := apart.next_commands():
                self.carry_out(commands[0])
            elif self.post:
                self.bring(0)
            else:
                return
        raise AssertionError("it never comes to rest")

    def quiet(self, secs: float = 240) -> None:
        """Let everything happen for a while, with all phones answered; time goes from timer to timer."""
        until_ms = self.now_ms + round(secs * 1000)
        while True:
            self.flow()
            for leg in sorted(self.ringing):
                self.answer(leg)
            self.flow()
            due_ms = self.centre.next_due_ms()
            if due_ms is None or due_ms > until_ms:
                break
            self.wait(max(0, due_ms - self.now_ms) / 1000)
        self.wait(max(0, until_ms - self.now_ms) / 1000)
        self.flow()

    def lose(self, sent: Sent, *, done: bool) -> None:
        """Nobody knows what became of a command; it may have been carried out."""
        if isinstance(sent.command, c.Read):
            return
        if done:
            shadow = Sent(0, sent.address, sent.command)
            length = len(self.centre.logs.get(sent.address, ()))
            self.carry_out(shadow)
            while len(log := self.centre.logs.get(sent.address, deque())) > length:
                log.pop()
            if not log:
                self.centre.logs.pop(sent.address, None)
        self.centre.lose(sent)

    def carry_out(self, sent: Sent) -> None:
        """Answer a command as Telnyx does."""
        match sent.command:
            case c.ReadCall() | c.ReadParticipants() | c.ReadConference() | c.FindConference() | c.ReadQueue():
                self.centre.see(sent, self._shown(sent.command))
            case c.Dial(to=to, client_state=state):
                self.centre.succeed(sent, call=self._dial(to, state))
            case c.CreateConference(name=name, call=leg) if leg in self.alive:
                self.centre.succeed(sent, conference=self._create(name, leg))
            case c.JoinConference(conference=room) if room not in self.rooms:
                self.centre.refuse(sent, "90019", "gone")
            case command if self._does(command):
                self.centre.succeed(sent)
            case _:
                self.centre.refuse(sent, "90018", "gone")

    def _does(self, command: c.AnyCommand) -> bool:
        """Do what is asked of a leg or a conference; return whether that could be done."""
        match command:
            case c.JoinConference(conference=room, call=call) if call in self.alive:
                self.enter(room, call)
            case c.LeaveConference(conference=room, call=call):
                self.leave(room, call)
            case c.EndConference(conference=room):
                self.end_room(room)
            case c.Answer(call=call) if call in self.alive:
                self.say("call", call, w.CallAnswered(call))
            case c.Speak(call=call, client_state=state) if call in self.alive:
                self.say("call", call, w.SpeakEnded(call, client_state=encode_client_state(state)))
            case c.Enqueue(call=call, queue=queue) if call in self.alive:
                self.queued[call] = queue
                self.say("queue", queue, w.CallEnqueued(call, queue))
            case c.LeaveQueue(call=call) if call in self.alive:
                self.queued.pop(call, None)
            case c.Hangup(call=call) | c.Reject(call=call) if call in self.alive:
                self.end(call)
            case c.StopSounds():
                pass
            case _:
                return False
        return True

    def _dial(self, to: str, state: ClientState) -> str:
        self.legs += 1
        leg, mark = f"leg{self.legs}", encode_client_state(state)
        self.alive[leg], self.to[leg], self.marks[leg] = self.now_ms, to, mark
        self.ringing.add(leg)
        self.say("call", leg, w.CallInitiated(leg, client_state=mark, direction="outgoing", state="bridging"))
        return leg

    def _create(self, name: str, leg: str) -> str:
        room = f"room{len(self.made_ms)}"
        self.names[name], self.rooms[room], self.made_ms[room] = room, set(), self.now_ms
        self.say("conference", room, w.ConferenceCreated(room, leg))
        self.enter(room, leg)
        return room

    def _shown(self, read: c.Read) -> Seen:
        match read:
            case c.ReadCall(call=call):
                return CallSeen(alive=call in self.alive)
            case c.ReadParticipants(conference=room):
                return ParticipantsSeen(tuple(sorted(self.rooms.get(room, set()))))
            case c.ReadConference(conference=room):
                return StatusSeen(ended=room not in self.rooms)
            case c.FindConference(name=name):
                room = self.names.get(name, "")
                return ConferenceSeen(room if room in self.rooms else None)
            case c.ReadQueue(queue=queue):
                here = sorted(call for call, where in self.queued.items() if where == queue)
                return QueueSeen(tuple(Queued(call, "", "") for call in here))
