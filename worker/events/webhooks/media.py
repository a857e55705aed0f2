"""What a call leg hears and what its keys say: speech, audio files, digits."""

from __future__ import annotations

from typing import Annotated

from worker.events.webhooks.base import CallWebhook, PartiesWebhook
from worker.events.webhooks.documented import documented

SpeakStatus = Annotated[str, documented("completed", "call_hangup", "cancelled_amd")]
PlaybackStatus = Annotated[
    str,
    documented("file_not_found", "call_hangup", "unknown", "cancelled", "cancelled_amd", "completed", "failed"),
]
GatherStatus = Annotated[str, documented("valid", "invalid", "call_hangup", "cancelled", "cancelled_amd", "timeout")]


class SpeakStarted(CallWebhook, frozen=True, tag="call.speak.started"):
    """A text is being said to a leg."""


class SpeakEnded(CallWebhook, frozen=True, kw_only=True, tag="call.speak.ended"):
    """What was said to a leg has ended; its `client_state` tells which."""

    status: SpeakStatus | None = None


class PlaybackStarted(CallWebhook, frozen=True, kw_only=True, tag="call.playback.started"):
    """A leg hears audio: `media_name` or `media_url`, whichever the command had."""

    media_name: str | None = None
    media_url: str | None = None
    #: Mixed into what the leg hears anyway.
    overlay: bool | None = None


class PlaybackEnded(CallWebhook, frozen=True, kw_only=True, tag="call.playback.ended"):
    """The audio has ended; `status_detail` says why it failed."""

    media_name: str | None = None
    media_url: str | None = None
    overlay: bool | None = None
    status: PlaybackStatus | None = None
    status_detail: str | None = None


class DtmfReceived(PartiesWebhook, frozen=True, kw_only=True, tag="call.dtmf.received"):
    """A key was pressed; each one has an event of its own."""

    digit: str | None = None


class GatherEnded(PartiesWebhook, frozen=True, kw_only=True, tag="call.gather.ended"):
    """The digits that were asked for have come, or will not come.

    `gather_id` is not in Telnyx's schema; its description of the command says that it comes back.
    """

    digits: str | None = None
    status: GatherStatus | None = None
    gather_id: str | None = None
