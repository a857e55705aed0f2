"""A conference and who is in it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from worker.telnyx import fields as f
from worker.telnyx.operation import Body


class CreateBody(Body, frozen=True, kw_only=True):
    """POST /conferences."""

    call_control_id: Annotated[str, Meta(description="The answered leg that makes the conference, and is in it.")]
    name: Annotated[str, Meta(description="Its name, unique among active conferences.")]
    beep_enabled: f.BeepEnabled | None = None
    client_state: f.ClientState | None = None
    comfort_noise: Annotated[bool, Meta(description="Whether a silent conference has background noise.")] | None = None
    command_id: f.CommandId | None = None
    duration_minutes: Annotated[int, Meta(description="How long the conference may last, minutes.", ge=1)] | None = None
    hold_audio_url: f.HoldAudioUrl | None = None
    hold_media_name: f.HoldMediaName | None = None
    max_participants: Annotated[int, Meta(description="How many may be in it.", ge=2, le=800)] | None = None
    region: f.Region | None = None
    start_conference_on_create: (
        Annotated[
            bool, Meta(description="Whether it begins at once; else those who join are held until one starts it.")
        ]
        | None
    ) = None


class EndBody(Body, frozen=True, kw_only=True):
    """POST /conferences/{conference}/actions/end."""

    command_id: f.CommandId | None = None


class UpdateBody(Body, frozen=True, kw_only=True):
    """POST /conferences/{conference}/actions/update: a supervisor's role changes."""

    call_control_id: Annotated[str, Meta(description="The supervisor's leg.")]
    supervisor_role: f.SupervisorRole
    command_id: f.CommandId | None = None
    region: f.Region | None = None
    whisper_call_control_ids: f.WhisperCallControlIds | None = None


class JoinBody(Body, frozen=True, kw_only=True):
    """POST /conferences/{conference}/actions/join."""

    call_control_id: Annotated[str, Meta(description="The leg that enters.")]
    beep_enabled: f.BeepEnabled | None = None
    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    end_conference_on_exit: f.EndConferenceOnExit | None = None
    hold: Annotated[bool, Meta(description="Whether the leg is held at once.")] | None = None
    hold_audio_url: f.HoldAudioUrl | None = None
    hold_media_name: f.HoldMediaName | None = None
    mute: Annotated[bool, Meta(description="Whether the leg is muted at once.")] | None = None
    region: f.Region | None = None
    soft_end_conference_on_exit: f.SoftEndConferenceOnExit | None = None
    start_conference_on_enter: (
        Annotated[bool, Meta(description="Whether this leg's entry begins a conference that waits.")] | None
    ) = None
    supervisor_role: f.SupervisorRole | None = None
    whisper_call_control_ids: f.WhisperCallControlIds | None = None


class LeaveBody(Body, frozen=True, kw_only=True):
    """POST /conferences/{conference}/actions/leave."""

    call_control_id: Annotated[str, Meta(description="The leg that leaves; it stays parked.")]
    beep_enabled: f.BeepEnabled | None = None
    command_id: f.CommandId | None = None
    region: f.Region | None = None


class HoldBody(Body, frozen=True, kw_only=True):
    """POST /conferences/{conference}/actions/hold."""

    audio_url: (
        Annotated[str, Meta(description="What those on hold hear (mp3 or wav). Not together with `media_name`.")] | None
    ) = None
    call_control_ids: f.CallControlIds | None = None
    media_name: f.MediaName | None = None
    region: f.Region | None = None


class UnholdBody(Body, frozen=True, kw_only=True):
    """POST /conferences/{conference}/actions/unhold."""

    call_control_ids: Annotated[list[str], Meta(description="Whose hold ends.")]
    region: f.Region | None = None


class MuteBody(Body, frozen=True, kw_only=True):
    """POST /conferences/{conference}/actions/mute."""

    call_control_ids: f.CallControlIds | None = None
    region: f.Region | None = None


class UnmuteBody(Body, frozen=True, kw_only=True):
    """POST /conferences/{conference}/actions/unmute."""

    call_control_ids: f.CallControlIds | None = None
    region: f.Region | None = None


class UpdateParticipantBody(Body, frozen=True, kw_only=True):
    """PATCH /conferences/{conference}/participants/{participant}."""

    beep_enabled: f.BeepEnabled | None = None
    end_conference_on_exit: f.EndConferenceOnExit | None = None
    soft_end_conference_on_exit: f.SoftEndConferenceOnExit | None = None
