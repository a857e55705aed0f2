"""Fields that several operations share: type, limits, and what they mean. Sources: Telnyx's OpenAPI document
of July 2026, and what its official Python SDK 4.189 knows beyond it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from worker.telnyx import structures as s
from worker.telnyx import voices

AnsweringMachineDetection = Annotated[
    Literal[
        "premium",
        "premium_ios_call_screening_detection",
        "detect",
        "detect_beep",
        "detect_words",
        "greeting_end",
        "disabled",
    ],
    Meta(description="Whether to find out if a machine answers, and how; `premium` is the most exact."),
]
AnsweringMachineDetectionConfig = Annotated[
    s.MachineDetectionConfig, Meta(description="Thresholds of the detection, milliseconds and words.")
]
Assistant = Annotated[s.JsonObject, Meta(description="An AI assistant that talks on the call, as Telnyx describes it.")]
AudioUrl = Annotated[str, Meta(description="Where the audio is (mp3 or wav). Not together with `media_name`.")]
BeepEnabled = Annotated[Literal["always", "never", "on_enter", "on_exit"], Meta(description="When a beep is heard.")]
BillingGroupId = Annotated[str, Meta(description="The billing group that the call is charged to.")]
CallControlIds = Annotated[list[str], Meta(description="Whom it concerns. None named: everybody.")]
Channels = Annotated[
    Literal["single", "dual"], Meta(description="`dual` keeps the creator, or our side, on a channel of its own.")
]
ClientState = Annotated[
    str, Meta(description="Base64 that comes back in every later webhook of the leg, until a command brings another.")
]
CommandId = Annotated[
    str, Meta(description="Names this command: Telnyx ignores a second one of the same name within 60 s.")
]
ConversationRelayConfig = Annotated[
    s.JsonObject, Meta(description="A conversation relay to start when the leg is answered, as Telnyx describes it.")
]
CustomFileName = Annotated[str, Meta(description="The file's name, without ending.", min_length=1, max_length=40)]
CustomHeaders = Annotated[list[s.CustomHeader], Meta(description="SIP headers of your own, sent or answered with.")]
DeepfakeDetection = Annotated[
    s.DeepfakeDetection, Meta(description="Whether to judge if the voice is made by a machine.")
]
Diversion = Annotated[
    str,
    Meta(description="The number called by an active inbound call whose `from` is shown: it then counts as verified."),
]
Digits = Annotated[
    str, Meta(description="What to send: 0-9, A-D, *, #; `w` pauses for half a second, `W` for a second.")
]
DurationMillis = Annotated[int, Meta(description="The length of each tone, milliseconds.", ge=100, le=500)]
EndConferenceOnExit = Annotated[
    bool, Meta(description="Whether the conference ends, and all are hung up, when this leg leaves.")
]
Format = Annotated[Literal["wav", "mp3"], Meta(description="The file's format.")]
From = Annotated[str, Meta(description="The number that is shown, +E.164.")]
FromDisplayName = Annotated[str, Meta(description="The name that is shown, at most 128 characters.")]
HoldAudioUrl = Annotated[
    str, Meta(description="Audio for those who wait for the start. Not together with `hold_media_name`.")
]
HoldMediaName = Annotated[str, Meta(description="Uploaded audio for those who wait for the start.")]
InitialTimeoutMillis = Annotated[int, Meta(description="How long to wait for the first digit, milliseconds.")]
InterDigitTimeoutMillis = Annotated[int, Meta(description="How long to wait between digits, milliseconds.")]
InvalidAudioUrl = Annotated[str, Meta(description="Audio for a wrong input.")]
InvalidMediaName = Annotated[str, Meta(description="Uploaded audio for a wrong input.")]
KeepAfterHangup = Annotated[bool, Meta(description="Whether the entry stays in the queue when its call has ended.")]
Language = Annotated[str, Meta(description="The language of the text.")]
Loop = Annotated[int | str, Meta(description="How often: a number, or `infinity`.")]
MaxSize = Annotated[int, Meta(description="How many calls the queue may hold.", ge=1)]
MaximumDigits = Annotated[int, Meta(description="The most digits.", ge=1, le=128)]
MaximumTries = Annotated[int, Meta(description="How often it is asked.", ge=1)]
MediaEncryption = Annotated[Literal["disabled", "SRTP", "DTLS"], Meta(description="How the media are encrypted.")]
MediaName = Annotated[str, Meta(description="The name of audio uploaded to Telnyx. Not together with `audio_url`.")]
MinimumDigits = Annotated[int, Meta(description="The fewest digits.", ge=1, le=128)]
MuteDtmf = Annotated[
    Literal["none", "both", "self", "opposite"], Meta(description="Whose DTMF is kept from the other side.")
]
ParkAfterUnbridge = Annotated[
    str, Meta(description="`self`: the leg is parked when its bridge ends, rather than hung up.")
]
Payload = Annotated[str, Meta(description="The text, at most 3,000 characters.")]
PayloadType = Annotated[Literal["text", "ssml"], Meta(description="Whether the text is SSML.")]
PlayBeep = Annotated[bool, Meta(description="Whether a beep tells that it begins.")]
PreferredCodecs = Annotated[str, Meta(description="Codecs by preference, with commas.")]
PreventDoubleBridge = Annotated[bool, Meta(description="Whether a leg that is bridged already is left as it is.")]
Privacy = Annotated[Literal["id", "none"], Meta(description="`id` hides the caller's number.")]
Record = Annotated[Literal["record-from-answer"], Meta(description="`record-from-answer` records from the answer on.")]
RecordChannels = Annotated[Literal["single", "dual"], Meta(description="Whether both sides share a channel.")]
RecordCustomFileName = Annotated[
    str, Meta(description="The recording's file name, without ending.", min_length=1, max_length=40)
]
RecordFormat = Annotated[Literal["wav", "mp3"], Meta(description="The recording's format.")]
RecordMaxLength = Annotated[int, Meta(description="The longest recording, seconds; 0: no limit.", ge=0, le=43200)]
RecordTimeoutSecs = Annotated[int, Meta(description="Silence that ends the recording, seconds; 0: none.", ge=0)]
RecordTrack = Annotated[Literal["both", "inbound", "outbound"], Meta(description="Which side is recorded.")]
RecordTrim = Annotated[Literal["trim-silence"], Meta(description="`trim-silence` cuts silence at both ends.")]
RecordingId = Annotated[str, Meta(description="Which recording, if there are several; default: all.")]
Region = Annotated[
    Literal["Australia", "Europe", "Middle East", "US"],
    Meta(description="Where the conference is; must be the same in all its commands. Default: by the account."),
]
RouteToMobile = Annotated[
    bool, Meta(description="Whether a Telnyx mobile number's own device rings, past the interception of its calls.")
]
SendDigitsOnAnswer = Annotated[
    str, Meta(description="DTMF sent once the far end answers; `w` pauses for half a second, `W` for a second.")
]
SendSilenceWhenIdle = Annotated[bool, Meta(description="Whether silence is sent while nothing is heard.")]
ServiceLevel = Annotated[
    Literal["basic", "premium"], Meta(description="The quality of the voice; `basic` speaks fewer languages.")
]
SipAuthPassword = Annotated[str, Meta(description="The password for a SIP challenge.")]
SipAuthUsername = Annotated[str, Meta(description="The user for a SIP challenge.")]
SipHeaders = Annotated[list[s.SipHeader], Meta(description="Standard SIP headers to send.")]
SipRegion = Annotated[
    Literal["US", "Europe", "Canada", "Australia", "Middle East"], Meta(description="From where the SIP call is made.")
]
SipTransportProtocol = Annotated[Literal["UDP", "TCP", "TLS"], Meta(description="How SIP is carried.")]
SoftEndConferenceOnExit = Annotated[
    bool, Meta(description="Whether the conference ends when this leg leaves, without hanging the others up.")
]
SoundModifications = Annotated[s.SoundModifications, Meta(description="Changes of pitch.")]
Stop = Annotated[str, Meta(description="`current` or `all`: stops what is heard now, and perhaps what waits.")]
StreamBidirectionalCodec = Annotated[
    Literal["PCMU", "PCMA", "G722", "OPUS", "AMR-WB", "L16"],
    Meta(description="The codec of audio that the stream sends back."),
]
StreamBidirectionalMode = Annotated[
    Literal["mp3", "rtp"], Meta(description="Whether the stream sends back mp3 or RTP.")
]
StreamBidirectionalTargetLegs = Annotated[
    Literal["both", "self", "opposite"], Meta(description="Who hears the audio sent back.")
]
StreamCodec = Annotated[
    Literal["PCMU", "PCMA", "G722", "OPUS", "AMR-WB", "L16", "default"],
    Meta(description="The codec of the streamed audio."),
]
StreamTrack = Annotated[
    Literal["inbound_track", "outbound_track", "both_tracks"], Meta(description="Which side is streamed.")
]
StreamUrl = Annotated[str, Meta(description="The WebSocket that the audio is streamed to.")]
SupervisorRole = Annotated[
    Literal["barge", "monitor", "none", "whisper"], Meta(description="What a supervisor hears and is heard by.")
]
TerminatingDigit = Annotated[str, Meta(description="The digit that ends the input.")]
TimeLimitSecs = Annotated[int, Meta(description="The longest that the call may last, seconds.", ge=30, le=14400)]
TimeoutMillis = Annotated[int, Meta(description="How long to wait for the input after the audio, milliseconds.")]
RingSecs = Annotated[int, Meta(description="How long it may ring, seconds.", ge=5, le=600)]
Transcription = Annotated[bool, Meta(description="Whether what is said is transcribed.")]
TranscriptionConfig = Annotated[s.TranscriptionConfig, Meta(description="How it is transcribed.")]
ValidDigits = Annotated[str, Meta(description="The digits that count.")]
Voice = Annotated[str, Meta(description="Whose voice: Provider.Model.Voice, such as AWS.Polly.Joanna.")]
VoiceSettings = Annotated[voices.VoiceSettings, Meta(description="Settings of the voice's provider.")]
WebhookRetriesPolicies = Annotated[dict[str, s.RetryPolicy], Meta(description="Event type \u2192 its retries.")]
WebhookUrl = Annotated[str, Meta(description="Where this leg's webhooks go, instead of the application's URL.")]
WebhookUrlMethod = Annotated[
    Literal["POST", "GET"],
    Meta(description="How `webhook_url` is asked. GET puts the event into the query, where no signature covers it."),
]
WebhookUrls = Annotated[
    dict[str, str | list[str]], Meta(description="Event type \u2192 where its webhooks go: one address, or several.")
]
WebhookUrlsMethod = Annotated[Literal["POST", "GET"], Meta(description="How `webhook_urls` are asked.")]
WhisperCallControlIds = Annotated[list[str], Meta(description="Who hears a whispering supervisor.")]
