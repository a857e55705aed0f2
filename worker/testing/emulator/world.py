"""Call legs and what happens to them: the network's own truth."""

from __future__ import annotations

import base64
import random
import uuid
from collections import Counter
from collections.abc import Callable

from worker.testing.emulator.clock import Clock, secs_between
from worker.testing.emulator.delivery import Delivery
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.problems import refuse
from worker.testing.emulator.settings import EmulatorSettings

#: The SIP status that tells of each cause; one that is not here ended well.
SIP_STATUS = {
    "call_rejected": "603",
    "user_busy": "486",
    "originator_cancel": "487",
    "timeout": "480",
    "no_answer": "480",
    "unspecified": "480",
    "not_found": "404",
}
#: A leg can be asked for so long after its end.
KNOWN_AFTER_END_SECS = 600.0
#: Events of a call that do not name both of its ends, so that nobody comes to rely on it.
WITHOUT_ENDS = ("call.enqueued", "call.dequeued", "call.speak.", "call.playback.", "call.recording.")

#: Called with the leg and one word for what has happened to it.
Watcher = Callable[[Leg, str], None]


class World:
    """All legs, and the way by which webhooks leave."""

    def __init__(self, settings: EmulatorSettings, clock: Clock, delivery: Delivery) -> None:
        self.settings = settings
        self.clock = clock
        self.delivery = delivery
        self.random = random.Random(f"{settings.seed} world")
        self.legs: dict[str, Leg] = {}
        #: How many of our calls to each address have not ended.
        self._called: Counter[str] = Counter()
        #: Who was put into two places at once, in words: nobody of Switchhook's should be. Telnyx allows some of it.
        self.violations: list[str] = []
        self.watchers: list[Watcher] = []
        #: Ends a leg's part in a queue, conference, bridge… when it hangs up; set by those that hold it.
        self.departures: list[Callable[[Leg], None]] = []

    def later(self, secs: float, action: Callable[[], None]) -> None:
        """Do *action* in a while."""
        self.clock.later(secs, action)

    def leg(self, call: str, *, alive: bool = True, pointer: str = "/call_control_id") -> Leg:
        """Return the leg, or refuse as Telnyx does."""
        leg = self.legs.get(call)
        if leg is None:
            refuse("90015", f"{call} is not a call", pointer=pointer)
        if alive and not leg.alive:
            refuse("90018", "This call is no longer active and can't receive commands")
        return leg

    def answered(self, call: str, *, pointer: str = "/call_control_id") -> Leg:
        """Return the leg, which must have been answered."""
        leg = self.leg(call, pointer=pointer)
        if leg.answered_at is None:
            refuse("90034", "This command can't be issued on a call that is not answered yet")
        return leg

    def ring(self, from_: str, to: str) -> Leg:
        """A caller rings."""
        leg = self.add(incoming=True, from_=from_, to=to)
        self.say(leg, "call.initiated", direction="incoming", state="parked", start_time=leg.started_at)
        return leg

    def start(self, leg: Leg) -> None:
        """A leg that we dial begins to ring."""
        self.say(leg, "call.initiated", direction="outgoing", state="bridging", start_time=leg.started_at)
        self.tell(leg, "ringing")

    def add(self, *, incoming: bool, from_: str, to: str, session_id: str | None = None) -> Leg:
        """Make a leg; nobody is told yet."""
        if not incoming:
            if self._called[to]:
                self.violations.append(f"{to} is dialled while it is in a call")
            self._called[to] += 1
        token = base64.urlsafe_b64encode(self.random.randbytes(39)).decode()
        session_id = session_id or self.new_uuid()
        leg = Leg(f"v3:{token}", self.new_uuid(), session_id, incoming, from_, to, self.clock.text())
        self.legs[leg.id] = leg
        return leg

    def answer(self, leg: Leg) -> None:
        """A leg is answered, by us or by the far end."""
        if leg.answered_at is None and leg.alive:
            leg.answered_at = self.clock.text()
            self.say(leg, "call.answered", state="answered", start_time=leg.started_at)
            self.tell(leg, "answered")

    def hangup(self, leg: Leg, *, cause: str, source: str) -> None:
        """A leg ends."""
        if not leg.alive:
            return
        leg.ended_at, leg.cause = self.clock.text(), cause
        if not leg.incoming:
            self._called[leg.to] -= 1
        self.say(
            leg, "call.hangup", state="hangup", hangup_cause=cause, hangup_source=source,
            sip_hangup_cause=SIP_STATUS.get(cause, "200"), start_time=leg.started_at, end_time=leg.ended_at,
        )  # fmt: skip
        for depart in self.departures:
            depart(leg)
        self.tell(leg, "ended")

    def ended_for_secs(self, leg: Leg) -> int:
        """Return for how long a leg has been over; 0 when it is not."""
        return secs_between(leg.ended_at, self.clock.text()) if leg.ended_at else 0

    def set_state(self, leg: Leg, client_state: str | None) -> None:
        """A command's client_state replaces the leg's."""
        if client_state is not None:
            leg.client_state = client_state

    def tell(self, leg: Leg, what: str) -> None:
        """Let the people on the phones, and what waits for it, know what has happened."""
        for watcher in list(self.watchers):
            watcher(leg, what)

    def say(self, leg: Leg, event_type: str, *, state_of_then: str | None = None, **fields: object) -> None:
        """Send a webhook about a leg."""
        payload: dict[str, object] = {
            "call_control_id": leg.id,
            "call_leg_id": leg.leg_id,
            "call_session_id": leg.session_id,
            "connection_id": self.settings.connection_id,
            "client_state": leg.client_state if state_of_then is None else state_of_then,
            **fields,
        }
        if not event_type.startswith(WITHOUT_ENDS):
            payload |= {"from": leg.from_, "to": leg.to}
        self.post(event_type, payload, occurred="data", leg=leg)

    def post(
        self,
        event_type: str,
        payload: dict[str, object],
        *,
        occurred: str,
        leg: Leg | None = None,
        wrapped: bool = True,
    ) -> None:
        """Send a webhook; *occurred* tells where its time stands: `data`, `payload` or `nowhere`."""
        self.delivery.send(
            event_type,
            self.new_uuid(),
            payload,
            at=self.clock.text(),
            occurred=occurred,
            wrapped=wrapped,
            leg=leg,
        )

    def new_uuid(self) -> str:
        """Return a UUID that the seed decides."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))
