"""A conference's recordings."""

from __future__ import annotations

from worker.telnyx import fields as f
from worker.telnyx.operation import Body


class RecordStartBody(Body, frozen=True, kw_only=True):
    """POST /conferences/{conference}/actions/record_start."""

    format: f.Format
    channels: f.Channels | None = None
    command_id: f.CommandId | None = None
    custom_file_name: f.CustomFileName | None = None
    play_beep: f.PlayBeep | None = None
    region: f.Region | None = None
    trim: f.RecordTrim | None = None


class RecordStopBody(Body, frozen=True, kw_only=True):
    """POST /conferences/{conference}/actions/record_stop."""

    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    recording_id: f.RecordingId | None = None
    region: f.Region | None = None


class RecordPauseBody(Body, frozen=True, kw_only=True):
    """POST /conferences/{conference}/actions/record_pause."""

    command_id: f.CommandId | None = None
    recording_id: f.RecordingId | None = None
    region: f.Region | None = None


class RecordResumeBody(Body, frozen=True, kw_only=True):
    """POST /conferences/{conference}/actions/record_resume."""

    command_id: f.CommandId | None = None
    recording_id: f.RecordingId | None = None
    region: f.Region | None = None
