"""What happens in one simulated run: who calls when, and what goes wrong. A seed makes one; a file keeps one."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from ingress.errors import ConfigError, NotThereError
from ingress.intents.model import AnyIntent
from worker.policy.model import Tenant
from worker.testing.emulator.settings import Conditions, Phone, Unconfirmed
from worker.testing.simulation.redis.server import Weather

Away = Literal["refused", "silent"]
#: What a process sends: a script by its name, a request to Telnyx; or whatever it does next.
Sending = Literal["", "journal", "append", "telnyx"]


class _Happening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    #: Seconds from the start.
    at_secs: float


class Press(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys are pressed so long after ringing."""

    after_secs: float
    digits: str


class Ring(_Happening, frozen=True, tag="ring"):
    """A caller rings, and waits so long before hanging up; if connected, talks so long."""

    patience_secs: float = 60.0
    talk_secs: float = 5.0
    #: The number that is rung, and whose it is that rings; empty: the only one, and one of his own.
    to: str = ""
    number: str = ""
    keys: tuple[Press, ...] = ()
    #: He hangs up so long after ringing, whatever goes on.
    leaves_secs: float | None = None


#: What is waited for, half a minute at most, before something is done: that the agent's phone rings, that he is in a
#: conversation, that he consults a colleague, that somebody waits in the queue.
When = Literal["", "rings", "talks", "consults", "waits"]
#: The name of whichever agent it is for whom that is so; of whom is to be consulted, a colleague who is idle.
SOMEBODY = "somebody"


class Ask(_Happening, frozen=True, tag="ask"):
    """Somebody asks for something.

    A call that is named `caller:N` is the one of the N-th who rang, `waiting` the first in the queue; a conference
    named `room:AGENT` is the one in which the agent is.
    """

    intent: AnyIntent
    when: When = ""


class HangUp(_Happening, frozen=True, tag="hang-up"):
    """An agent's phone hangs up."""

    agent: str
    when: When = ""


class Key(_Happening, frozen=True, tag="key"):
    """An agent presses keys."""

    agent: str
    digits: str
    when: When = "talks"


Deed = Ask | HangUp | Key


class Aimed(_Happening, frozen=True):
    """Happens in the middle of something: when so many more events are in the log, and so many more steps are taken."""

    events: int = 0
    steps: int = 0
    #: In the middle of a step, just before it sends this: what it has looked at may be otherwise by then.
    sending: Sending = ""


class Crash(Aimed, frozen=True, tag="crash"):
    """A worker is killed; it is started again, or never."""

    worker: int = 0
    again_secs: float | None = 2.0
    #: Whether the next one has the same name.
    same_name: bool = False


class Pause(Aimed, frozen=True, tag="pause"):
    """A worker takes no step for so long, while the world goes on."""

    worker: int = 0
    secs: float = 1.0


class Leave(_Happening, frozen=True, tag="leave"):
    """A worker is told to end in good order; another is started."""

    worker: int
    again_secs: float | None = 2.0


class DoorCrash(Aimed, frozen=True, tag="door-crash"):
    """The ingress is killed, and started again."""

    again_secs: float = 1.0


class RedisAway(_Happening, frozen=True, tag="redis-away"):
    """Redis, or the way to it, is gone for so long."""

    secs: float
    how: Away = "refused"


class RedisRestart(_Happening, frozen=True, tag="redis-restart"):
    """Redis ends, and comes back without the changes of the last `forgets_ms` (as after a failover too)."""

    secs: float
    forgets_ms: int = 0


class RedisWeather(_Happening, frozen=True, tag="redis-weather"):
    """For so long, connections to Redis break by chance, or it is slow."""

    secs: float
    weather: Weather


class TelnyxAway(_Happening, frozen=True, tag="telnyx-away"):
    """Telnyx cannot be reached, or does not answer, for so long."""

    secs: float
    how: Away = "refused"


class TelnyxConditions(_Happening, frozen=True, tag="telnyx-conditions"):
    """For so long, this goes wrong at Telnyx by chance."""

    secs: float
    conditions: Conditions


Fault = (
    Crash | Pause | Leave | DoorCrash | RedisAway | RedisRestart | RedisWeather | TelnyxAway | TelnyxConditions
)  # fmt: skip


class History(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One run. `seed` rules what is left to chance: latencies, and what breaks by share."""

    seed: int
    rings: tuple[Ring, ...] = ()
    faults: tuple[Fault, ...] = ()
    workers: int = 2
    agents: int = 2
    partitions: int = 4
    lease_secs: float = 2.0
    unconfirmed: Unconfirmed = Unconfirmed()
    #: The whole policy; none: one number, one queue and so many agents as `agents` says.
    policy: Tenant | None = None
    deeds: tuple[Deed, ...] = ()
    #: What the phones that we dial do, in turn; then they answer.
    phones: dict[str, tuple[Phone, ...]] = {}
    #: Why it is kept: what it once broke.
    note: str = ""

    @property
    def faults_end_secs(self) -> float:
        """When the last fault is over, but for what is started again."""
        return max((fault.at_secs + getattr(fault, "secs", 0.0) for fault in self.faults), default=0.0)

    @property
    def longest_start_secs(self) -> float:
        """How long what has been killed or told to end may be away before it is started again."""
        return max((getattr(fault, "again_secs", 0.0) or 0.0 for fault in self.faults), default=0.0)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(History)


def write_history(history: History, path: Path) -> None:
    """Write *history* to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(_encoder.encode(history), indent=1) + b"\n")


def read_history(path: Path) -> History:
    """Return the history of a file.

    Raises:
        NotThereError: There is no such file.
        ConfigError: It cannot be read, or is no history.
    """
    try:
        return _decoder.decode(path.read_bytes())
    except FileNotFoundError:
        raise NotThereError(f"there is no file {path}") from None
    except OSError as exc:
        raise ConfigError(f"{path}: the history cannot be read: {exc.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} is no history of a simulation: {exc}") from None
