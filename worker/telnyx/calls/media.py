"""What a leg hears: speech, audio, tones."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from worker.telnyx import fields as f
from worker.telnyx.operation import Body


class SpeakBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/speak."""

    payload: f.Payload
    voice: f.Voice
    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    language: f.Language | None = None
    loop: f.Loop | None = None
    payload_type: f.PayloadType | None = None
    service_level: f.ServiceLevel | None = None
    stop: f.Stop | None = None
    target_legs: Annotated[Literal["self", "opposite", "both"], Meta(description="Who hears it.")] | None = None
    voice_settings: f.VoiceSettings | None = None


class PlaybackStartBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/playback_start."""

    audio_type: Annotated[Literal["mp3", "wav"], Meta(description="The audio's type.")] | None = None
    audio_url: f.AudioUrl | None = None
    cache_audio: Annotated[bool, Meta(description="Whether Telnyx may keep the audio.")] | None = None
    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    loop: f.Loop | None = None
    media_name: f.MediaName | None = None
    overlay: (
        Annotated[bool, Meta(description="Whether it is mixed with what is heard, rather than queued after it.")] | None
    ) = None
    playback_content: Annotated[str, Meta(description="The audio itself, base64, instead of where it is.")] | None = (
        None
    )
    stop: f.Stop | None = None
    target_legs: Annotated[str, Meta(description="Who hears it.")] | None = None


class PlaybackStopBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/playback_stop."""

    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    overlay: Annotated[bool, Meta(description="Whether it is the overlay that stops.")] | None = None
    stop: Annotated[str, Meta(description="`current` or `all`.")] | None = None


class SendDtmfBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/send_dtmf."""

    digits: f.Digits
    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    duration_millis: f.DurationMillis | None = None
