"""What a leg hears and is asked: speech, audio, tones, digits, recordings."""

from __future__ import annotations

from collections.abc import Callable

from worker.telnyx.calls import operations as o
from worker.telnyx.calls.gathering import GatherBody, GatherStopBody, GatherUsingAudioBody, GatherUsingSpeakBody
from worker.telnyx.calls.media import PlaybackStartBody, PlaybackStopBody, SendDtmfBody, SpeakBody
from worker.telnyx.calls.recording import RecordPauseBody, RecordResumeBody, RecordStartBody, RecordStopBody
from worker.testing.emulator.audio import Audio
from worker.testing.emulator.gathers import DIGITS, Gather, Gathers
from worker.testing.emulator.handlers.table import OK, Answer, Table
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.problems import refuse
from worker.testing.emulator.recordings import Recordings
from worker.testing.emulator.world import World

MOST_CHARACTERS = 3000
MOST_LOOPS = 100
MOST_DIGITS = 128
STOPS = ("current", "all")


class MediaHandlers:
    """The commands."""

    def __init__(self, world: World, audio: Audio, gathers: Gathers, recordings: Recordings) -> None:
        self._world = world
        self._audio = audio
        self._gathers = gathers
        self._recordings = recordings

    def table(self) -> Table:
        """Return what is done for each operation."""
        return {
            o.SPEAK: self.speak,
            o.PLAYBACK_START: self.playback_start,
            o.PLAYBACK_STOP: self.playback_stop,
            o.SEND_DTMF: self.send_dtmf,
            o.GATHER: self.gather,
            o.GATHER_USING_AUDIO: self.gather_using_audio,
            o.GATHER_USING_SPEAK: self.gather_using_speak,
            o.GATHER_STOP: self.gather_stop,
            o.RECORD_START: self.record_start,
            o.RECORD_STOP: self.record_stop,
            o.RECORD_PAUSE: self.record_pause,
            o.RECORD_RESUME: self.record_resume,
        }

    def speak(self, call: str, body: SpeakBody) -> Answer:
        check_text(body.payload)
        check_loop(body.loop)
        check_among("stop", body.stop, STOPS)
        leg = self._leg(call, body.client_state)
        self._audio.speak(leg, body.payload, loop=body.loop, stop=body.stop)
        return OK

    def playback_start(self, call: str, body: PlaybackStartBody) -> Answer:
        if not (body.audio_url or body.media_name or body.playback_content):
            refuse("10004", "audio_url, media_name or playback_content is required", pointer="/audio_url")
        check_one_audio(body.audio_url, body.media_name)
        check_loop(body.loop)
        check_among("stop", body.stop, STOPS)
        check_among("target_legs", body.target_legs, ("self",) if body.overlay else ("self", "opposite", "both"))
        leg = self._world.answered(call)
        if body.overlay and not self._audio.leg(leg).plays:
            refuse("10015", "An overlay needs other audio to be played over", pointer="/overlay")
        self._world.set_state(leg, body.client_state)
        self._audio.play(
            leg, url=body.audio_url, name=body.media_name, loop=body.loop, stop=body.stop, overlay=bool(body.overlay)
        )
        return OK

    def playback_stop(self, call: str, body: PlaybackStopBody) -> Answer:
        check_among("stop", body.stop, STOPS)
        leg = self._leg(call, body.client_state)
        self._audio.leg(leg).stop(body.stop or "all", overlay=bool(body.overlay))
        return OK

    def send_dtmf(self, call: str, body: SendDtmfBody) -> Answer:
        check_digits(body.digits)
        self._leg(call, body.client_state).tones += body.digits
        return OK

    def gather(self, call: str, body: GatherBody) -> Answer:
        check_gathered(body.minimum_digits, body.maximum_digits)
        leg = self._leg(call, body.client_state)
        self._gathers.begin(
            Gather(
                leg,
                minimum=body.minimum_digits or 1,
                maximum=body.maximum_digits or MOST_DIGITS,
                terminating=body.terminating_digit or "#",
                valid=body.valid_digits or DIGITS,
                initial_secs=_secs(body.initial_timeout_millis, 5.0),
                between_secs=_secs(body.inter_digit_timeout_millis, 5.0),
                total_secs=_secs(body.timeout_millis, 60.0),
                gather_id=body.gather_id or self._world.new_uuid(),
            )
        )
        return OK

    def gather_using_audio(self, call: str, body: GatherUsingAudioBody) -> Answer:
        check_one_audio(body.audio_url, body.media_name)
        check_gathered(body.minimum_digits, body.maximum_digits)
        leg = self._leg(call, body.client_state)

        def prompt(wrong: bool) -> float:
            if wrong and (body.invalid_audio_url or body.invalid_media_name):
                self._audio.play(leg, url=body.invalid_audio_url, name=body.invalid_media_name)
            self._audio.play(leg, url=body.audio_url, name=body.media_name)
            return (self._audio.played_secs() or 0.0) * (2 if wrong else 1)

        self._prompted(leg, body, prompt)
        return OK

    def gather_using_speak(self, call: str, body: GatherUsingSpeakBody) -> Answer:
        check_text(body.payload)
        check_gathered(body.minimum_digits, body.maximum_digits)
        leg = self._leg(call, body.client_state)

        def prompt(wrong: bool) -> float:
            text = f"{body.invalid_payload} {body.payload}" if wrong and body.invalid_payload else body.payload
            return self._audio.ask(leg, text)

        self._prompted(leg, body, prompt)
        return OK

    def gather_stop(self, call: str, body: GatherStopBody) -> Answer:
        self._gathers.stop(self._leg(call, body.client_state))
        return OK

    def record_start(self, call: str, body: RecordStartBody) -> Answer:
        leg = self._leg(call, body.client_state)
        # One track has one channel, whatever is asked for.
        channels = body.channels if body.recording_track in (None, "both") else "single"
        self._recordings.record_leg(
            leg, form=body.format, channels=channels, max_secs=body.max_length,
            transcribed=bool(body.transcription), name=body.custom_file_name,
        )  # fmt: skip
        return OK

    def record_stop(self, call: str, body: RecordStopBody) -> Answer:
        leg = self._leg(call, body.client_state)
        self._recordings.stop(self._recordings.of_leg(leg, body.recording_id))
        return OK

    def record_pause(self, call: str, body: RecordPauseBody) -> Answer:
        leg = self._leg(call, body.client_state)
        self._recordings.pause(self._recordings.of_leg(leg, body.recording_id), paused=True)
        return OK

    def record_resume(self, call: str, body: RecordResumeBody) -> Answer:
        leg = self._leg(call, body.client_state)
        self._recordings.pause(self._recordings.of_leg(leg, body.recording_id), paused=False)
        return OK

    def _leg(self, call: str, client_state: str | None) -> Leg:
        leg = self._world.answered(call)
        self._world.set_state(leg, client_state)
        return leg

    def _prompted(
        self, leg: Leg, body: GatherUsingAudioBody | GatherUsingSpeakBody, prompt: Callable[[bool], float]
    ) -> None:
        self._gathers.begin(
            Gather(
                leg,
                minimum=body.minimum_digits or 1,
                maximum=body.maximum_digits or MOST_DIGITS,
                terminating=body.terminating_digit or "#",
                valid=body.valid_digits or DIGITS,
                between_secs=_secs(body.inter_digit_timeout_millis, 5.0),
                total_secs=_secs(body.timeout_millis, 60.0),
                tries=body.maximum_tries or 3,
                prompt=prompt,
                hush=self._audio.leg(leg).stop,
            )
        )


