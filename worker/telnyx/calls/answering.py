"""A leg's beginning and end: answer, reject, hang up; and its client_state."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from worker.telnyx import fields as f
from worker.telnyx.operation import Body


class AnswerBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/answer."""

    assistant: f.Assistant | None = None
    billing_group_id: f.BillingGroupId | None = None
    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    conversation_relay_config: f.ConversationRelayConfig | None = None
    custom_headers: f.CustomHeaders | None = None
    deepfake_detection: f.DeepfakeDetection | None = None
    preferred_codecs: (
        Annotated[Literal["G722,PCMU,PCMA,G729,OPUS,VP8,H264"], Meta(description="Codecs by preference, with commas.")]
        | None
    ) = None
    record: f.Record | None = None
    record_channels: f.RecordChannels | None = None
    record_custom_file_name: f.RecordCustomFileName | None = None
    record_format: f.RecordFormat | None = None
    record_max_length: f.RecordMaxLength | None = None
    record_timeout_secs: f.RecordTimeoutSecs | None = None
    record_track: f.RecordTrack | None = None
    record_trim: f.RecordTrim | None = None
    send_silence_when_idle: f.SendSilenceWhenIdle | None = None
    sip_headers: f.SipHeaders | None = None
    sound_modifications: f.SoundModifications | None = None
    stream_bidirectional_codec: f.StreamBidirectionalCodec | None = None
    stream_bidirectional_mode: f.StreamBidirectionalMode | None = None
    stream_bidirectional_target_legs: f.StreamBidirectionalTargetLegs | None = None
    stream_codec: f.StreamCodec | None = None
    stream_track: f.StreamTrack | None = None
    stream_url: f.StreamUrl | None = None
    transcription: f.Transcription | None = None
    transcription_config: f.TranscriptionConfig | None = None
    webhook_retries_policies: f.WebhookRetriesPolicies | None = None
    webhook_url: f.WebhookUrl | None = None
    webhook_url_method: f.WebhookUrlMethod | None = None
    webhook_urls: f.WebhookUrls | None = None
    webhook_urls_method: f.WebhookUrlsMethod | None = None


class RejectBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/reject: an incoming leg is turned away."""

    cause: Annotated[
        Literal["CALL_REJECTED", "NOT_FOUND", "TEMPORARILY_UNAVAILABLE", "USER_BUSY"],
        Meta(description="What the caller's network is told: SIP 603, 404, 480, 486."),
    ]
    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None


class HangupBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/hangup."""

    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    custom_headers: f.CustomHeaders | None = None
    reason: (
        Annotated[str, Meta(description="Told to a phone that still rings, so that it shows no missed call.")] | None
    ) = None


class ClientStateUpdateBody(Body, frozen=True, kw_only=True):
    """PUT /calls/{call}/actions/client_state_update."""

    client_state: f.ClientState
