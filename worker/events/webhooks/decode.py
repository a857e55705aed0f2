"""A webhook's body read as the event that it tells of; whatever came, something is returned and nothing is raised."""

from __future__ import annotations

from typing import get_args

import msgspec

from worker.events.webhooks.base import MISREAD, Webhook
from worker.events.webhooks.calls import (
    CallAnswered,
    CallBridged,
    CallCost,
    CallHangup,
    CallHold,
    CallInitiated,
    CallUnhold,
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
from worker.events.webhooks.queues import CallDequeued, CallEnqueued
from worker.events.webhooks.recordings import (
    CallRecordingFailed,
    CallRecordingSaved,
    ConferenceRecordingSaved,
    TranscriptionSaved,
)

AnyWebhook = (
    CallInitiated
    | CallAnswered
    | CallBridged
    | CallHangup
    | CallHold
    | CallUnhold
    | CallEnqueued
    | CallDequeued
    | SpeakStarted
    | SpeakEnded
    | PlaybackStarted
    | PlaybackEnded
    | DtmfReceived
    | GatherEnded
    | MachineDetectionEnded
    | MachineGreetingEnded
    | PremiumDetectionEnded
    | PremiumGreetingEnded
    | CallRecordingSaved
    | CallRecordingFailed
    | TranscriptionSaved
    | ReferStarted
    | ReferCompleted
    | ReferFailed
    | CallCost
    | ConferenceCreated
    | ConferenceEnded
    | ConferenceRecordingSaved
    | FloorChanged
    | ParticipantJoined
    | ParticipantLeft
    | ParticipantSpeakStarted
    | ParticipantSpeakEnded
    | ParticipantPlaybackStarted
    | ParticipantPlaybackEnded
    | ConferenceSpeakStarted
    | ConferenceSpeakEnded
    | ConferencePlaybackStarted
    | ConferencePlaybackEnded
)


class Other(msgspec.Struct, frozen=True):
    """An event type that is not among the known ones."""

    event_type: str


class Unread(msgspec.Struct, frozen=True):
    """A webhook whose payload lacks what it is about; kept, shown, and acted upon by nothing."""

    event_type: str
    reason: str


#: What a body is read as.
Delivered = AnyWebhook | Other | Unread

#: The Struct of each known event type.
TYPES: dict[str, type[AnyWebhook]] = {str(kind.__struct_config__.tag): kind for kind in get_args(AnyWebhook)}


class _Root(msgspec.Struct):
    payload: msgspec.Raw = msgspec.Raw(b"{}")


class _Body(_Root):
    #: The envelope's wrapper is an object; anything else of this name is passed over.
    data: _Root | list[object] | str | int | float | bool | None = None


_decode_body = msgspec.json.Decoder(_Body).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODERS: dict[str, msgspec.json.Decoder[AnyWebhook]] = {
    event_type: msgspec.json.Decoder(kind) for event_type, kind in TYPES.items()
}
#: What msgspec raises of bytes: not JSON or of other types; not UTF-8, or a number too long to hold; too deep.
_UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)


def decode_webhook(event_type: str, body: bytes) -> Delivered:
    """Read the payload of *body*, in either envelope or none.

    A field that is not of its documented type is left out, and named in the result's `misread`: a figure of the audio's
    quality must not hide that a call has ended. Without an id that is required, the result is `Unread`.
    """
    decoder = _DECODERS.get(event_type)
    if decoder is None:
        return Other(event_type)
    try:
        document = _decode_body(body)
        payload = document.data.payload if isinstance(document.data, _Root) else document.payload
        try:
            return decoder.decode(payload)
        except _UNREADABLE:
            return decoder.decode(_without_misread(TYPES[event_type], payload))
    except _UNREADABLE as exc:
        return Unread(event_type, str(exc))


def _without_misread(kind: type[Webhook], payload: msgspec.Raw) -> bytes:
    """Return *payload* with the known fields alone, those left out that can be and are of another type."""
    came = _decode_fields(payload)
    kept: dict[str, msgspec.Raw] = {}
    misread: list[str] = []
    for field in msgspec.structs.fields(kind):
        raw = came.get(field.encode_name)
        if raw is None or field.encode_name == MISREAD:
            continue
        if field.required or _is(raw, field.type):
            kept[field.encode_name] = raw
        else:
            misread.append(field.encode_name)
    return msgspec.json.encode({**kept, MISREAD: misread})


def _is(raw: msgspec.Raw, kind: object) -> bool:
    try:
        msgspec.json.decode(raw, type=kind)
    except _UNREADABLE:
        return False
    return True
