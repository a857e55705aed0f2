"""Speech and audio for legs and conferences: how long each lasts, and what is told of it."""

from __future__ import annotations

from collections import defaultdict

from worker.testing.emulator.conferences import Conference, Conferences
from worker.testing.emulator.legs import Heard, Leg
from worker.testing.emulator.sounds import Player, Sound
from worker.testing.emulator.world import World

Loop = int | str | None


class Audio:
    """What every leg, and every conference, hears."""

    def __init__(self, world: World, conferences: Conferences) -> None:
        self._world = world
        self._legs: defaultdict[str, Player] = defaultdict(lambda: Player(world.clock))
        #: (conference, "") is all of it, (conference, leg) one participant's ear.
        self._rooms: defaultdict[tuple[str, str], Player] = defaultdict(lambda: Player(world.clock))
        world.departures.append(self._leg_ended)
        conferences.partings.append(self._leg_left)
        conferences.farewells.append(self._room_ended)

    def spoken_secs(self, text: str, loop: Loop = None) -> float | None:
        """Return how long a text lasts; None: for ever."""
        return _repeated(len(text) / self._world.settings.characters_per_sec, loop)

    def played_secs(self, loop: Loop = None) -> float | None:
        """Return how long audio lasts; None: for ever."""
        return _repeated(self._world.settings.audio_secs, loop)

    def missing(self, *names: str | None) -> bool:
        """Return whether audio cannot be fetched."""
        return any(name in self._world.settings.missing_audio for name in names if name)

    def leg(self, leg: Leg) -> Player:
        """Return what a leg hears."""
        return self._legs[leg.id]

    def speak(self, leg: Leg, text: str, *, loop: Loop = None, stop: str | None = None) -> None:
        """Say a text to a leg; at its end, the leg's client_state of now is told."""
        state, say = leg.client_state, self._world.say
        stopped = self._world.settings.unconfirmed.stopped_speech
        sound = Sound(
            self.spoken_secs(text, loop),
            lambda: say(leg, "call.speak.started", state_of_then=state),
            lambda how: say(
                leg, "call.speak.ended", state_of_then=state, status=stopped if how == "cancelled" else how
            ),
        )
        leg.heard.append(text)
        self.leg(leg).play(self._kept(leg, text, sound), stop=stop)

    def ask(self, leg: Leg, text: str) -> float:
        """Say a text that asks for digits, of which Telnyx tells nothing; return how long it lasts."""
        secs = self.spoken_secs(text) or 0.0
        leg.heard.append(text)
        self.leg(leg).play(self._kept(leg, text, Sound(secs, lambda: None, lambda _: None)))
        return secs

    def play(
        self,
        leg: Leg,
        *,
        url: str | None,
        name: str | None,
        loop: Loop = None,
        stop: str | None = None,
        overlay: bool = False,
    ) -> None:
        """Play audio to a leg."""
        state, say = leg.client_state, self._world.say
        what: dict[str, object] = {"media_url": url, "media_name": name, "overlay": overlay}
        told = {key: value for key, value in what.items() if value is not None}

        def ended(status: str) -> None:
            say(leg, "call.playback.ended", state_of_then=state, status=status, status_detail="", **told)

        sound = Sound(
            self.played_secs(loop),
            lambda: say(leg, "call.playback.started", state_of_then=state, **told),
            ended,
            missing=self.missing(url, name),
        )
        leg.heard += [each for each in (url, name) if each is not None]
        self.leg(leg).play(self._kept(leg, url or name or "", sound), stop=stop, overlay=overlay)

    def speak_to(self, conference: Conference, legs: list[Leg] | None, text: str) -> None:
        """Say a text to a conference, or to some of its participants."""
        self._to_each(conference, legs, "speak", self.spoken_secs(text), {}, missing=False)

    def play_to(
        self, conference: Conference, legs: list[Leg] | None, *, url: str | None, name: str | None, loop: Loop
    ) -> None:
        """Play audio to a conference, or to some of its participants."""
        what = {key: value for key, value in (("media_url", url), ("media_name", name)) if value is not None}
        self._to_each(conference, legs, "playback", self.played_secs(loop), what, missing=self.missing(url, name))

    def stop_in(self, conference: Conference, legs: list[Leg] | None) -> None:
        """End what a conference hears, or some of its participants."""
        for (room, ear), player in list(self._rooms.items()):
            if room == conference.id and (legs is None or ear in {leg.id for leg in legs}):
                player.stop()

    def _kept(self, leg: Leg, what: str, sound: Sound) -> Sound:
        """Have the leg's books say when the sound begins and ends."""
        begin, end = sound.started, sound.ended
        heard = Heard(what, "")

        def started() -> None:
            heard.at = self._world.clock.text()
            leg.sounds.append(heard)
            begin()

        def ended(how: str) -> None:
            heard.ended_at, heard.how = self._world.clock.text(), how
            end(how)

        sound.started, sound.ended = started, ended
        return sound

    def _to_each(
        self,
        conference: Conference,
        legs: list[Leg] | None,
        kind: str,
        secs: float | None,
        what: dict[str, str],
        *,
        missing: bool,
    ) -> None:
        if legs is None:
            self._rooms[conference.id, ""].play(self._sound(conference, None, kind, secs, what, missing=missing))
        for leg in legs or []:
            sound = self._sound(conference, leg, kind, secs, what, missing=missing)
            self._rooms[conference.id, leg.id].play(sound)

    def _sound(
        self,
        conference: Conference,
        leg: Leg | None,
        kind: str,
        secs: float | None,
        what: dict[str, str],
        *,
        missing: bool,
    ) -> Sound:
        base = f"conference.participant.{kind}" if leg else f"conference.{kind}"

        def say(what_happened: str) -> None:
            self._say(conference, leg, f"{base}.{what_happened}", what)

        return Sound(secs, lambda: say("started"), lambda _: say("ended"), missing=missing)

    def _say(self, conference: Conference, leg: Leg | None, event_type: str, what: dict[str, str]) -> None:
        """Say what a conference, or one leg in it, begins or ceases to hear."""
        about: dict[str, object] = {
            "conference_id": conference.id,
            "connection_id": self._world.settings.connection_id,
            "creator_call_session_id": conference.creator.session_id,
            **what,
        }
        if leg is not None:
            about |= {
                "call_control_id": leg.id,
                "call_leg_id": leg.leg_id,
                "call_session_id": leg.session_id,
                "client_state": conference.client_state,
            }
        self._world.post(event_type, about, occurred="payload", leg=conference.creator)

    def _leg_ended(self, leg: Leg) -> None:
        if leg.id in self._legs:
            self._legs.pop(leg.id).close()

    def _leg_left(self, conference: Conference, leg: Leg) -> None:
        player = self._rooms.pop((conference.id, leg.id), None)
        if player is not None:
            player.close()

    def _room_ended(self, conference: Conference) -> None:
        for room, ear in list(self._rooms):
            if room == conference.id:
                self._rooms.pop((room, ear)).close()


def _repeated(secs: float, loop: Loop) -> float | None:
    if loop == "infinity":
        return None
    return secs * max(1, int(loop)) if loop else secs
