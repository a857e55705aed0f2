"""Digits asked of a leg."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from worker.telnyx import fields as f
from worker.telnyx.operation import Body


class GatherBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/gather: digits are awaited."""

    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    gather_id: Annotated[str, Meta(description="Comes back with the result.", min_length=1, max_length=40)] | None = (
        None
    )
    initial_timeout_millis: f.InitialTimeoutMillis | None = None
    inter_digit_timeout_millis: f.InterDigitTimeoutMillis | None = None
    maximum_digits: f.MaximumDigits | None = None
    minimum_digits: f.MinimumDigits | None = None
    terminating_digit: f.TerminatingDigit | None = None
    timeout_millis: Annotated[int, Meta(description="How long to wait for the input, milliseconds.")] | None = None
    valid_digits: f.ValidDigits | None = None


class GatherUsingAudioBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/gather_using_audio: audio asks for digits."""

    audio_url: f.AudioUrl | None = None
    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    inter_digit_timeout_millis: f.InterDigitTimeoutMillis | None = None
    invalid_audio_url: f.InvalidAudioUrl | None = None
    invalid_media_name: f.InvalidMediaName | None = None
    maximum_digits: f.MaximumDigits | None = None
    maximum_tries: f.MaximumTries | None = None
    media_name: f.MediaName | None = None
    minimum_digits: f.MinimumDigits | None = None
    terminating_digit: f.TerminatingDigit | None = None
    timeout_millis: f.TimeoutMillis | None = None
    valid_digits: f.ValidDigits | None = None


class GatherUsingSpeakBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/gather_using_speak: a voice asks for digits."""

    payload: f.Payload
    voice: f.Voice
    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    inter_digit_timeout_millis: f.InterDigitTimeoutMillis | None = None
    invalid_payload: Annotated[str, Meta(description="The text for a wrong input.")] | None = None
    language: f.Language | None = None
    maximum_digits: f.MaximumDigits | None = None
    maximum_tries: f.MaximumTries | None = None
    minimum_digits: f.MinimumDigits | None = None
    payload_type: f.PayloadType | None = None
    service_level: f.ServiceLevel | None = None
    terminating_digit: f.TerminatingDigit | None = None
    timeout_millis: f.TimeoutMillis | None = None
    valid_digits: f.ValidDigits | None = None
    voice_settings: f.VoiceSettings | None = None


class GatherStopBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/gather_stop."""

    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
