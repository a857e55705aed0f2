"""What the providers of voices can be told, each by its `type`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class Voice(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="type"):
    """Settings of a voice."""


class TelnyxVoice(Voice, frozen=True, tag="telnyx"):
    """`voice_speed` 1 is the usual one."""

    voice_speed: Annotated[float, Meta(ge=0.1, le=2.0)] | None = None


class AwsVoice(Voice, frozen=True, tag="aws"):
    """Has no settings."""


class AzureVoice(Voice, frozen=True, tag="azure"):
    """`api_key_ref` names an integration secret at Telnyx; with it, `region` is needed."""

    api_key_ref: str | None = None
    deployment_id: str | None = None
    effect: Literal["eq_car", "eq_telecomhp8k"] | None = None
    gender: Literal["Male", "Female"] | None = None
    region: str | None = None


class ElevenLabsVoice(Voice, frozen=True, tag="elevenlabs"):
    """`api_key_ref` names an integration secret at Telnyx."""

    api_key_ref: str | None = None


class InworldVoice(Voice, frozen=True, tag="inworld"):
    """How evenly it is spoken."""

    delivery_mode: Literal["STABLE", "BALANCED", "CREATIVE"] | None = None


class MinimaxVoice(Voice, frozen=True, tag="minimax"):
    """Language, pitch, speed, volume."""

    language_boost: str | None = None
    pitch: int | None = None
    speed: float | None = None
    vol: float | None = None


class ResembleVoice(Voice, frozen=True, tag="resemble"):
    """The audio's form; `sample_rate` in Hz, as text."""

    format: Literal["wav", "mp3"] | None = None
    precision: Literal["PCM_16", "PCM_24", "PCM_32", "MULAW"] | None = None
    sample_rate: Literal["8000", "16000", "22050", "32000", "44100", "48000"] | None = None


class RimeVoice(Voice, frozen=True, tag="rime"):
    """`voice_speed` 1 is the usual one. In Telnyx's document of July 2026, but no longer in its SDK 4.189."""

    voice_speed: float | None = None


class SonioxVoice(Voice, frozen=True, tag="soniox"):
    """`speed` 1 is the usual one; `reduce_silence` shortens the pauses between words."""

    reduce_silence: bool | None = None
    speed: float | None = None


class XaiVoice(Voice, frozen=True, tag="xai"):
    """`auto` finds the language out."""

    language: str | None = None


VoiceSettings = (
    TelnyxVoice
    | AwsVoice
    | AzureVoice
    | ElevenLabsVoice
    | InworldVoice
    | MinimaxVoice
    | ResembleVoice
    | RimeVoice
    | SonioxVoice
    | XaiVoice
)
