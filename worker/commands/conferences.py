"""The commands to a conference: who is in it and how, what is heard there, and its recording.

None is ever for everybody: Telnyx takes an empty list of legs for all participants, so a command names each.
"""

from __future__ import annotations

from typing import Literal

from worker.commands.base import Command
from worker.commands.client_state import ClientState

#: Telnyx's words: `barge` is heard by all, `monitor` by nobody, `whisper` by those who are named.
SupervisorRole = Literal["barge", "monitor", "whisper"]
Beep = Literal["always", "never", "on_enter", "on_exit"]


class CreateConference(Command, frozen=True, tag="create-conference"):
    """Make a conference of *name* with a call leg, which is in it from then on."""

    name: str
    call: str
    client_state: ClientState


class JoinConference(Command, frozen=True, tag="join-conference"):
    """Put a call leg into a conference; Telnyx takes it out of its queue by that.

    A supervisor has a `role`; who whispers is heard by the legs of `whisper_to` alone.
    """

    conference: str
    call: str
    role: SupervisorRole | None = None
    whisper_to: tuple[str, ...] = ()


class LeaveConference(Command, frozen=True, tag="leave-conference"):
    """Take a call leg out of a conference; it stays parked."""

    conference: str
    call: str


class RecordStart(Command, frozen=True, tag="record-start"):
    """Start recording a conference."""

    conference: str
    format: Literal["mp3", "wav"]
    channels: Literal["single", "dual"]


class RecordStop(Command, frozen=True, tag="record-stop"):
    """Stop recording a conference."""

    conference: str


class RecordPause(Command, frozen=True, tag="record-pause"):
    """Pause the recording of a conference."""

    conference: str


class RecordResume(Command, frozen=True, tag="record-resume"):
    """Go on with the recording of a conference."""

    conference: str


class Hold(Command, frozen=True, tag="hold"):
    """Hold a participant, who hears one of the two, or silence."""

    conference: str
    call: str
    audio: str | None = None
    media: str | None = None


class Unhold(Command, frozen=True, tag="unhold"):
    """Take a participant back from hold."""

    conference: str
    call: str


class Mute(Command, frozen=True, tag="mute"):
    """Let a participant be heard no more."""

    conference: str
    call: str


class Unmute(Command, frozen=True, tag="unmute"):
    """Let a participant be heard again."""

    conference: str
    call: str


class ChangeRole(Command, frozen=True, tag="change-role"):
    """Let a supervisor who is inside listen, whisper or speak."""

    conference: str
    call: str
    role: SupervisorRole
    whisper_to: tuple[str, ...] = ()


class ChangeRights(Command, frozen=True, tag="change-rights"):
    """Say what becomes of a conference when a participant leaves (his leg, or Telnyx's id of him). None: as it is."""

    conference: str
    participant: str
    end_conference_on_exit: bool | None = None
    soft_end_conference_on_exit: bool | None = None
    beep_enabled: Beep | None = None


class ConferenceSpeak(Command, frozen=True, tag="conference-speak"):
    """Say *text* to some participants."""

    conference: str
    calls: tuple[str, ...]
    text: str
    voice: str
    language: str | None


class ConferencePlay(Command, frozen=True, tag="conference-play"):
    """Play an audio file to some participants, once."""

    conference: str
    calls: tuple[str, ...]
    audio: str


class ConferenceStop(Command, frozen=True, tag="conference-stop"):
    """Stop what some participants are played or told."""

    conference: str
    calls: tuple[str, ...]


class ConferenceDtmf(Command, frozen=True, tag="conference-dtmf"):
    """Send tones to some participants."""

    conference: str
    calls: tuple[str, ...]
    digits: str


class ConferenceGather(Command, frozen=True, tag="conference-gather"):
    """Play an audio file to a participant and take the keys that follow; `gather` comes back with them."""

    conference: str
    call: str
    audio: str
    max_digits: int
    gather: str


class EndConference(Command, frozen=True, tag="end-conference"):
    """End a conference and all legs in it."""

    conference: str


ConferenceCommand = (
    CreateConference | JoinConference | LeaveConference | EndConference | Hold | Unhold | Mute | Unmute | ChangeRole
    | ChangeRights | ConferenceSpeak | ConferencePlay | ConferenceStop | ConferenceDtmf | ConferenceGather
    | RecordStart | RecordStop | RecordPause | RecordResume
)  # fmt: skip
