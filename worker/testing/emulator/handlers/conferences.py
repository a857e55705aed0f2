"""Conferences: make, join, leave, hold, mute, supervise, end; what they hear, and their recordings."""

from __future__ import annotations

from msgspec.structs import replace

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
from worker.telnyx.conferences.queries import ConferenceQuery, ConferencesQuery, ParticipantsQuery
from worker.testing.emulator.conferences import Conference, Conferences, Manner, Participant, Role
from worker.testing.emulator.documents import show_conference, show_participant, show_participant_details
from worker.testing.emulator.handlers.media import check_one_audio
from worker.testing.emulator.handlers.table import OK, Answer, Table
from worker.testing.emulator.problems import refuse
from worker.testing.emulator.world import World

Calls = list[str] | None


class ConferenceHandlers:
    """The commands and reads, but for what is heard and recorded."""

    def __init__(self, world: World, conferences: Conferences) -> None:
        self._world = world
        self._conferences = conferences

    def table(self) -> Table:
        """Return what is done for each operation."""
        return {
            o.LIST: self.list,
            o.CREATE: self.create,
            o.PARTICIPANTS: self.participants,
            o.RETRIEVE: self.retrieve,
            o.END: self.end,
            o.HOLD: self.hold,
            o.UNHOLD: self.unhold,
            o.MUTE: self.mute,
            o.UNMUTE: self.unmute,
            o.JOIN: self.join,
            o.LEAVE: self.leave,
            o.UPDATE: self.update,
            o.PARTICIPANT: self.participant,
            o.UPDATE_PARTICIPANT: self.update_participant,
        }

    def list(self, query: ConferencesQuery) -> Answer:
        found = [
            conference
            for conference in self._conferences.by_id.values()
            if query.name in (None, conference.name)
            and query.status in (None, conference.status)
            and query.region in (None, conference.region)
            and query.connection_id in (None, self._world.settings.connection_id)
            and query.leg_id in (None, conference.creator.leg_id)
            and query.application_session_id in (None, conference.creator.session_id)
        ]
        # By expiry, descending; of those that expire together, the newest first.
        found.sort(key=lambda conference: conference.expires_at)
        return [show_conference(self._world, conference) for conference in reversed(found)]

    def create(self, body: CreateBody) -> Answer:
        check_one_audio(body.hold_audio_url, body.hold_media_name, prefix="hold_")
        conference = self._conferences.create(
            self._world.answered(body.call_control_id),
            body.name,
            body.client_state,
            region=body.region,
            max_participants=body.max_participants,
            duration_minutes=body.duration_minutes,
            started=body.start_conference_on_create is not False,
        )
        return show_conference(self._world, conference)

    def retrieve(self, conference: str, query: ConferenceQuery) -> Answer:
        found = self._conferences.find(conference, active=False, region=query.region, named=False)
        return show_conference(self._world, found)

    def participants(self, conference: str, query: ParticipantsQuery) -> Answer:
        found = self._conferences.find(conference, active=False, region=query.region, named=False)
        return [
            show_participant(found, each)
            for each in found.participants
            if query.muted in (None, not each.manner.heard)
            and query.on_hold in (None, each.on_hold)
            and query.whispering in (None, each.manner.whispers)
        ]

    def end(self, conference: str, _: EndBody) -> Answer:
        self._conferences.finish(self._conferences.find(conference, named=False), "ended_via_api", hang_up=True)
        return OK

    def hold(self, conference: str, body: HoldBody) -> Answer:
        check_one_audio(body.audio_url, body.media_name)
        self._change(self._conferences.find(conference, region=body.region), body.call_control_ids, on_hold=True)
        return OK

    def unhold(self, conference: str, body: UnholdBody) -> Answer:
        found = self._conferences.find(conference, region=body.region)
        if not body.call_control_ids:
            refuse("10004", "call_control_ids is required", pointer="/call_control_ids")
        self._change(found, body.call_control_ids, on_hold=False)
        for participant in self._conferences.chosen(found, body.call_control_ids):
            participant.waits = False
        return OK

    def mute(self, conference: str, body: MuteBody) -> Answer:
        self._change(self._conferences.find(conference, region=body.region), body.call_control_ids, muted=True)
        return OK

    def unmute(self, conference: str, body: UnmuteBody) -> Answer:
        self._change(self._conferences.find(conference, region=body.region), body.call_control_ids, muted=False)
        return OK

    def join(self, conference: str, body: JoinBody) -> Answer:
        found = self._conferences.find(conference, region=body.region)
        check_one_audio(body.hold_audio_url, body.hold_media_name, prefix="hold_")
        leg = self._world.answered(body.call_control_id)
        manner = Manner(
            muted=bool(body.mute),
            on_hold=bool(body.hold),
            end_conference_on_exit=bool(body.end_conference_on_exit),
            soft_end_conference_on_exit=bool(body.soft_end_conference_on_exit),
            starts_conference=bool(body.start_conference_on_enter),
        )
        manner = as_supervisor(manner, body.supervisor_role, body.whisper_call_control_ids)
        self._conferences.join(found, leg, body.client_state, manner)
        return OK

    def leave(self, conference: str, body: LeaveBody) -> Answer:
        found = self._conferences.find(conference, region=body.region)
        self._conferences.leave(found, self._world.leg(body.call_control_id))
        return OK

    def update(self, conference: str, body: UpdateBody) -> Answer:
        found = self._conferences.find(conference, region=body.region)
        participant = self._conferences.inside(found, self._world.leg(body.call_control_id))
        manner = as_supervisor(participant.manner, body.supervisor_role, body.whisper_call_control_ids)
        self._conferences.change(participant, role=manner.role, whispers_to=manner.whispers_to)
        return OK

    def participant(self, conference: str, participant: str) -> Answer:
        found = self._conferences.find(conference, active=False, named=False)
        return show_participant_details(found, self._participant(found, participant))

    def update_participant(self, conference: str, participant: str, body: UpdateParticipantBody) -> Answer:
        found = self._conferences.find(conference, named=False)
        each = self._participant(found, participant)
        if body.end_conference_on_exit is not None:
            self._conferences.change(each, end_conference_on_exit=body.end_conference_on_exit)
        if body.soft_end_conference_on_exit is not None:
            self._conferences.change(each, soft_end_conference_on_exit=body.soft_end_conference_on_exit)
        return show_participant_details(found, each)

    def _change(self, conference: Conference, calls: Calls, **manner: object) -> None:
        for participant in self._conferences.chosen(conference, calls):
            self._conferences.change(participant, **manner)

    def _participant(self, conference: Conference, ident: str) -> Participant:
        found = next((each for each in conference.participants if each.id == ident), None)
        if found is None:
            refuse("10005", f"{ident} is not in this conference")
        return found


def as_supervisor(manner: Manner, role: Role | None, whispers_to: Calls) -> Manner:
    """Return the manner of a supervisor; barge is like everybody else."""
    if role is None:
        return manner
    return replace(manner, role=role, whispers_to=tuple(whispers_to or ()) if role == "whisper" else ())
