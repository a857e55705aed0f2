"""Call legs and what happens to them: the network's own truth."""

from __future__ import annotations

import base64
import binascii
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio
from anyio.abc import TaskGroup

from worker.testing.emulator.delivery import Delivery
from worker.testing.emulator.problems import refuse
from worker.testing.emulator.settings import EmulatorSettings

#: Events that name both ends of the call; the others do not, so that nobody comes to rely on it.
WITH_BOTH_ENDS = frozenset({"call.initiated", "call.answered", "call.hangup"})
#: The SIP status that tells of each cause; one that is not here ended well.
SIP_STATUS = {"call_rejected": "603", "user_busy": "486", "originator_cancel": "487", "timeout": "480"}


def now() -> str:
    """Return the time in Telnyx's form."""
    return written(datetime.now(UTC))


def written(time: datetime) -> str:
    """Return a time in UTC in Telnyx's form."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def secs_between(earlier: str, later: str) -> int:
    """Return the whole seconds from one written time to another."""
    return int((datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds())


def check_state(client_state: str | None) -> None:
    """Refuse a client_state that Telnyx would refuse."""
    try:
        base64.b64decode(client_state or "", validate=True)
    except (binascii.Error, ValueError):
        refuse("90017", "client_state is not valid base64", pointer="/client_state")


@dataclass
class Stay:
    """A leg's time in a conference."""

    conference: str
    at: str
    left_at: str | None = None


@dataclass
class Leg:
    """A call leg."""

    id: str
    leg_id: str
    session_id: str
    incoming: bool
    from_: str
    to: str
    started_at: str
    answered_at: str | None = None
    ended_at: str | None = None
    cause: str | None = None
    client_state: str | None = None
    queue: str | None = None
    enqueued_at: str | None = None
    conference: str | None = None
    stays: list[Stay] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """Whether the leg has not ended."""
        return self.ended_at is None


#: Called with the leg and one word for what has happened to it.
Watcher = Callable[[Leg, str], None]


class World:
    """All legs, and the way by which webhooks leave."""

    def __init__(self, settings: EmulatorSettings, delivery: Delivery, rng: random.Random, tasks: TaskGroup) -> None:
        self.settings = settings
        self.delivery = delivery
        self.random = rng
        self.legs: dict[str, Leg] = {}
        self.violations: list[str] = []
        self.watchers: list[Watcher] = []
        #: Ends a leg's stay in queue or conference when it hangs up; set by those that hold it.
        self.departures: list[Callable[[Leg], None]] = []
        self._tasks = tasks

    def later(self, secs: float, action: Callable[[], None]) -> None:
        """Do *action* in a while."""

        async def wait() -> None:
            await anyio.sleep(secs)
            action()

        self._tasks.start_soon(wait)

    def leg(self, call: str, *, alive: bool = True) -> Leg:
        """Return the leg, or refuse as Telnyx does."""
        leg = self.legs.get(call)
        if leg is None:
            refuse("90015", f"{call} is not a call", pointer="/call_control_id")
        if alive and not leg.alive:
            refuse("90018", "This call is no longer active and can't receive commands")
        return leg

    def answered(self, call: str) -> Leg:
        """Return the leg, which must have been answered."""
        leg = self.leg(call)
        if leg.answered_at is None:
            refuse("90034", "This command can't be issued on a call that is not answered yet")
        return leg

    def ring(self, from_: str, to: str) -> Leg:
        """A caller rings."""
        leg = self._new(incoming=True, from_=from_, to=to)
        self.say(leg, "call.initiated", direction="incoming", state="parked", start_time=leg.started_at)
        return leg

    def dial(self, from_: str, to: str, client_state: str | None) -> Leg:
        """We call somebody."""
        check_state(client_state)
        if any(leg.to == to and leg.alive and not leg.incoming for leg in self.legs.values()):
            self.violations.append(f"{to} is dialled while it is in a call")
        leg = self._new(incoming=False, from_=from_, to=to)
        self.set_state(leg, client_state)
        self.say(leg, "call.initiated", direction="outgoing", state="bridging", start_time=leg.started_at)
        self.tell(leg, "ringing")
        return leg

    def answer(self, leg: Leg) -> None:
        """A leg is answered, by us or by the far end."""
        if leg.answered_at is None and leg.alive:
            leg.answered_at = now()
            self.say(leg, "call.answered", state="answered", start_time=leg.started_at)
            self.tell(leg, "answered")

    def hangup(self, leg: Leg, *, cause: str, source: str) -> None:
        """A leg ends."""
        if not leg.alive:
            return
        leg.ended_at, leg.cause = now(), cause
        self.say(
            leg, "call.hangup", state="hangup", hangup_cause=cause, hangup_source=source,
            sip_hangup_cause=SIP_STATUS.get(cause, "200"),
            start_time=leg.started_at, end_time=leg.ended_at,
        )  # fmt: skip
        for depart in self.departures:
            depart(leg)
        self.tell(leg, "ended")

    def speak(self, leg: Leg, text: str) -> None:
        """Something is said to a leg; when it ends, the leg's client_state of then is told."""
        state = leg.client_state
        self.say(leg, "call.speak.started")

        def ended() -> None:
            status = "completed" if leg.alive else "call_hangup"
            self.say(leg, "call.speak.ended", state_of_then=state, status=status)

        self.later(len(text) / self.settings.characters_per_sec, ended)

    def set_state(self, leg: Leg, client_state: str | None) -> None:
        """A command's client_state replaces the leg's."""
        if client_state is None:
            return
        check_state(client_state)
        leg.client_state = client_state

    def tell(self, leg: Leg, what: str) -> None:
        """Let the people on the phones know what has happened."""
        for watcher in self.watchers:
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
        if event_type in WITH_BOTH_ENDS:
            payload |= {"from": leg.from_, "to": leg.to}
        self.post(event_type, payload, occurred_in_data=True)

    def post(
        self, event_type: str, payload: dict[str, object], *, occurred_in_data: bool, wrapped: bool = True
    ) -> None:
        """Send a webhook in the second envelope, or without one."""
        data: dict[str, object] = {
            "event_type": event_type,
            "id": self.new_uuid(),
            "payload": payload,
            "record_type": "event",
        }
        if occurred_in_data:
            data["occurred_at"] = now()
        self.delivery.send({"data": data} if wrapped else data, event_type)

    def new_uuid(self) -> str:
        """Return a UUID that the seed decides."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _new(self, *, incoming: bool, from_: str, to: str) -> Leg:
        token = base64.urlsafe_b64encode(self.random.randbytes(39)).decode()
        leg = Leg(f"v3:{token}", str(uuid.uuid1()), str(uuid.uuid1()), incoming, from_, to, now())
        self.legs[leg.id] = leg
        return leg
