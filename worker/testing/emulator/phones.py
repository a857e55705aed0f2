"""The phones that we dial: what each does, and whether a machine has answered."""

from __future__ import annotations

from worker.testing.emulator.legs import Leg
from worker.testing.emulator.settings import Phone
from worker.testing.emulator.world import World

#: How long after the answer a machine is told from a human, and how long its greeting lasts.
DETECTION_SECS = 0.3
GREETING_SECS = 1.0


class Phones:
    """What the phones at some addresses do; the others answer."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.at: dict[str, Phone] = dict(world.settings.phones)

    def of(self, address: str) -> Phone:
        """Return the phone at an address; SIP parameters after it (`;secure=srtp`) change nothing."""
        return self.at.get(address) or self.at.get(address.partition(";")[0]) or Phone()

    def react(self, leg: Leg, addresses: list[str]) -> None:
        """Let the phones do what they do: the first that answers wins; the last that does not decides why."""
        acts = sorted((self._after_secs(phone), phone.does) for phone in map(self.of, addresses))
        answers = [secs for secs, does in acts if does in ("answer", "voicemail")]
        if answers:
            self._world.later(answers[0], lambda: self._world.answer(leg))
        elif all(does != "ring" for _, does in acts):
            secs, does = acts[-1]
            cause = {"decline": "call_rejected", "busy": "user_busy", "unknown": "not_found"}[does]
            self._world.later(secs, lambda: self._fail(leg, cause))

    def detect(self, leg: Leg, addresses: list[str], detection: str) -> None:
        """A leg was answered: say soon whether by a machine, and when its greeting is over."""
        machine = any(self.of(address).does == "voicemail" for address in addresses)
        premium = ".premium" if detection.startswith("premium") else ""
        found = "machine" if machine else ("human_residence" if premium else "human")

        def say(secs: float, what: str, result: str) -> None:
            def now() -> None:
                if leg.alive:
                    self._world.say(leg, f"call.machine{premium}.{what}.ended", result=result)

            self._world.later(secs, now)

        say(DETECTION_SECS, "detection", found)
        if machine and (premium or detection in ("greeting_end", "detect_words", "detect_beep")):
            heard = "beep_detected" if premium or detection == "detect_beep" else "ended"
            say(DETECTION_SECS + GREETING_SECS, "greeting", heard)

    def _fail(self, leg: Leg, cause: str) -> None:
        # Somebody may have answered for this phone meanwhile (POST /emulator/legs/{call}/answer).
        if leg.answered_at is None:
            self._world.hangup(leg, cause=cause, source="callee")

    def _after_secs(self, phone: Phone) -> float:
        return self._world.settings.answer_secs if phone.after_secs is None else phone.after_secs
