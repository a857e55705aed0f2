"""Recordings of calls and of conferences: saved, failed, transcribed.

`recording_urls` are valid for ten minutes; `public_recording_urls` come only to accounts that asked Telnyx for them,
and are valid for as long as the file exists.
"""

from __future__ import annotations

from typing import Annotated

from worker.events.webhooks.base import (
    CallDetails,
    CallWebhook,
    Channels,
    ConferenceWebhook,
    PartyType,
    RecordingFormat,
    RecordingUrls,
)
from worker.events.webhooks.documented import documented

RecordingFailure = Annotated[
    str,
    documented(
        "Failed to authorize with storage using custom credentials",
        "Invalid credentials json",
        "Unsupported backend",
        "Internal server error",
    ),
]
TranscriptionStatus = Annotated[str, documented("completed")]


class CallRecordingSaved(CallDetails, frozen=True, kw_only=True, tag="call.recording.saved"):
    """A call leg's recording can be fetched.

    `call_control_id`, `recording_id`, `format`, `start_time` and `end_time` are not in Telnyx's schema, but in real
    bodies; one that has no `call_control_id` is routed to no call.
    """

    call_control_id: str | None = None
    recording_id: str | None = None
    channels: Channels | None = None
    format: RecordingFormat | None = None
    recording_started_at: str | None = None
    recording_ended_at: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    recording_urls: RecordingUrls | None = None
    public_recording_urls: RecordingUrls | None = None


class CallRecordingFailed(CallWebhook, frozen=True, kw_only=True, tag="call.recording.error"):
    """A call leg's recording could not be made or kept. There is no such event of a conference."""

    reason: RecordingFailure | None = None


class TranscriptionSaved(CallWebhook, frozen=True, kw_only=True, tag="call.recording.transcription.saved"):
    """What was said in a recording, as text."""

    recording_id: str | None = None
    recording_transcription_id: str | None = None
    status: TranscriptionStatus | None = None
    transcription_text: str | None = None
    calling_party_type: PartyType | None = None


class ConferenceRecordingSaved(ConferenceWebhook, frozen=True, kw_only=True, tag="conference.recording.saved"):
    """A conference's recording can be fetched. On two `channels`, the first one is the creator's."""

    recording_id: str | None = None
    channels: Channels | None = None
    format: RecordingFormat | None = None
    recording_started_at: str | None = None
    recording_ended_at: str | None = None
    recording_urls: RecordingUrls | None = None
    public_recording_urls: RecordingUrls | None = None
    call_control_id: str | None = None
    call_session_id: str | None = None
    client_state: str | None = None
