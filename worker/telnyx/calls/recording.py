"""A leg's recordings."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from worker.telnyx import fields as f
from worker.telnyx.operation import Body


class RecordStartBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/record_start."""

    channels: f.Channels
    format: f.Format
    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    custom_file_name: f.CustomFileName | None = None
    max_length: (
        Annotated[int, Meta(description="The longest recording, seconds; 0: no limit.", ge=0, le=14400)] | None
    ) = None
    play_beep: f.PlayBeep | None = None
    recording_track: f.RecordTrack | None = None
    timeout_secs: f.RecordTimeoutSecs | None = None
    transcription: f.Transcription | None = None
    transcription_engine: (
        Annotated[Literal["A", "B", "deepgram/nova-3"], Meta(description="Which engine transcribes.")] | None
    ) = None
    transcription_language: Annotated[str, Meta(description="The language that is spoken.")] | None = None
    transcription_max_speaker_count: Annotated[int, Meta(description="The most speakers to tell apart.")] | None = None
    transcription_min_speaker_count: Annotated[int, Meta(description="The fewest speakers to tell apart.")] | None = (
        None
    )
    transcription_profanity_filter: Annotated[bool, Meta(description="Whether rude words are hidden.")] | None = None
    transcription_speaker_diarization: Annotated[bool, Meta(description="Whether speakers are told apart.")] | None = (
        None
    )
    trim: f.RecordTrim | None = None


class RecordStopBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/record_stop."""

    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    recording_id: f.RecordingId | None = None


class RecordPauseBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/record_pause."""

    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    recording_id: f.RecordingId | None = None


class RecordResumeBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/record_resume."""

    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    recording_id: f.RecordingId | None = None