def check_text(text: str) -> None:
    """Refuse a text that is too long."""
    if len(text) > MOST_CHARACTERS:
        refuse("10015", f"payload has more than {MOST_CHARACTERS} characters", pointer="/payload")


def check_one_audio(url: str | None, name: str | None, *, prefix: str = "") -> None:
    """Refuse audio that is named in two ways; *prefix* is what the fields' names begin with."""
    if url and name:
        told = f"{prefix}media_name and {prefix}audio_url cannot be used together in one request"
        refuse("10015", told, pointer=f"/{prefix}media_name")


def check_loop(loop: int | str | None) -> None:
    """Refuse what says not how often: a number, also as text, or `infinity`."""
    if loop in (None, "infinity"):
        return
    if not str(loop).isdecimal():
        refuse("10015", "loop is a number, or infinity", pointer="/loop")
    if not 1 <= int(str(loop)) <= MOST_LOOPS:
        refuse("10033", f"The value is outside of allowed range 1 to {MOST_LOOPS}", pointer="/loop")


def check_among(field: str, value: str | None, values: tuple[str, ...]) -> None:
    """Refuse what is not among the values that the field's description names."""
    if value is not None and value not in values:
        refuse("10032", f"The value must be one of: {', '.join(values)}.", pointer=f"/{field}")


def check_gathered(minimum: int | None, maximum: int | None) -> None:
    """Refuse to ask for more digits than are taken."""
    if (minimum or 1) > (maximum or MOST_DIGITS):
        refuse("10015", "minimum_digits is more than maximum_digits", pointer="/minimum_digits")


def check_digits(digits: str) -> None:
    """Refuse what is not DTMF."""
    if set(digits) - set("0123456789ABCD*#wW"):
        refuse("10015", "digits are 0-9, A-D, *, #, w and W", pointer="/digits")


def _secs(millis: int | None, default: float) -> float:
    return default if millis is None else millis / 1000
