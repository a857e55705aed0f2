"""One conference on a stage: whatever it tells others, and asks of Telnyx, is collected; the test is everybody else."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from ingress.envelope import Address
from ingress.intents.model import AnyIntent, Asked, CareIntent
from worker.aggregates.conference.decide import decide
from worker.aggregates.conference.fold import adopt, fold
from worker.aggregates.conference.state import Conference, Party
from worker.commands import command as c
from worker.decisions.decision import Accept, Act, CancelTimer, Refuse, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.event import Body, Event
from worker.events.outcomes import Disposition, Observed, Outcome, ParticipantsSeen, Refused, Succeeded, Unknown
from worker.events.timers import TimerFired
from worker.policy.model import Agent, Music, Queue, Recording, Secret, Supervisor, Tenant, Voicemail
from worker.testing.stage import START_MS, Sent

ROOM = Address("default", "conference", "room")
LEG = "leg-alice"
K = TypeVar("K", bound=c.AnyCommand)
N = TypeVar("N", bound=n.AnyNotice)


def care_tenant(**recording: object) -> Tenant:
    """Return a policy with what a conversation can need; *recording* as of the queue `support`."""
    agent = Agent("sip:a@sip.telnyx.com", ("support",))
    return Tenant(
        connection_id="1",
        caller_id="+13125550100",
        api_key=Secret(env="K"),
        public_keys=(Secret(env="P"),),
        hold_music=Music(audio="https://example.com/hold.mp3"),
        queues={
            "support": Queue(recording=msgspec.convert(recording, Recording)),
            "sales": Queue(),
        },
        agents={"alice": agent, "bob": msgspec.structs.replace(agent, queues=("sales",))},
        supervisors={
            "boss": Supervisor("sip:boss@sip.telnyx.com"),
            "sam": Supervisor("sip:sam@sip.telnyx.com", queues=("sales",)),
        },
        voicemails={"box": Voicemail()},
    )


class Conversation:
    """The conference of alice, and its time."""

    def __init__(self, policy: Tenant | None = None) -> None:
        self.policy = policy or care_tenant()
        self.state = Conference(ROOM)
        self.now_ms = START_MS
        self.sent: list[Sent] = []
        self.told: list[tuple[Address, n.AnyNotice]] = []
        self.timers: dict[str, int] = {}
        self._count = 0

    def see(self, body: Body, *, occurred_ms: int | None = None) -> tuple[Act, ...]:
        """Give the conference an event, and return what it decided."""
        self._count += 1
        self.now_ms += 1
        occurred_ms = self.now_ms if occurred_ms is None else occurred_ms
        event = Event(f"{self.now_ms}-0", f"e{self._count}", ROOM, self.now_ms, occurred_ms, body)
        folded = fold(self.state, event)
        acts = decide(folded, event, self.policy)
        self.state = adopt(folded, acts) if acts else folded
        self.decided(acts)
        return acts

    def decided(self, acts: tuple[Act, ...]) -> None:
        """Collect what was decided."""
        for act in acts:
            match act:
                case Send(command):
                    self.sent.append(Sent(len(self.sent), ROOM, command))
                case Tell(to, notice):
                    self.told.append((to, notice))
                case SetTimer(key, due_ms):
                    self.timers[key] = due_ms
                case CancelTimer(key):
                    self.timers.pop(key, None)
                case _:
                    pass

    def hear(self, notice: n.AnyNotice) -> tuple[Act, ...]:
        """Give the conference a notice."""
        return self.see(n.Told(Address("default", "agent", "alice"), notice))

    def begin(self, call: str = "c1", *, queue: str = "support") -> None:
        """Alice waits in the conference (if she does not yet), and a caller joins her."""
        if not self.state.inside(LEG):
            self.hear(n.ConferenceReady("alice", LEG, self.now_ms))
            self.see(w.ParticipantJoined("room", LEG))
        self.hear(n.CallerExpected(f"offer-{call}-{self._count}", call, queue, "alice"))
        self.see(w.ParticipantJoined("room", call))
        self.settle()

    def leave(self, leg: str = "c1") -> None:
        """A leg leaves."""
        self.see(w.ParticipantLeft("room", leg))
        self.settle()

    def ask(self, intent: CareIntent, ask: str = "") -> str | None:
        """Ask something of the conversation; return the reason of a refusal, or None for yes."""
        ask = ask or f"ask-{self._count}"
        acts = self.hear(n.Care(ask, intent))
        answer = next(act for act in acts if isinstance(act, Accept | Refuse))
        assert answer.ask == ask
        return answer.reason if isinstance(answer, Refuse) else None

    def ask_itself(self, intent: AnyIntent) -> str | None:
        """Ask something of the conference itself; return the reason of a refusal, or None for yes."""
        answer = next(act for act in self.see(Asked(intent, "test")) if isinstance(act, Accept | Refuse))
        return answer.reason if isinstance(answer, Refuse) else None

    def answered(self, leg: str = "leg-third") -> Party:
        """Whoever is being dialled answers, and comes in."""
        dial = self.command(c.Dial)
        purpose = dial.client_state.purpose or ""
        self.succeed(c.Dial, call=leg)
        self.hear(n.LegAnswered(leg, self.now_ms, purpose))
        self.succeed(c.JoinConference)
        self.see(w.ParticipantJoined("room", leg))
        return self.state.parties[purpose]

    def ended(self, leg: str) -> None:
        """A leg that was dialled has ended."""
        party = self.state.party_of(leg)
        assert party is not None
        self.see(w.ParticipantLeft("room", leg))
        self.hear(n.LegEnded(leg, self.now_ms, "normal_clearing", party.purpose))

    def open(self, *kinds: type[c.AnyCommand]) -> list[c.AnyCommand]:
        """Return the commands without an end, of these kinds or all."""
        return [s.command for s in self.sent if not s.ended and (not kinds or isinstance(s.command, kinds))]

    def command(self, kind: type[K]) -> K:
        """Return the newest open command of *kind*."""
        return next(x for x in reversed(self.open()) if isinstance(x, kind))

    def commands(self) -> list[str]:
        """Return the names of all commands so far."""
        return [c.name_of(s.command) for s in self.sent]

    def notices(self, kind: type[N]) -> list[tuple[str, N]]:
        """Return whom was told what of *kind*."""
        return [(str(to.kind), notice) for to, notice in self.told if isinstance(notice, kind)]

    def succeed(self, kind: type[c.AnyCommand], *, call: str | None = None) -> None:
        """Telnyx accepts the newest open command of *kind*."""
        self._end(kind, Succeeded(call=call))

    def refuse(self, kind: type[c.AnyCommand], code: str, disposition: Disposition) -> None:
        """Telnyx says no to it."""
        self._end(kind, Refused(422, code, "refused by the test", disposition))

    def lose(self, kind: type[c.AnyCommand]) -> None:
        """Nobody knows what became of it."""
        self._end(kind, Unknown("lost by the test"))

    def show(self, *legs: str) -> None:
        """Answer the newest open read of who is inside."""
        sent = next(s for s in reversed(self.sent) if not s.ended and isinstance(s.command, c.ReadParticipants))
        sent.ended = True
        self.see(Observed(sent.id, sent.command, ParticipantsSeen(legs)))

    def settle(self) -> None:
        """Telnyx accepts whatever is open, but for dialling and reading."""
        while rest := [s for s in self.sent if not s.ended and not isinstance(s.command, c.Dial | c.ReadParticipants)]:
            rest[0].ended = True
            self.see(Outcome(rest[0].id, rest[0].command, Succeeded()))

    def advance(self, secs: float) -> None:
        """Let time pass; timers that come due fire in order."""
        until_ms = self.now_ms + round(secs * 1000)
        while self.timers:
            key = min(self.timers, key=lambda each: (self.timers[each], each))
            if self.timers[key] > until_ms:
                break
            due_ms = self.timers.pop(key)
            self.now_ms = max(self.now_ms, due_ms)
            self.see(TimerFired(key, due_ms))
        self.now_ms = max(self.now_ms, until_ms)

    def _end(self, kind: type[c.AnyCommand], result: Succeeded | Refused | Unknown) -> None:
        sent = next(s for s in reversed(self.sent) if not s.ended and isinstance(s.command, kind))
        sent.ended = True
        self.see(Outcome(sent.id, sent.command, result))
