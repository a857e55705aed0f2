"""The Telnyx webhooks that aggregates act upon, typed; every other one is kept as `Other`.

Telnyx's bodies carry fields that its schema lacks and lack fields that it has, so nothing but the ids is required,
unknown fields are passed over, and an enum's unknown value stays a string.
"""

from __future__ import annotations

import msgspec


class Webhook(msgspec.Struct, frozen=True, omit_defaults=True):
    """A webhook's payload, as far as it is acted upon."""


class CallInitiated(Webhook, frozen=True):
    """A call leg exists. `state` is `parked` when it waits for us to answer it."""

    call_control_id: str
    call_session_id: str | None = None
    connection_id: str | None = None
    client_state: str | None = None
    direction: str | None = None
    state: str | None = None
    from_: str | None = msgspec.field(default=None, name="from")
    to: str | None = None


class CallAnswered(Webhook, frozen=True):
    """A call leg was answered, by us or by who we called."""

    call_control_id: str
    client_state: str | None = None
    from_: str | None = msgspec.field(default=None, name="from")
    to: str | None = None


class CallHangup(Webhook, frozen=True):
    """A call leg has ended."""

    call_control_id: str
    client_state: str | None = None
    hangup_cause: str | None = None
    hangup_source: str | None = None
    sip_hangup_cause: str | None = None


class SpeakEnded(Webhook, frozen=True):
    """What was said to a leg has ended; its `client_state` tells which."""

    call_control_id: str
    client_state: str | None = None
    status: str | None = None


class CallEnqueued(Webhook, frozen=True):
    """A call leg entered a Telnyx queue."""

    call_control_id: str
    queue: str
    current_position: int | None = None


class CallDequeued(Webhook, frozen=True):
    """A call leg left a Telnyx queue. Which reason a conference join gives is not documented."""

    call_control_id: str
    queue: str
    reason: str | None = None
    wait_time_secs: int | None = None


class ConferenceCreated(Webhook, frozen=True):
    """A conference exists; `call_control_id` is the leg that made it, which is in it."""

    conference_id: str
    call_control_id: str | None = None
    client_state: str | None = None


class ConferenceEnded(Webhook, frozen=True):
    """A conference is over."""

    conference_id: str
    reason: str | None = None


class ParticipantJoined(Webhook, frozen=True):
    """A leg is in a conference."""

    conference_id: str
    call_control_id: str


class ParticipantLeft(Webhook, frozen=True):
    """A leg is no longer in a conference."""

    conference_id: str
    call_control_id: str


class RecordingSaved(Webhook, frozen=True):
    """A conference's recording can be fetched; its URLs are valid for ten minutes."""

    conference_id: str
    recording_id: str | None = None
    channels: str | None = None
    format: str | None = None
    recording_started_at: str | None = None
    recording_ended_at: str | None = None
    recording_urls: dict[str, str] | None = None


class Other(msgspec.Struct, frozen=True):
    """An event type that nothing acts upon, or that was never seen before."""

    event_type: str


class Unread(msgspec.Struct, frozen=True):
    """A webhook whose payload is not as documented; kept, shown, and acted upon by nothing."""

    event_type: str
    reason: str


AnyWebhook = (
    CallInitiated
    | CallAnswered
    | CallHangup
    | SpeakEnded
    | CallEnqueued
    | CallDequeued
    | ConferenceCreated
    | ConferenceEnded
    | ParticipantJoined
    | ParticipantLeft
    | RecordingSaved
    | Other
    | Unread
)


class _Root(msgspec.Struct):
    payload: msgspec.Raw = msgspec.Raw(b"{}")


class _Body(msgspec.Struct):
    data: _Root | None = None
    payload: msgspec.Raw = msgspec.Raw(b"{}")


_decode_body = msgspec.json.Decoder(_Body).decode
_TYPES: dict[str, msgspec.json.Decoder[AnyWebhook]] = {
    "call.initiated": msgspec.json.Decoder(CallInitiated),
    "call.answered": msgspec.json.Decoder(CallAnswered),
    "call.hangup": msgspec.json.Decoder(CallHangup),
    "call.speak.ended": msgspec.json.Decoder(SpeakEnded),
    "call.enqueued": msgspec.json.Decoder(CallEnqueued),
    "call.dequeued": msgspec.json.Decoder(CallDequeued),
    "conference.created": msgspec.json.Decoder(ConferenceCreated),
    "conference.ended": msgspec.json.Decoder(ConferenceEnded),
    "conference.participant.joined": msgspec.json.Decoder(ParticipantJoined),
    "conference.participant.left": msgspec.json.Decoder(ParticipantLeft),
    "conference.recording.saved": msgspec.json.Decoder(RecordingSaved),
}


def decode_webhook(event_type: str, body: bytes) -> AnyWebhook:
    """Read the payload of *body*, in either envelope or none."""
    decoder = _TYPES.get(event_type)
    if decoder is None:
        return Other(event_type)
    try:
        document = _decode_body(body)
        return decoder.decode(document.data.payload if document.data is not None else document.payload)
    except msgspec.DecodeError as exc:
        return Unread(event_type, str(exc))
