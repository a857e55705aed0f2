"""The objects inside request bodies."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

#: Settings that Telnyx hands on to others (speech engines, AI assistants): sent as they are.
JsonObject = dict[str, object]

Millis = Annotated[int, Meta(ge=0)]


class Part(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An object inside a body. What is absent is not sent."""


class CustomHeader(Part, frozen=True):
    """A SIP header of your own."""

    name: str
    value: str


class SipHeader(Part, frozen=True):
    """A standard SIP header; Telnyx sends User-to-User only."""

    name: Literal["User-to-User"]
    value: str


class SoundModifications(Part, frozen=True):
    """Changes of pitch: `octaves` from -1 to 1, `semitone` from -14 to 14, `pitch` above 0."""

    octaves: float | None = None
    pitch: float | None = None
    semitone: float | None = None
    track: str | None = None


class DeepfakeDetection(Part, frozen=True):
    """Judge whether the voice is a machine's. `timeout` and `rtp_timeout` in seconds."""

    enabled: bool | None = None
    rtp_timeout: Annotated[int, Meta(ge=5, le=120)] | None = None
    timeout: Annotated[int, Meta(ge=5, le=60)] | None = None


class DialogflowConfig(Part, frozen=True):
    """Settings of Dialogflow."""

    analyze_sentiment: bool | None = None
    partial_automated_agent_reply: bool | None = None


class MachineDetectionConfig(Part, frozen=True):
    """Thresholds of answering machine detection; `premium` heeds only the total time and the greeting's length.

    `prompt_end_timeout_millis` bounds the wait for the end of an iPhone's screening prompt. Fields `beep_…` say which
    tones count as a beep; `beep_spectral_min_purity` is from 0 to 1.
    """

    after_greeting_silence_millis: Millis | None = None
    beep_detection_profile: Literal["both", "freq_only"] | None = None
    beep_max_frequency_hz: int | None = None
    beep_min_frequency_hz: int | None = None
    beep_min_tone_duration_millis: Millis | None = None
    beep_spectral_confirmation: bool | None = None
    beep_spectral_min_purity: float | None = None
    beep_spectral_reject_fax_cng: bool | None = None
    beep_spectral_window_millis: Millis | None = None
    between_words_silence_millis: Millis | None = None
    greeting_duration_millis: Millis | None = None
    greeting_silence_duration_millis: Millis | None = None
    greeting_total_analysis_time_millis: Millis | None = None
    initial_silence_millis: Millis | None = None
    maximum_number_of_words: int | None = None
    maximum_word_length_millis: Millis | None = None
    prompt_end_timeout_millis: Millis | None = None
    silence_threshold: int | None = None
    total_analysis_time_millis: Millis | None = None


class ConferenceConfig(Part, frozen=True):
    """The conference that a dialled leg enters: by `id`, or by `conference_name`, which makes it if there is none.

    `early_media` (Telnyx's default) lets it in while it still rings.
    """

    id: str | None = None
    conference_name: str | None = None
    beep_enabled: Literal["always", "never", "on_enter", "on_exit"] | None = None
    early_media: bool | None = None
    end_conference_on_exit: bool | None = None
    hold: bool | None = None
    hold_audio_url: str | None = None
    hold_media_name: str | None = None
    mute: bool | None = None
    soft_end_conference_on_exit: bool | None = None
    start_conference_on_create: bool | None = None
    start_conference_on_enter: bool | None = None
    supervisor_role: Literal["barge", "monitor", "none", "whisper"] | None = None
    whisper_call_control_ids: list[str] | None = None


class RetryPolicy(Part, frozen=True):
    """The pauses before the repetitions of a webhook, milliseconds: at most five, of 60 s together."""

    retries_ms: Annotated[list[int], Meta(max_length=5)] | None = None


class TranscriptionConfig(Part, frozen=True):
    """How a call is transcribed. The engine's own settings go to it as they are."""

    client_state: str | None = None
    command_id: str | None = None
    transcription_engine: (
        Literal[
            "Google",
            "Telnyx",
            "Deepgram",
            "Azure",
            "xAI",
            "AssemblyAI",
            "Speechmatics",
            "Soniox",
            "Parakeet",
            "Humain",
            "Reson8",
            "Cohere",
            "A",
            "B",
        ]
        | None
    ) = None
    transcription_engine_config: JsonObject | None = None
    transcription_tracks: str | None = None
