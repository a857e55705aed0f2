"""What Telnyx shows of conferences and who is in them."""

from __future__ import annotations

from typing import Annotated

from worker.events.webhooks.documented import documented
from worker.telnyx.answers import Answer

ConferenceStatus = Annotated[str, documented("init", "in_progress", "completed")]
EndReason = Annotated[str, documented("all_left", "ended_via_api", "host_left", "time_exceeded")]
ParticipantStatus = Annotated[str, documented("joining", "joined", "left")]


class EndedBy(Answer, frozen=True):
    """The leg that ended a conference."""

    call_control_id: str | None = None
    call_session_id: str | None = None


class Conference(Answer, frozen=True):
    """A conference. Times are RFC 3339; it ends at `expires_at` at the latest, four hours after its start."""

    id: str
    name: str = ""
    connection_id: str | None = None
    created_at: str | None = None
    expires_at: str | None = None
    updated_at: str | None = None
    status: ConferenceStatus | None = None
    end_reason: EndReason | None = None
    ended_by: EndedBy | None = None
    region: str | None = None
    record_type: str = "conference"


class ConferenceRef(Answer, frozen=True):
    """Which conference a participant is in."""

    id: str | None = None
    name: str | None = None


class Participant(Answer, frozen=True):
    """A leg in a conference, as a list shows it."""

    call_control_id: str
    id: str = ""
    call_leg_id: str = ""
    conference: ConferenceRef | None = None
    status: ParticipantStatus = ""
    muted: bool = False
    on_hold: bool = False
    end_conference_on_exit: bool = False
    soft_end_conference_on_exit: bool = False
    whisper_call_control_ids: tuple[str, ...] = ()
    created_at: str | None = None
    updated_at: str | None = None
    record_type: str = "participant"


class ParticipantDetails(Answer, frozen=True):
    """A leg in a conference, asked for alone."""

    id: str = ""
    call_control_id: str | None = None
    call_leg_id: str | None = None
    conference_id: str | None = None
    label: str | None = None
    status: ParticipantStatus | None = None
    muted: bool | None = None
    on_hold: bool | None = None
    end_conference_on_exit: bool | None = None
    soft_end_conference_on_exit: bool | None = None
    whisper_call_control_ids: tuple[str, ...] | None = None
    created_at: str | None = None
    updated_at: str | None = None
