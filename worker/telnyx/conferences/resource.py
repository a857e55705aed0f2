"""The `/conferences` resource of the client."""

from __future__ import annotations

from collections.abc import AsyncIterator

from worker.telnyx.answers import Page, Result
from worker.telnyx.conferences import operations as o
from worker.telnyx.conferences.bodies import (
    CreateBody,
    EndBody,
    HoldBody,
    JoinBody,
    LeaveBody,
    MuteBody,
    UnholdBody,
    UnmuteBody,
    UpdateBody,
    UpdateParticipantBody,
)
from worker.telnyx.conferences.media import GatherUsingAudioBody, PlayBody, SendDtmfBody, SpeakBody, StopBody
from worker.telnyx.conferences.queries import ConferenceQuery, ConferencesQuery, ParticipantsQuery
from worker.telnyx.conferences.recording import RecordPauseBody, RecordResumeBody, RecordStartBody, RecordStopBody
from worker.telnyx.conferences.results import Conference, Participant, ParticipantDetails
from worker.telnyx.wire import Wire


class Conferences:
    """The resource. Every method raises what `TelnyxClient.ask` raises."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self, query: ConferencesQuery | None = None) -> AsyncIterator[Conference]:
        """Yield conferences, those that end last first."""
        return self._wire.each(o.LIST, query=query)

    def list_pages(self, query: ConferencesQuery | None = None) -> AsyncIterator[Page[Conference]]:
        """Yield them page by page."""
        return self._wire.pages(o.LIST, query=query)

    async def create(self, body: CreateBody) -> Conference:
        """Make a conference with an answered leg, which is in it from then on."""
        return await self._wire.ask(o.CREATE, body=body)

    def participants(self, conference: str, query: ParticipantsQuery | None = None) -> AsyncIterator[Participant]:
        """Yield the legs in a conference; those that have left are not among them."""
        return self._wire.each(o.PARTICIPANTS, conference, query=query)

    def participant_pages(
        self, conference: str, query: ParticipantsQuery | None = None
    ) -> AsyncIterator[Page[Participant]]:
        """Yield them page by page."""
        return self._wire.pages(o.PARTICIPANTS, conference, query=query)

    async def retrieve(self, conference: str, query: ConferenceQuery | None = None) -> Conference:
        """Return a conference."""
        return await self._wire.ask(o.RETRIEVE, conference, query=query)

    async def end(self, conference: str, body: EndBody | None = None) -> Result:
        """End a conference and hang all its legs up. By its id, not its name."""
        return await self._wire.ask(o.END, conference, body=body or EndBody())

    async def gather_using_audio(self, conference: str, body: GatherUsingAudioBody) -> Result:
        """Play audio to one participant that asks for digits. By the id, not the name."""
        return await self._wire.ask(o.GATHER_USING_AUDIO, conference, body=body)

    async def hold(self, conference: str, body: HoldBody | None = None) -> Result:
        """Hold participants: they neither hear nor are heard. None named: everybody."""
        return await self._wire.ask(o.HOLD, conference, body=body or HoldBody())

    async def join(self, conference: str, body: JoinBody) -> Result:
        """Put a leg into a conference, which takes it out of its queue."""
        return await self._wire.ask(o.JOIN, conference, body=body)

    async def leave(self, conference: str, body: LeaveBody) -> Result:
        """Take a leg out of a conference; it stays parked."""
        return await self._wire.ask(o.LEAVE, conference, body=body)

    async def mute(self, conference: str, body: MuteBody | None = None) -> Result:
        """Mute participants. None named: everybody."""
        return await self._wire.ask(o.MUTE, conference, body=body or MuteBody())

    async def play(self, conference: str, body: PlayBody | None = None) -> Result:
        """Play audio to participants. None named: everybody."""
        return await self._wire.ask(o.PLAY, conference, body=body or PlayBody())

    async def record_pause(self, conference: str, body: RecordPauseBody | None = None) -> Result:
        """Pause a recording."""
        return await self._wire.ask(o.RECORD_PAUSE, conference, body=body or RecordPauseBody())

    async def record_resume(self, conference: str, body: RecordResumeBody | None = None) -> Result:
        """Go on with a paused recording."""
        return await self._wire.ask(o.RECORD_RESUME, conference, body=body or RecordResumeBody())

    async def record_start(self, conference: str, body: RecordStartBody) -> Result:
        """Record a conference; the recording's id comes with `conference.recording.saved`."""
        return await self._wire.ask(o.RECORD_START, conference, body=body)

    async def record_stop(self, conference: str, body: RecordStopBody | None = None) -> Result:
        """End a recording."""
        return await self._wire.ask(o.RECORD_STOP, conference, body=body or RecordStopBody())

    async def send_dtmf(self, conference: str, body: SendDtmfBody) -> Result:
        """Send tones to participants. None named: everybody. By the id, not the name."""
        return await self._wire.ask(o.SEND_DTMF, conference, body=body)

    async def speak(self, conference: str, body: SpeakBody) -> Result:
        """Say a text to participants. None named: everybody."""
        return await self._wire.ask(o.SPEAK, conference, body=body)

    async def stop(self, conference: str, body: StopBody | None = None) -> Result:
        """End the audio that participants hear. None named: everybody."""
        return await self._wire.ask(o.STOP, conference, body=body or StopBody())

    async def unhold(self, conference: str, body: UnholdBody) -> Result:
        """End the hold of participants, who must be named."""
        return await self._wire.ask(o.UNHOLD, conference, body=body)

    async def unmute(self, conference: str, body: UnmuteBody | None = None) -> Result:
        """Unmute participants. None named: everybody."""
        return await self._wire.ask(o.UNMUTE, conference, body=body or UnmuteBody())

    async def update(self, conference: str, body: UpdateBody) -> Result:
        """Change a supervisor's role."""
        return await self._wire.ask(o.UPDATE, conference, body=body)

    async def participant(self, conference: str, participant: str) -> ParticipantDetails:
        """Return a participant, by its id or label."""
        return await self._wire.ask(o.PARTICIPANT, conference, participant)

    async def update_participant(
        self, conference: str, participant: str, body: UpdateParticipantBody | None = None
    ) -> ParticipantDetails:
        """Change what happens when a participant leaves."""
        return await self._wire.ask(o.UPDATE_PARTICIPANT, conference, participant, body=body or UpdateParticipantBody())
