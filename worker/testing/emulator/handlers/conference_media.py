"""What a conference hears and is asked, and its recordings."""

from __future__ import annotations

from worker.telnyx.conferences import operations as o
from worker.telnyx.conferences.media import GatherUsingAudioBody, PlayBody, SendDtmfBody, SpeakBody, StopBody
from worker.telnyx.conferences.recording import RecordPauseBody, RecordResumeBody, RecordStartBody, RecordStopBody
from worker.testing.emulator.audio import Audio
from worker.testing.emulator.conferences import Conference, Conferences
from worker.testing.emulator.gathers import DIGITS, Gather, Gathers
from worker.testing.emulator.handlers.media import check_digits, check_loop, check_one_audio, check_text
from worker.testing.emulator.handlers.table import OK, Answer, Table
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.problems import refuse
from worker.testing.emulator.recordings import Recordings
from worker.testing.emulator.world import World


class ConferenceMediaHandlers:
    """The commands."""

    def __init__(
        self, world: World, conferences: Conferences, audio: Audio, gathers: Gathers, recordings: Recordings
    ) -> None:
        self._world = world
        self._conferences = conferences
        self._audio = audio
        self._gathers = gathers
        self._recordings = recordings

    def table(self) -> Table:
        """Return what is done for each operation."""
        return {
            o.PLAY: self.play,
            o.STOP: self.stop,
            o.SPEAK: self.speak,
            o.SEND_DTMF: self.send_dtmf,
            o.GATHER_USING_AUDIO: self.gather_using_audio,
            o.RECORD_START: self.record_start,
            o.RECORD_STOP: self.record_stop,
            o.RECORD_PAUSE: self.record_pause,
            o.RECORD_RESUME: self.record_resume,
        }

    def play(self, conference: str, body: PlayBody) -> Answer:
        found = self._conferences.find(conference, region=body.region)
        check_one_audio(body.audio_url, body.media_name)
        if not (body.audio_url or body.media_name):
            refuse("10004", "audio_url or media_name is required", pointer="/audio_url")
        check_loop(body.loop)
        legs = self._named(found, body.call_control_ids)
        self._audio.play_to(found, legs, url=body.audio_url, name=body.media_name, loop=body.loop)
        return OK

    def stop(self, conference: str, body: StopBody) -> Answer:
        found = self._conferences.find(conference, region=body.region)
        self._audio.stop_in(found, self._named(found, body.call_control_ids))
        return OK

    def speak(self, conference: str, body: SpeakBody) -> Answer:
        found = self._conferences.find(conference, region=body.region)
        check_text(body.payload)
        self._audio.speak_to(found, self._named(found, body.call_control_ids), body.payload)
        return OK

    def send_dtmf(self, conference: str, body: SendDtmfBody) -> Answer:
        found = self._conferences.find(conference, named=False)
        check_digits(body.digits)
        for participant in self._conferences.chosen(found, body.call_control_ids):
            self._world.set_state(participant.leg, body.client_state)
            participant.leg.tones += body.digits
        return OK

    def gather_using_audio(self, conference: str, body: GatherUsingAudioBody) -> Answer:
        found = self._conferences.find(conference, named=False)
        check_one_audio(body.audio_url, body.media_name)
        leg = self._conferences.inside(found, self._world.leg(body.call_control_id)).leg
        self._world.set_state(leg, body.client_state)

        def prompt(wrong: bool) -> float:
            if wrong and (body.invalid_audio_url or body.invalid_media_name):
                self._audio.play_to(found, [leg], url=body.invalid_audio_url, name=body.invalid_media_name, loop=None)
            self._audio.play_to(found, [leg], url=body.audio_url, name=body.media_name, loop=None)
            return (self._audio.played_secs() or 0.0) * (2 if wrong else 1)

        hushes = body.stop_playback_on_dtmf is not False
        self._gathers.begin(
            Gather(
                leg,
                minimum=body.minimum_digits or 1,
                maximum=body.maximum_digits or 128,
                terminating=body.terminating_digit or "#",
                valid=body.valid_digits or DIGITS,
                between_secs=(body.inter_digit_timeout_millis or 5000) / 1000,
                total_secs=(body.timeout_millis or 60_000) / 1000,
                tries=body.maximum_tries or 3,
                gather_id=body.gather_id,
                prompt=prompt,
                confined=True,
                hush=(lambda: self._audio.stop_in(found, [leg])) if hushes else None,
            )
        )
        return OK

    def record_start(self, conference: str, body: RecordStartBody) -> Answer:
        found = self._conferences.find(conference, region=body.region)
        self._recordings.record_conference(
            found, form=body.format, channels=body.channels or "single", name=body.custom_file_name
        )
        return OK

    def record_stop(self, conference: str, body: RecordStopBody) -> Answer:
        found = self._conferences.find(conference, region=body.region)
        self._recordings.stop(self._recordings.of_conference(found, body.recording_id))
        return OK

    def record_pause(self, conference: str, body: RecordPauseBody) -> Answer:
        found = self._conferences.find(conference, region=body.region)
        self._recordings.pause(self._recordings.of_conference(found, body.recording_id), paused=True)
        return OK

    def record_resume(self, conference: str, body: RecordResumeBody) -> Answer:
        found = self._conferences.find(conference, region=body.region)
        self._recordings.pause(self._recordings.of_conference(found, body.recording_id), paused=False)
        return OK

    def _named(self, conference: Conference, calls: list[str] | None) -> list[Leg] | None:
        """Return who is named; None: all of the conference."""
        if not calls:
            return None
        return [participant.leg for participant in self._conferences.chosen(conference, calls)]
