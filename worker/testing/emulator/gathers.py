"""Digits that are asked for, with or without a prompt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from worker.testing.emulator.clock import Timer
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.world import World

DIGITS = "0123456789#*"


@dataclass
class Gather:
    """What is asked for, and what has come. Times in seconds."""

    leg: Leg
    minimum: int = 1
    maximum: int = 128
    terminating: str = "#"
    valid: str = DIGITS
    initial_secs: float = 5.0
    between_secs: float = 5.0
    total_secs: float = 60.0
    tries: int = 1
    gather_id: str | None = None
    #: Begins the prompt and returns how long it lasts; with True, after a wrong input.
    prompt: Callable[[bool], float] | None = None
    #: It is asked in a conference, and no longer when the leg leaves it.
    confined: bool = False
    #: Ends the prompt, when the first digit comes.
    hush: Callable[[], None] | None = None
    client_state: str | None = None
    digits: str = ""
    timers: list[Timer] = field(default_factory=list)


class Gathers:
    """What is being asked of each leg."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._active: dict[str, Gather] = {}
        world.departures.append(lambda leg: self._end(leg, "call_hangup"))

    def begin(self, gather: Gather) -> None:
        """Ask a leg for digits; what was asked of it before is given up."""
        self._end(gather.leg, "cancelled")
        gather.client_state = gather.leg.client_state
        self._active[gather.leg.id] = gather
        self._ask(gather, wrong=False)

    def stop(self, leg: Leg) -> None:
        """Ask no longer."""
        self._end(leg, "cancelled")

    def leave(self, leg: Leg) -> None:
        """The leg leaves its conference: what was asked of it there is given up."""
        gather = self._active.get(leg.id)
        if gather is not None and gather.confined:
            self._end(leg, "cancelled")

    def press(self, leg: Leg, digits: str) -> None:
        """The far end presses digits."""
        for digit in digits:
            self._world.say(leg, "call.dtmf.received", digit=digit)
            gather = self._active.get(leg.id)
            if gather is not None:
                self._take(gather, digit)

    def _take(self, gather: Gather, digit: str) -> None:
        if gather.hush and not gather.digits:
            gather.hush()
        if digit == gather.terminating:
            self._judge(gather)
            return
        if digit not in gather.valid:
            if gather.prompt:
                self._again(gather, "invalid")
            return
        gather.digits += digit
        if len(gather.digits) >= gather.maximum:
            self._judge(gather)
        else:
            self._await(gather, gather.between_secs)

    def _ask(self, gather: Gather, *, wrong: bool) -> None:
        gather.digits = ""
        gather.tries -= 1
        if gather.prompt:
            self._await(gather, gather.prompt(wrong) + gather.total_secs)
            return
        self._await(gather, gather.initial_secs)
        gather.timers.append(self._world.clock.later(gather.total_secs, lambda: self._late(gather)))

    def _await(self, gather: Gather, secs: float) -> None:
        kept = gather.timers[1:] if not gather.prompt else []
        for timer in gather.timers[:1] if kept else gather.timers:
            timer.cancel()
        gather.timers = [self._world.clock.later(secs, lambda: self._late(gather)), *kept]

    def _late(self, gather: Gather) -> None:
        if self._active.get(gather.leg.id) is gather:
            self._judge(gather) if gather.digits else self._again(gather, "timeout")

    def _judge(self, gather: Gather) -> None:
        if gather.minimum <= len(gather.digits) <= gather.maximum:
            self._end(gather.leg, "valid")
        else:
            self._again(gather, "invalid")

    def _again(self, gather: Gather, status: str) -> None:
        if gather.prompt and gather.tries > 0:
            self._ask(gather, wrong=status == "invalid")
        else:
            self._end(gather.leg, status)

    def _end(self, leg: Leg, status: str) -> None:
        gather = self._active.pop(leg.id, None)
        if gather is None:
            return
        for timer in gather.timers:
            timer.cancel()
        if gather.hush and status == "cancelled":
            gather.hush()
        told = {"gather_id": gather.gather_id} if gather.gather_id else {}
        self._world.say(
            leg, "call.gather.ended", state_of_then=gather.client_state, digits=gather.digits, status=status, **told
        )
