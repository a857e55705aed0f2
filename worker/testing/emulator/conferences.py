"""Conferences: the creator is in, a join takes the leg out of its queue, all left is the end; and their recordings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from worker.testing.emulator.problems import refuse
from worker.testing.emulator.queues import Queues
from worker.testing.emulator.world import Leg, Stay, World, now


@dataclass
class Recording:
    """One recording."""

    id: str
    conference: str
    format: str
    channels: str
    started_at: str
    ended_at: str | None = None
    saved: bool = False


@dataclass
class Conference:
    """One conference."""

    id: str
    name: str
    creator: Leg
    client_state: str | None
    created_at: str = field(default_factory=now)
    ended_at: str | None = None
    end_reason: str | None = None
    legs: list[Leg] = field(default_factory=list)
    recording: Recording | None = None


class Conferences:
    """All conferences."""

    def __init__(self, world: World, queues: Queues) -> None:
        self.world = world
        self.queues = queues
        self.by_id: dict[str, Conference] = {}
        self.recordings: list[Recording] = []
        world.departures.append(self._take_out)
        queues.entering.append(self._take_out)

    def find(self, id_or_name: str, *, active: bool = True) -> Conference:
        """Return a conference by its id, or an active one by its name; or refuse."""
        found = self.by_id.get(id_or_name)
        if found is None:
            named = (c for c in self.by_id.values() if c.name == id_or_name and c.ended_at is None)
            found = next(named, None)
        if found is None:
            refuse("90058", f"there is no conference {id_or_name}")
        if active and found.ended_at is not None:
            refuse("90019", "The conference is no longer active")
        return found

    def create(self, leg: Leg, name: str, client_state: str | None) -> Conference:
        """Make a conference of a leg."""
        if any(c.name == name and c.ended_at is None for c in self.by_id.values()):
            refuse("90033", f"{name} is active", pointer="/name")
        self.world.set_state(leg, client_state)
        conference = Conference(self.world.new_uuid(), name, leg, leg.client_state)
        self._move_out(leg, conference)
        self.by_id[conference.id] = conference
        self._say(conference, leg, "conference.created", occurred="payload")
        self._enter(conference, leg)
        return conference

    def join(self, conference: Conference, leg: Leg, client_state: str | None) -> None:
        """Put a leg into a conference."""
        if leg in conference.legs:
            refuse("90044", "The call is in this conference already")
        self.world.set_state(leg, client_state)
        if leg is conference.creator and client_state is not None:
            conference.client_state = leg.client_state
        self._move_out(leg, conference)
        others = [other for other in conference.legs if other.incoming]
        if leg.incoming and others:
            self.world.violations.append(f"{leg.id} joins {conference.id} in which {others[0].id} talks")
        self._enter(conference, leg)

    def leave(self, conference: Conference, leg: Leg) -> None:
        """Take a leg out; it stays parked."""
        if leg not in conference.legs:
            refuse("10015", "The call is not in this conference", pointer="/call_control_id")
        conference.legs.remove(leg)
        leg.conference = None
        leg.stays[-1].left_at = now()
        self._say(conference, leg, "conference.participant.left", occurred="data")
        self.world.tell(leg, "left")
        if not conference.legs:
            self._end(conference)

    def end(self, conference: Conference) -> None:
        """End a conference and all its legs."""
        conference.end_reason = "ended_via_api"
        for leg in list(conference.legs):
            self.world.hangup(leg, cause="normal_clearing", source="callee")

    def record(self, conference: Conference, form: str, channels: str) -> None:
        """Start a recording."""
        if len(conference.legs) == 0:
            refuse("90020")
        self.stop(conference)
        conference.recording = Recording(self.world.new_uuid(), conference.id, form, channels, now())
        self.recordings.append(conference.recording)

    def stop(self, conference: Conference) -> None:
        """End the recording, which is saved a little later."""
        recording = conference.recording
        if recording is None:
            return
        conference.recording = None
        recording.ended_at = now()

        def save() -> None:
            recording.saved = True
            url = f"https://recordings.example.com/{recording.id}.{recording.format}"
            self._say(
                conference, conference.creator, "conference.recording.saved", occurred="nowhere",
                recording_id=recording.id, format=recording.format, channels=recording.channels,
                recording_started_at=recording.started_at, recording_ended_at=recording.ended_at,
                recording_urls={recording.format: url},
            )  # fmt: skip

        self.world.later(self.world.settings.saving_secs, save)

    def _enter(self, conference: Conference, leg: Leg) -> None:
        self.queues.remove(leg, self.world.settings.dequeued_by_join)
        conference.legs.append(leg)
        leg.conference = conference.id
        leg.stays.append(Stay(conference.id, now()))
        self._say(conference, leg, "conference.participant.joined", occurred="data")
        for inside in conference.legs:
            self.world.tell(inside, "together" if len(conference.legs) > 1 else "alone")

        if len(conference.legs) > 1 and self.world.random.random() < self.world.settings.floor_change_rate:
            self._say(conference, leg, "conference.floor.changed", occurred="payload", wrapped=False)

    def _move_out(self, leg: Leg, conference: Conference) -> None:
        """Take a leg out of the conference that it is in when it enters another: nobody should need this."""
        if leg.conference is not None:
            self.world.violations.append(f"{leg.id} enters {conference.id} while in {leg.conference}")
            self._take_out(leg)

    def _take_out(self, leg: Leg) -> None:
        if leg.conference is not None:
            self.leave(self.by_id[leg.conference], leg)

    def _end(self, conference: Conference) -> None:
        self.stop(conference)
        conference.ended_at, conference.end_reason = now(), conference.end_reason or "all_left"
        # The webhook knows no "ended_via_api"; that is said only to who asks.
        self._say(conference, conference.creator, "conference.ended", occurred="payload", reason="all_left")

    def _say(
        self,
        conference: Conference,
        leg: Leg,
        event_type: str,
        *,
        occurred: Literal["data", "payload", "nowhere"],
        wrapped: bool = True,
        **fields: object,
    ) -> None:
        payload: dict[str, object] = {
            "call_control_id": leg.id,
            "call_session_id": leg.session_id,
            "client_state": conference.client_state,
            "conference_id": conference.id,
            "connection_id": self.world.settings.connection_id,
            **fields,
        }
        if event_type != "conference.recording.saved":
            payload["call_leg_id"] = leg.leg_id
        if occurred == "payload":
            payload["occurred_at"] = now()
        self.world.post(event_type, payload, occurred_in_data=occurred == "data", wrapped=wrapped)
