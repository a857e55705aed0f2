"""Conferences: begin and end, who comes and goes, who speaks, and what everybody or one participant hears.

The `call_session_id` of a participant's events may be the participant's or the creator's: Telnyx does not say.
`creator_call_session_id` is that of the call that started the conference.
"""

from __future__ import annotations

from typing import Annotated

from worker.events.webhooks.base import ConferenceLegWebhook, ConferenceWebhook
from worker.events.webhooks.documented import documented

#: The conference itself may also show `ended_via_api`.
EndedReason = Annotated[str, documented("all_left", "host_left", "time_exceeded")]


class ConferenceCreated(ConferenceLegWebhook, frozen=True, tag="conference.created"):
    """A conference exists; `call_control_id` is the leg that made it, which is in it. Its name is not told."""

    call_control_id: str | None = None
    occurred_at: str | None = None


class ConferenceEnded(ConferenceLegWebhook, frozen=True, kw_only=True, tag="conference.ended"):
    """A conference is over."""

    reason: EndedReason | None = None
    call_control_id: str | None = None
    occurred_at: str | None = None


class FloorChanged(ConferenceLegWebhook, frozen=True, tag="conference.floor.changed"):
    """Another leg speaks now. It may come before the conference's creation, often, and without the envelope."""

    call_control_id: str | None = None
    occurred_at: str | None = None


class ParticipantJoined(ConferenceLegWebhook, frozen=True, tag="conference.participant.joined"):
    """A leg is in a conference."""

    call_control_id: str


class ParticipantLeft(ConferenceLegWebhook, frozen=True, tag="conference.participant.left"):
    """A leg is no longer in a conference; why is not told."""

    call_control_id: str


class ParticipantMediaWebhook(ConferenceLegWebhook, frozen=True, kw_only=True):
    """An event of what one participant hears."""

    call_control_id: str | None = None
    creator_call_session_id: str | None = None
    occurred_at: str | None = None


class ParticipantSpeakStarted(ParticipantMediaWebhook, frozen=True, tag="conference.participant.speak.started"):
    """A text is being said to one participant."""


class ParticipantSpeakEnded(ParticipantMediaWebhook, frozen=True, tag="conference.participant.speak.ended"):
    """What was said to one participant has ended."""


class ParticipantPlaybackStarted(
    ParticipantMediaWebhook, frozen=True, kw_only=True, tag="conference.participant.playback.started"
):
    """One participant hears audio: `media_name` or `media_url`, whichever the command had."""

    media_name: str | None = None
    media_url: str | None = None


class ParticipantPlaybackEnded(
    ParticipantMediaWebhook, frozen=True, kw_only=True, tag="conference.participant.playback.ended"
):
    """The audio for one participant has ended."""

    media_name: str | None = None
    media_url: str | None = None


class ConferenceMediaWebhook(ConferenceWebhook, frozen=True, kw_only=True):
    """An event of what everybody in a conference hears."""

    creator_call_session_id: str | None = None
    occurred_at: str | None = None


class ConferenceSpeakStarted(ConferenceMediaWebhook, frozen=True, tag="conference.speak.started"):
    """A text is being said to everybody."""


class ConferenceSpeakEnded(ConferenceMediaWebhook, frozen=True, tag="conference.speak.ended"):
    """What was said to everybody has ended."""


class ConferencePlaybackStarted(ConferenceMediaWebhook, frozen=True, kw_only=True, tag="conference.playback.started"):
    """Everybody hears audio: `media_name` or `media_url`, whichever the command had."""

    media_name: str | None = None
    media_url: str | None = None


class ConferencePlaybackEnded(ConferenceMediaWebhook, frozen=True, kw_only=True, tag="conference.playback.ended"):
    """The audio for everybody has ended."""

    media_name: str | None = None
    media_url: str | None = None
