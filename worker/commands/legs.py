"""What one call leg hears, is asked, and where it is sent."""

from __future__ import annotations

from typing import Literal

from worker.commands.base import Command
from worker.commands.client_state import ClientState


class Reject(Command, frozen=True, tag="reject"):
    """Turn an incoming call leg away, unanswered."""

    call: str
    cause: Literal["CALL_REJECTED", "USER_BUSY"] = "CALL_REJECTED"


class Speak(Command, frozen=True, tag="speak"):
    """Say *text* to a call leg. With `stop`, what it hears ends first; else it is said after that."""

    call: str
    text: str
    voice: str
    language: str | None
    client_state: ClientState
    stop: bool = False


class Play(Command, frozen=True, tag="play"):
    """Play audio to a call leg: exactly one of its address and its name at Telnyx. `endless`: until it is stopped."""

    call: str
    client_state: ClientState
    audio: str | None = None
    media: str | None = None
    endless: bool = False
    stop: bool = False


class StopSounds(Command, frozen=True, tag="stop-sounds"):
    """End all that a call leg hears by our command, and what was to be heard after it."""

    call: str


class Gather(Command, frozen=True, tag="gather"):
    """Ask a call leg for digits, once; the first one that is pressed ends the prompt.

    The prompt is exactly one of a text, the address of an audio file and its name at Telnyx. The wait for the first
    digit begins when the prompt is over.
    """

    call: str
    client_state: ClientState
    max_digits: int
    terminating: str
    timeout_secs: float
    text: str | None = None
    voice: str = ""
    language: str | None = None
    audio: str | None = None
    media: str | None = None


class Transfer(Command, frozen=True, tag="transfer"):
    """Call *to*, and bridge the leg with the new one when that is answered; if it is not, the leg stays.

    `new_leg` rides on the new leg, so that it tells who had it called.
    """

    call: str
    to: str
    from_: str
    timeout_secs: int
    new_leg: ClientState


class RecordLeg(Command, frozen=True, tag="record-leg"):
    """Record a call leg, after a tone, for so long at most; a silence of `silence_secs` ends it."""

    call: str
    max_secs: int
    silence_secs: int
    format: Literal["mp3", "wav"] = "mp3"


class RecordLegStop(Command, frozen=True, tag="record-leg-stop"):
    """Stop recording a call leg."""

    call: str


LegCommand = Reject | Speak | Play | StopSounds | Gather | Transfer | RecordLeg | RecordLegStop
