"""Recordings of legs and conferences: begun, paused, ended, and saved a little later."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from worker.testing.emulator.conferences import Conference, Conferences
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.problems import refuse
from worker.testing.emulator.world import World


@dataclass(eq=False)
class Recording:
    """One recording."""

    id: str
    format: str
    channels: str
    started_at: str
    #: What is recorded: one of the two.
    conference: str | None = None
    leg: str | None = None
    paused: bool = False
    ended_at: str | None = None
    saved: bool = False
    transcribed: bool = False
    name: str | None = None


class Recordings:
    """All recordings."""

    def __init__(self, world: World, conferences: Conferences) -> None:
        self._world = world
        self._conferences = conferences
        self.all: list[Recording] = []
        self._going_on: list[Recording] = []
        world.departures.append(lambda leg: self.stop(self.of_leg(leg)))
        conferences.farewells.append(lambda conference: self.stop(self.of_conference(conference)))

    def of_leg(self, leg: Leg, recording_id: str | None = None) -> list[Recording]:
        """Return a leg's recordings that go on, or the one of an id; or refuse."""
        return _one_or_all([each for each in self._going_on if each.leg == leg.id], recording_id)

    def of_conference(self, conference: Conference, recording_id: str | None = None) -> list[Recording]:
        """Return a conference's recordings that go on, or the one of an id; or refuse."""
        mine = [each for each in self._going_on if each.conference == conference.id]
        return _one_or_all(mine, recording_id)

    def record_leg(
        self,
        leg: Leg,
        *,
        form: str,
        channels: str,
        max_secs: int | None = None,
        transcribed: bool = False,
        name: str | None = None,
        ident: str | None = None,
    ) -> Recording:
        """Record a leg; *ident* is the recording's id, where it was told before."""
        recording = self._new(form, channels, name, ident)
        recording.leg, recording.transcribed = leg.id, transcribed
        if max_secs:
            self._world.later(max_secs, lambda: self.stop([recording]))
        return recording

    def record_conference(self, conference: Conference, *, form: str, channels: str, name: str | None) -> Recording:
        """Record a conference, which somebody must be in."""
        if not conference.participants:
            refuse("90020")
        recording = self._new(form, channels, name)
        recording.conference = conference.id
        return recording

    def pause(self, recordings: list[Recording], *, paused: bool) -> None:
        """Pause recordings, or go on with them."""
        for recording in recordings:
            recording.paused = paused

    def stop(self, recordings: list[Recording]) -> None:
        """End recordings, which are saved a little later."""
        for recording in recordings:
            if recording.ended_at is None:
                recording.ended_at = self._world.clock.text()
                self._going_on.remove(recording)
                self._world.later(self._world.settings.saving_secs, partial(self._save, recording))

    def _new(self, form: str, channels: str, name: str | None, ident: str | None = None) -> Recording:
        recording = Recording(ident or self._world.new_uuid(), form, channels, self._world.clock.text(), name=name)
        self.all.append(recording)
        self._going_on.append(recording)
        return recording

    def _save(self, recording: Recording) -> None:
        recording.saved = True
        told: dict[str, object] = {
            "channels": recording.channels,
            "recording_started_at": recording.started_at,
            "recording_ended_at": recording.ended_at,
            "recording_urls": {
                recording.format: f"https://recordings.example.com/{recording.name or recording.id}.{recording.format}"
            },
        }
        if recording.conference is not None:
            conference = self._conferences.by_id[recording.conference]
            self._save_of_conference(recording, conference, told)
        elif recording.leg is not None:
            self._save_of_leg(recording, self._world.legs[recording.leg], told)

    def _save_of_conference(self, recording: Recording, conference: Conference, told: dict[str, object]) -> None:
        payload: dict[str, object] = {
            "call_control_id": conference.creator.id,
            "call_session_id": conference.creator.session_id,
            "client_state": conference.client_state,
            "conference_id": conference.id,
            "connection_id": self._world.settings.connection_id,
            "recording_id": recording.id,
            "format": recording.format,
            **told,
        }
        self._world.post("conference.recording.saved", payload, occurred="nowhere", leg=conference.creator)

    def _save_of_leg(self, recording: Recording, leg: Leg, told: dict[str, object]) -> None:
        payload: dict[str, object] = {
            "call_leg_id": leg.leg_id,
            "call_session_id": leg.session_id,
            "client_state": leg.client_state,
            "connection_id": self._world.settings.connection_id,
            **told,
        }
        if self._world.settings.unconfirmed.recording_ids:
            payload |= {"call_control_id": leg.id, "recording_id": recording.id}
        self._world.post("call.recording.saved", payload, occurred="data", leg=leg)
        if recording.transcribed:
            self._world.say(
                leg, "call.recording.transcription.saved", recording_id=recording.id, status="completed",
                recording_transcription_id=self._world.new_uuid(), transcription_text="Hello.",
                calling_party_type="sip" if leg.from_.startswith("sip:") else "pstn",
            )  # fmt: skip


def _one_or_all(recordings: list[Recording], recording_id: str | None) -> list[Recording]:
    if recording_id is None:
        return recordings
    found = [each for each in recordings if each.id == recording_id]
    if not found:
        refuse("10005", f"there is no recording {recording_id} that goes on", pointer="/recording_id")
    return found
