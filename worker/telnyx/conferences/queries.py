"""What reads of conferences can be narrowed by.

Of the filters of the list, `filter[name]` (case counts) and `filter[status]` are described for conferences; the others
stand in Telnyx's document because one list of filters serves several resources.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from worker.telnyx import fields as f
from worker.telnyx.operation import Query


class ConferencesQuery(Query, frozen=True, kw_only=True):
    """GET /conferences."""

    name: Annotated[str, Meta(description="Only those of this name; case counts.")] | None = field(
        name="filter[name]", default=None
    )
    status: Annotated[Literal["init", "in_progress", "completed"], Meta(description="Only those so far.")] | None = (
        field(name="filter[status]", default=None)
    )
    region: f.Region | None = None
    application_name: Annotated[str, Meta(description="Only of applications with this in their name.")] | None = field(
        name="filter[application_name][contains]", default=None
    )
    application_session_id: Annotated[str, Meta(description="Only of this call session.")] | None = field(
        name="filter[application_session_id]", default=None
    )
    connection_id: Annotated[str, Meta(description="Only of this application.")] | None = field(
        name="filter[connection_id]", default=None
    )
    failed: Annotated[bool, Meta(description="Only those that failed, or did not.")] | None = field(
        name="filter[failed]", default=None
    )
    from_: Annotated[str, Meta(description="Only from this number.")] | None = field(name="filter[from]", default=None)
    leg_id: Annotated[str, Meta(description="Only of this leg.")] | None = field(name="filter[leg_id]", default=None)
    occurred_at_eq: Annotated[str, Meta(description="Only at this time.")] | None = field(
        name="filter[occurred_at][eq]", default=None
    )
    occurred_at_gt: Annotated[str, Meta(description="Only after this time.")] | None = field(
        name="filter[occurred_at][gt]", default=None
    )
    occurred_at_gte: Annotated[str, Meta(description="Only at this time or after it.")] | None = field(
        name="filter[occurred_at][gte]", default=None
    )
    occurred_at_lt: Annotated[str, Meta(description="Only before this time.")] | None = field(
        name="filter[occurred_at][lt]", default=None
    )
    occurred_at_lte: Annotated[str, Meta(description="Only at this time or before it.")] | None = field(
        name="filter[occurred_at][lte]", default=None
    )
    outbound_voice_profile_id: Annotated[str, Meta(description="Only of this outbound voice profile.")] | None = field(
        name="filter[outbound.outbound_voice_profile_id]", default=None
    )
    product: Annotated[Literal["call_control", "fax", "texml"], Meta(description="Only of this product.")] | None = (
        field(name="filter[product]", default=None)
    )
    to: Annotated[str, Meta(description="Only to this number.")] | None = field(name="filter[to]", default=None)
    type: Annotated[Literal["command", "webhook"], Meta(description="Only of this type.")] | None = field(
        name="filter[type]", default=None
    )


class ConferenceQuery(Query, frozen=True, kw_only=True):
    """GET /conferences/{id}."""

    region: f.Region | None = None


class ParticipantsQuery(Query, frozen=True, kw_only=True):
    """GET /conferences/{conference_id}/participants."""

    muted: Annotated[bool, Meta(description="Only those who are muted, or are not.")] | None = field(
        name="filter[muted]", default=None
    )
    on_hold: Annotated[bool, Meta(description="Only those on hold, or not.")] | None = field(
        name="filter[on_hold]", default=None
    )
    whispering: Annotated[bool, Meta(description="Only those who whisper, or do not.")] | None = field(
        name="filter[whispering]", default=None
    )
    region: f.Region | None = None
