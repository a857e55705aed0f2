"""One call leg on a stage of its own: tell it facts, read what it commands and whom it tells what."""

from __future__ import annotations

from ingress.envelope import Address
from worker.aggregates.call.adopt import adopt
from worker.aggregates.call.decide import decide
from worker.aggregates.call.fold import fold
from worker.aggregates.call.state import Call
from worker.commands import command as c
from worker.commands.client_state import ClientState, encode_client_state
from worker.decisions.decision import Act, CancelTimer, Send, SetTimer, Tell, decode_decision, encode_decision
from worker.decisions.decision import Decision as Decided
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.event import Body, Event
from worker.events.outcomes import Disposition, Outcome, Refused, Succeeded, Unknown
from worker.events.timers import TimerFired
from worker.policy.model import Tenant
from worker.testing.stage import START_MS

CALLER = "+15550100"


class OneLeg:
    """A caller's leg, or one that we dialled; commands wait in `sent` until they are answered."""

    def __init__(self, policy: Tenant, *, call: str = "c1") -> None:
        self.policy = policy
        self.address = Address("default", "call", call)
        self.state = Call(self.address)
        self.now_ms = START_MS
        self.sent: list[c.AnyCommand] = []
        self.ended: list[bool] = []
        self.told: list[tuple[Address, n.AnyNotice]] = []
        self.acts: tuple[Act, ...] = ()
        #: All that was ever decided, in order.
        self.history: list[Act] = []
        self.timers: dict[str, int] = {}
        self._count = 0

    @property
    def id(self) -> str:
        """The leg's call_control_id."""
        return self.address.id

    def tell(self, body: Body, *, occurred_ms: int | None = None) -> tuple[Act, ...]:
        """Give an event to the leg; return what was decided."""
        self._count += 1
        at_ms = self.now_ms if occurred_ms is None else occurred_ms
        event = Event(f"{self.now_ms}-{self._count}", f"e{self._count}", self.address, self.now_ms, at_ms, body)
        state = fold(self.state, event)
        decided = decide(state, event, self.policy)
        # As the journal gives it back.
        self.acts = decode_decision(encode_decision(Decided(self.address, decided))).acts
        self.state = adopt(state, self.acts)
        self.history.extend(self.acts)
        for act in self.acts:
            match act:
                case Send(command):
                    self.sent.append(command)
                    self.ended.append(False)
                case Tell(to, notice):
                    self.told.append((to, notice))
                case SetTimer(key, due_ms):
                    self.timers[key] = due_ms
                case CancelTimer(key):
                    self.timers.pop(key, None)
                case _:
                    pass
        return self.acts

    def hear(self, kind: str, ident: str, notice: n.AnyNotice) -> tuple[Act, ...]:
        """Give the leg a notice of another aggregate."""
        return self.tell(n.Told(Address("default", kind, ident), notice))  # type: ignore[arg-type]

    def advance(self, secs: float) -> None:
        """Let time pass; timers that come due fire in order."""
        until_ms = self.now_ms + round(secs * 1000)
        while self.timers:
            key, due_ms = min(self.timers.items(), key=lambda item: (item[1], item[0]))
            if due_ms > until_ms:
                break
            del self.timers[key]
            self.now_ms = max(self.now_ms, due_ms)
            self.tell(TimerFired(key, due_ms))
        self.now_ms = until_ms

    def open(self, *kinds: type[c.AnyCommand]) -> list[c.AnyCommand]:
        """Return the commands that have no end yet, of these kinds or all."""
        pairs = zip(self.sent, self.ended, strict=True)
        return [command for command, ended in pairs if not ended and (not kinds or isinstance(command, kinds))]

    def succeed(self, command: c.AnyCommand) -> None:
        """Telnyx accepts a command."""
        self._end(command, Succeeded())

    def refuse(self, command: c.AnyCommand, code: str, disposition: Disposition, *, status: int = 422) -> None:
        """Telnyx says no to a command."""
        self._end(command, Refused(status, code, "refused by the test", disposition))

    def lose(self, command: c.AnyCommand) -> None:
        """Nobody knows what became of a command."""
        self._end(command, Unknown("lost by the test"))

    def carry_out(self) -> None:
        """Let Telnyx accept all that is open."""
        while waiting := self.open():
            self.succeed(waiting[0])

    def ring(self, dialled: str, *, number: str | None = CALLER) -> None:
        """Somebody rings."""
        self.tell(w.CallInitiated(self.id, direction="incoming", state="parked", from_=number, to=dialled))

    def answer(self, dialled: str, *, number: str | None = CALLER) -> None:
        """Somebody rings and is answered."""
        self.ring(dialled, number=number)
        self.carry_out()
        self.tell(w.CallAnswered(self.id))

    def heard(self, status: str = "completed") -> None:
        """What was said or played last is over."""
        said = [x for x in self.sent if isinstance(x, c.Speak | c.Play)][-1]
        self.carry_out()
        state = encode_client_state(said.client_state)
        ended = w.SpeakEnded(self.id, client_state=state) if isinstance(said, c.Speak) else w.PlaybackEnded(
            self.id, client_state=state, status=status
        )  # fmt: skip
        self.tell(ended)

    def key(self, digits: str, status: str = "valid") -> None:
        """The caller keys in what he was asked for last, or nothing."""
        asked = [x for x in self.sent if isinstance(x, c.Gather)][-1]
        self.carry_out()
        self.now_ms += 1
        state = encode_client_state(asked.client_state)
        self.tell(w.GatherEnded(self.id, digits=digits, status=status, client_state=state))

    def press(self, digit: str) -> None:
        """The caller presses a key that he was not asked for."""
        self.now_ms += 1
        self.tell(w.DtmfReceived(self.id, digit=digit))

    def hang_up(self) -> None:
        """The leg ends."""
        self.tell(w.CallHangup(self.id, hangup_cause="normal_clearing", hangup_source="caller"))

    def dialled_for(self, owner: str, purpose: str) -> None:
        """The leg is one that we have dialled."""
        mark = encode_client_state(ClientState(owner=owner, purpose=purpose))
        self.tell(
            w.CallInitiated(self.id, direction="outgoing", state="bridging", from_="+1", to=CALLER, client_state=mark)
        )

    def said(self) -> list[str]:
        """Return all texts that were said, or asked for digits with, in order."""
        return [x.text or "" for x in self.sent if isinstance(x, c.Speak | c.Gather)]

    def notices(self, kind: type[n.AnyNotice]) -> list[n.AnyNotice]:
        """Return what was told of a kind, in order."""
        return [notice for _, notice in self.told if isinstance(notice, kind)]

    def _end(self, command: c.AnyCommand, result: Succeeded | Refused | Unknown) -> None:
        place = next(
            i for i, (x, ended) in enumerate(zip(self.sent, self.ended, strict=True)) if x is command and not ended
        )
        self.ended[place] = True
        self.tell(Outcome(f"command-{place}", command, result))
