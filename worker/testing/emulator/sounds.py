"""What is heard: one sound after the other, with what each is told by when it begins and ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from worker.testing.emulator.clock import Clock, Timer


@dataclass
class Sound:
    """A text that is spoken, or audio."""

    #: How long it lasts; None: until it is stopped.
    secs: float | None
    started: Callable[[], None]
    #: Called with `completed`, `cancelled`, `call_hangup` or `file_not_found`.
    ended: Callable[[str], None]
    missing: bool = False
    timer: Timer | None = field(default=None, compare=False)


class Player:
    """What one listener hears."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._current: Sound | None = None
        self._overlay: Sound | None = None
        self._waiting: list[Sound] = []

    @property
    def plays(self) -> bool:
        """Whether anything is heard."""
        return self._current is not None

    def play(self, sound: Sound, *, stop: str | None = None, overlay: bool = False) -> None:
        """Let *sound* be heard after what is heard now, or over it; *stop* ends that first (`current` or `all`)."""
        if stop:
            self.stop(stop)
        if overlay:
            self._end(self._overlay, "cancelled")
            self._overlay = sound
            self._begin(sound)
        elif self._current is None:
            self._current = sound
            self._begin(sound)
        else:
            self._waiting.append(sound)

    def stop(self, which: str = "all", *, overlay: bool = False, status: str = "cancelled") -> None:
        """End what is heard, and with `all` what waits too."""
        if overlay:
            sound, self._overlay = self._overlay, None
            self._end(sound, status)
            return
        if which == "all":
            self._waiting.clear()
        sound, self._current = self._current, None
        self._end(sound, status)
        self._next()

    def close(self) -> None:
        """End everything, because the listener has gone."""
        self.stop(status="call_hangup")
        self.stop(overlay=True, status="call_hangup")

    def _begin(self, sound: Sound) -> None:
        sound.started()
        if sound.missing:
            self._clock.later(0, lambda: self._over(sound, "file_not_found"))
        elif sound.secs is not None:
            sound.timer = self._clock.later(sound.secs, lambda: self._over(sound, "completed"))

    def _over(self, sound: Sound, status: str) -> None:
        if sound is self._overlay:
            self._overlay = None
        elif sound is self._current:
            self._current = None
        else:
            return
        self._end(sound, status)
        self._next()

    def _end(self, sound: Sound | None, status: str) -> None:
        if sound is not None:
            if sound.timer is not None:
                sound.timer.cancel()
            sound.ended(status)

    def _next(self) -> None:
        if self._current is None and self._waiting:
            self._current = self._waiting.pop(0)
            self._begin(self._current)
