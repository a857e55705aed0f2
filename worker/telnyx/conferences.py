"""Conferences: create, join, leave, record, read."""

from __future__ import annotations

from collections.abc import AsyncIterator

from worker.telnyx.models import (
    CommandBody,
    Conference,
    CreateConferenceBody,
    JoinBody,
    LeaveBody,
    One,
    Page,
    Participant,
    RecordStartBody,
    Result,
)
from worker.telnyx.wire import Wire, segment


class Conferences:
    """The `/conferences` resource. Every method raises what `TelnyxClient.request` raises."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def create(self, body: CreateConferenceBody) -> Conference:
        """Make a conference with a leg, which is in it from then on."""
        return (await self._wire.post("/conferences", body, One[Conference])).data

    async def list(self, *, name: str | None = None, status: str | None = None) -> AsyncIterator[Conference]:
        """Yield the conferences of a name (case counts) and status (`init`, `in_progress`, `completed`), or all."""
        query = {"filter[name]": name, "filter[status]": status}
        given = {key: value for key, value in query.items() if value is not None}
        async for page in self._wire.pages("/conferences", Page[Conference], given):
            for conference in page.data:
                yield conference

    async def retrieve(self, conference: str) -> Conference:
        """Return a conference."""
        return (await self._wire.get(f"/conferences/{segment(conference)}", One[Conference])).data

    async def participants(self, conference: str) -> AsyncIterator[Participant]:
        """Yield the legs in a conference; those that have left are not among them."""
        path = f"/conferences/{segment(conference)}/participants"
        async for page in self._wire.pages(path, Page[Participant], {}):
            for participant in page.data:
                yield participant

    async def join(self, conference: str, body: JoinBody) -> None:
        """Put a leg into a conference."""
        await self._act(conference, "join", body)

    async def leave(self, conference: str, body: LeaveBody) -> None:
        """Take a leg out of a conference; it stays parked."""
        await self._act(conference, "leave", body)

    async def record_start(self, conference: str, body: RecordStartBody) -> None:
        """Start recording."""
        await self._act(conference, "record_start", body)

    async def record_stop(self, conference: str, body: CommandBody) -> None:
        """Stop recording."""
        await self._act(conference, "record_stop", body)

    async def end(self, conference: str, body: CommandBody) -> None:
        """End a conference and hang all its legs up."""
        await self._act(conference, "end", body)

    async def _act(
        self, conference: str, action: str, body: JoinBody | LeaveBody | RecordStartBody | CommandBody
    ) -> None:
        await self._wire.post(f"/conferences/{segment(conference)}/actions/{action}", body, One[Result])
