"""The 39 webhooks of calls, queues and conferences, typed with every field that Telnyx documents.

Each Struct's tag is the event type. An event of another type is `Other`, one that lacks its ids is `Unread`; both are
kept and shown, and nothing acts upon them.
"""

from __future__ import annotations

from worker.events.webhooks.base import (
    MISREAD,
    Header,
    RecordingUrls,
    SipHeader,
    Webhook,
)
from worker.events.webhooks.calls import (
    CallAnswered,
    CallBridged,
    CallCost,
    CallHangup,
    CallHold,
    CallInitiated,
    CallQuality,
    CallUnhold,
    CostPart,
    InboundQuality,
    OutboundQuality,
    ReferCompleted,
    ReferFailed,
    ReferStarted,
)
from worker.events.webhooks.conferences import (
    ConferenceCreated,
    ConferenceEnded,
    ConferencePlaybackEnded,
    ConferencePlaybackStarted,
    ConferenceSpeakEnded,
    ConferenceSpeakStarted,
    FloorChanged,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantPlaybackEnded,
    ParticipantPlaybackStarted,
    ParticipantSpeakEnded,
    ParticipantSpeakStarted,
)
from worker.events.webhooks.decode import (
    TYPES,
    AnyWebhook,
    Delivered,
    Other,
    Unread,
    decode_webhook,
)
from worker.events.webhooks.machines import (
    MachineDetectionEnded,
    MachineGreetingEnded,
    PremiumDetectionEnded,
    PremiumGreetingEnded,
)
from worker.events.webhooks.media import (
    DtmfReceived,
    GatherEnded,
    PlaybackEnded,
    PlaybackStarted,
    SpeakEnded,
    SpeakStarted,
)
from worker.events.webhooks.queues import (
    CallDequeued,
    CallEnqueued,
)
from worker.events.webhooks.recordings import (
    CallRecordingFailed,
    CallRecordingSaved,
    ConferenceRecordingSaved,
    TranscriptionSaved,
)
from worker.events.webhooks.surprises import (
    Surprise,
    surprises,
)

__all__ = [
    "MISREAD",
    "TYPES",
    "AnyWebhook",
    "CallAnswered",
    "CallBridged",
    "CallCost",
    "CallDequeued",
    "CallEnqueued",
    "CallHangup",
    "CallHold",
    "CallInitiated",
    "CallQuality",
    "CallRecordingFailed",
    "CallRecordingSaved",
    "CallUnhold",
    "ConferenceCreated",
    "ConferenceEnded",
    "ConferencePlaybackEnded",
    "ConferencePlaybackStarted",
    "ConferenceRecordingSaved",
    "ConferenceSpeakEnded",
    "ConferenceSpeakStarted",
    "CostPart",
    "Delivered",
    "DtmfReceived",
    "FloorChanged",
    "GatherEnded",
    "Header",
    "InboundQuality",
    "MachineDetectionEnded",
    "MachineGreetingEnded",
    "Other",
    "OutboundQuality",
    "ParticipantJoined",
    "ParticipantLeft",
    "ParticipantPlaybackEnded",
    "ParticipantPlaybackStarted",
    "ParticipantSpeakEnded",
    "ParticipantSpeakStarted",
    "PlaybackEnded",
    "PlaybackStarted",
    "PremiumDetectionEnded",
    "PremiumGreetingEnded",
    "RecordingUrls",
    "ReferCompleted",
    "ReferFailed",
    "ReferStarted",
    "SipHeader",
    "SpeakEnded",
    "SpeakStarted",
    "Surprise",
    "TranscriptionSaved",
    "Unread",
    "Webhook",
    "decode_webhook",
    "surprises",
]
