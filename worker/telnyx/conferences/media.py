"""What a conference hears, and digits asked in it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from worker.telnyx import fields as f
from worker.telnyx.operation import Body


class PlayBody(Body, frozen=True, kw_only=True):
    """POST /conferences/{conference}/actions/play."""

    audio_url: f.AudioUrl | None = None
    call_control_ids: f.CallControlIds | None = None
    loop: f.Loop | None = None
    media_name: f.MediaName | None = None
    region: f.Region | None = None


class StopBody(Body, frozen=True, kw_only=True):
    """POST /conferences/{conference}/actions/stop: what is heard ends."""

    call_control_ids: f.CallControlIds | None = None
    region: f.Region | None = None


class SpeakBody(Body, frozen=True, kw_only=True):
    """POST /conferences/{conference}/actions/speak."""

    payload: f.Payload
    voice: f.Voice
    call_control_ids: f.CallControlIds | None = None
    command_id: f.CommandId | None = None
    language: f.Language | None = None
    payload_type: f.PayloadType | None = None
    region: f.Region | None = None
    voice_settings: f.VoiceSettings | None = None


class SendDtmfBody(Body, frozen=True, kw_only=True):
    """POST /conferences/{conference}/actions/send_dtmf."""

    digits: f.Digits
    call_control_ids: f.CallControlIds | None = None
    client_state: f.ClientState | None = None
    duration_millis: f.DurationMillis | None = None


class GatherUsingAudioBody(Body, frozen=True, kw_only=True):
    """POST /conferences/{conference}/actions/gather_using_audio: audio asks one participant for digits."""

    call_control_id: Annotated[str, Meta(description="Who is asked.")]
    audio_url: f.AudioUrl | None = None
    client_state: f.ClientState | None = None
    gather_id: Annotated[str, Meta(description="Comes back with the result.", max_length=100)] | None = None
    initial_timeout_millis: f.InitialTimeoutMillis | None = None
    inter_digit_timeout_millis: f.InterDigitTimeoutMillis | None = None
    invalid_audio_url: f.InvalidAudioUrl | None = None
    invalid_media_name: f.InvalidMediaName | None = None
    maximum_digits: f.MaximumDigits | None = None
    maximum_tries: f.MaximumTries | None = None
    media_name: f.MediaName | None = None
    minimum_digits: f.MinimumDigits | None = None
    stop_playback_on_dtmf: Annotated[bool, Meta(description="Whether a digit ends the audio.")] | None = None
    terminating_digit: f.TerminatingDigit | None = None
    timeout_millis: f.TimeoutMillis | None = None
    valid_digits: f.ValidDigits | None = None
