"""Calls out: dial a leg, or transfer one."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from worker.telnyx import fields as f
from worker.telnyx import structures as s
from worker.telnyx.operation import Body


class DialBody(Body, frozen=True, kw_only=True):
    """POST /calls."""

    connection_id: Annotated[str, Meta(description="The Call Control application that the call belongs to.")]
    from_: f.From = msgspec.field(name="from")
    to: Annotated[str | list[str], Meta(description="Numbers (+E.164) or SIP URIs to call; several ring at once.")]
    answering_machine_detection: f.AnsweringMachineDetection | None = None
    answering_machine_detection_config: f.AnsweringMachineDetectionConfig | None = None
    assistant: f.Assistant | None = None
    audio_url: f.AudioUrl | None = None
    billing_group_id: f.BillingGroupId | None = None
    bridge_intent: (
        Annotated[
            bool,
            Meta(description="Whether it is to be bridged with the leg of `link_to`, whose number it then shows."),
        ]
        | None
    ) = None
    bridge_on_answer: (
        Annotated[
            bool, Meta(description="Whether to bridge with the leg of `link_to` as soon as this one is answered.")
        ]
        | None
    ) = None
    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    conference_config: (
        Annotated[s.ConferenceConfig, Meta(description="The conference to put the leg into, and how.")] | None
    ) = None
    conversation_relay_config: f.ConversationRelayConfig | None = None
    custom_headers: f.CustomHeaders | None = None
    deepfake_detection: f.DeepfakeDetection | None = None
    dialogflow_config: Annotated[s.DialogflowConfig, Meta(description="Settings of Dialogflow.")] | None = None
    diversion: f.Diversion | None = None
    enable_dialogflow: Annotated[bool, Meta(description="Whether Dialogflow takes part.")] | None = None
    from_display_name: f.FromDisplayName | None = None
    link_to: Annotated[str, Meta(description="Another leg, whose session the new one shares.")] | None = None
    media_encryption: f.MediaEncryption | None = None
    media_name: f.MediaName | None = None
    park_after_unbridge: f.ParkAfterUnbridge | None = None
    preferred_codecs: f.PreferredCodecs | None = None
    prevent_double_bridge: f.PreventDoubleBridge | None = None
    privacy: f.Privacy | None = None
    record: f.Record | None = None
    record_channels: f.RecordChannels | None = None
    record_custom_file_name: f.RecordCustomFileName | None = None
    record_format: f.RecordFormat | None = None
    record_max_length: f.RecordMaxLength | None = None
    record_timeout_secs: f.RecordTimeoutSecs | None = None
    record_track: f.RecordTrack | None = None
    record_trim: f.RecordTrim | None = None
    retry_on_timeout: (
        Annotated[bool, Meta(description="Whether another route is tried when one does not answer.")] | None
    ) = None
    route_to_mobile: f.RouteToMobile | None = None
    send_digits_on_answer: f.SendDigitsOnAnswer | None = None
    send_silence_when_idle: f.SendSilenceWhenIdle | None = None
    sip_auth_password: f.SipAuthPassword | None = None
    sip_auth_username: f.SipAuthUsername | None = None
    sip_headers: f.SipHeaders | None = None
    sip_region: f.SipRegion | None = None
    sip_transport_protocol: f.SipTransportProtocol | None = None
    sound_modifications: f.SoundModifications | None = None
    stream_auth_token: (
        Annotated[str, Meta(description="Sent to the stream's server, to be known by.", max_length=4000)] | None
    ) = None
    stream_bidirectional_codec: f.StreamBidirectionalCodec | None = None
    stream_bidirectional_mode: f.StreamBidirectionalMode | None = None
    stream_bidirectional_sampling_rate: (
        Annotated[
            Literal[8000, 16000, 22050, 24000, 48000], Meta(description="The sampling rate of audio sent back, Hz.")
        ]
        | None
    ) = None
    stream_bidirectional_target_legs: f.StreamBidirectionalTargetLegs | None = None
    stream_codec: f.StreamCodec | None = None
    stream_establish_before_call_originate: (
        Annotated[bool, Meta(description="Whether the stream is set up before the call is.")] | None
    ) = None
    stream_track: f.StreamTrack | None = None
    stream_url: f.StreamUrl | None = None
    supervise_call_control_id: Annotated[str, Meta(description="The leg that this one supervises.")] | None = None
    supervisor_role: (
        Annotated[Literal["barge", "whisper", "monitor"], Meta(description="What a supervisor hears and is heard by.")]
        | None
    ) = None
    time_limit_secs: f.TimeLimitSecs | None = None
    timeout_secs: f.RingSecs | None = None
    transcription: f.Transcription | None = None
    transcription_config: f.TranscriptionConfig | None = None
    webhook_retries_policies: f.WebhookRetriesPolicies | None = None
    webhook_url: f.WebhookUrl | None = None
    webhook_url_method: f.WebhookUrlMethod | None = None
    webhook_urls: f.WebhookUrls | None = None
    webhook_urls_method: f.WebhookUrlsMethod | None = None


class TransferBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/transfer: a new leg is called, and bridged with this one."""

    to: Annotated[str, Meta(description="The number (+E.164) or SIP URI to call.")]
    answering_machine_detection: f.AnsweringMachineDetection | None = None
    answering_machine_detection_config: f.AnsweringMachineDetectionConfig | None = None
    audio_url: f.AudioUrl | None = None
    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    custom_headers: f.CustomHeaders | None = None
    diversion: f.Diversion | None = None
    early_media: Annotated[bool, Meta(description="Whether what comes before the answer is heard.")] | None = None
    from_: f.From | None = msgspec.field(default=None, name="from")
    from_display_name: f.FromDisplayName | None = None
    media_encryption: f.MediaEncryption | None = None
    media_name: f.MediaName | None = None
    mute_dtmf: f.MuteDtmf | None = None
    park_after_unbridge: f.ParkAfterUnbridge | None = None
    preferred_codecs: f.PreferredCodecs | None = None
    privacy: f.Privacy | None = None
    record: f.Record | None = None
    record_channels: f.RecordChannels | None = None
    record_custom_file_name: f.RecordCustomFileName | None = None
    record_format: f.RecordFormat | None = None
    record_max_length: f.RecordMaxLength | None = None
    record_timeout_secs: f.RecordTimeoutSecs | None = None
    record_track: f.RecordTrack | None = None
    record_trim: f.RecordTrim | None = None
    route_to_mobile: f.RouteToMobile | None = None
    send_digits_on_answer: f.SendDigitsOnAnswer | None = None
    sip_auth_password: f.SipAuthPassword | None = None
    sip_auth_username: f.SipAuthUsername | None = None
    sip_headers: f.SipHeaders | None = None
    sip_region: f.SipRegion | None = None
    sip_transport_protocol: f.SipTransportProtocol | None = None
    sound_modifications: f.SoundModifications | None = None
    target_leg_client_state: Annotated[str, Meta(description="Like `client_state`, for the new leg.")] | None = None
    time_limit_secs: f.TimeLimitSecs | None = None
    timeout_secs: f.RingSecs | None = None
    webhook_retries_policies: f.WebhookRetriesPolicies | None = None
    webhook_url: f.WebhookUrl | None = None
    webhook_url_method: f.WebhookUrlMethod | None = None
    webhook_urls: f.WebhookUrls | None = None
    webhook_urls_method: f.WebhookUrlsMethod | None = None
