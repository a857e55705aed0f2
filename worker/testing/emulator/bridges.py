"""Legs that hear each other: bridged, transferred, referred; and what becomes of one when the other is gone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from worker.testing.emulator.conferences import Conferences
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.problems import Problem, refuse
from worker.testing.emulator.queues import Queues
from worker.testing.emulator.world import World


class Bridges:
    """Who is bridged with whom: `Leg.peer`."""

    def __init__(self, world: World, queues: Queues, conferences: Conferences) -> None:
        self._world = world
        self._queues = queues
        self._conferences = conferences
        #: Leg that is not answered yet → what is done when it is, in order.
        self._when_answered: dict[str, list[Callable[[], object]]] = {}
        world.departures.append(self._left_alone)
        world.watchers.append(self._happened)
        queues.entering.append(self.part)
        conferences.entering.append(self.part)

    def check(self, leg: Leg, other: Leg, *, prevent_double: bool) -> None:
        """Refuse what cannot be bridged."""
        if leg is other:
            refuse("10015", "a call cannot be bridged with itself", pointer="/call_control_id")
        if other.incoming and other.answered_at is None:
            refuse("90034", "the other call is not answered yet")
        if prevent_double and other.peer is not None:
            refuse("10015", "the other call is bridged already", pointer="/prevent_double_bridge")

    def bridge(self, leg: Leg, other: Leg, *, after: str = "hangup") -> None:
        """Let two legs hear each other, now or when the other one answers; *after* is what then becomes of *leg*."""
        if other.answered_at is None:
            self.when_answered(other, lambda: self.bridge_if_there(leg, other, after=after))
            return
        for each in (leg, other):
            self.part(each, spare=leg if each is other else other)
            self._queues.remove(each, "bridged")
            self._conferences.take_out(each)
        if not (leg.alive and other.alive):
            # One of them ended a conference by leaving it, and that hung the other one up.
            return
        leg.peer, other.peer, leg.after_unbridge = other.id, leg.id, after
        for each in (leg, other):
            self._world.say(each, "call.bridged")
        for each in (leg, other):
            self._world.tell(each, "together")

    def bridge_if_there(self, leg: Leg, other: Leg, *, after: str) -> None:
        """Let two legs hear each other if both are still there; if one is not, the other stays parked."""
        if leg.alive and other.alive:
            self.bridge(leg, other, after=after)

    def when_answered(self, leg: Leg, action: Callable[[], object]) -> None:
        """Do *action* as soon as a leg that rings is answered."""
        self._when_answered.setdefault(leg.id, []).append(action)

    def leave_queue(self, leg: Leg) -> None:
        """Take a leg out of its queue because it is to be bridged."""
        self._queues.remove(leg, "bridging-in-process")

    def part(self, leg: Leg, *, spare: Leg | None = None) -> None:
        """End a leg's bridge because it goes elsewhere; *spare* is not hung up for it."""
        if leg.held:
            leg.held = False
            self._world.say(leg, "call.unhold")
        other = self._world.legs.get(leg.peer or "")
        leg.peer = None
        if other is not None:
            other.peer = None
            if other is not spare:
                self._let_go(other)

    def refer(self, leg: Leg, *, refused: bool) -> None:
        """The far end of a leg is told to call elsewhere; if it does so, the leg ends."""
        self.leave_queue(leg)
        self._world.say(leg, "call.refer.started", sip_notify_response=100)

        def end() -> None:
            if not leg.alive:
                return
            if refused:
                self._world.say(leg, "call.refer.failed", sip_notify_response=603)
                return
            self._world.say(leg, "call.refer.completed", sip_notify_response=200)
            self._world.hangup(leg, cause="normal_clearing", source="callee" if not leg.incoming else "caller")

        self._world.later(self._world.settings.answer_secs, end)

    def _happened(self, leg: Leg, what: str) -> None:
        if what == "answered":
            for action in self._when_answered.pop(leg.id, []):
                # What the command was not refused for may have become impossible meanwhile: the leg stays parked.
                with suppress(Problem):
                    action()
        elif what == "ended":
            self._when_answered.pop(leg.id, None)

    def _left_alone(self, leg: Leg) -> None:
        other = self._world.legs.get(leg.peer or "")
        leg.peer = None
        if other is not None and other.alive:
            other.peer = None
            self._let_go(other)

    def _let_go(self, leg: Leg) -> None:
        match leg.after_unbridge:
            case "self":
                self._world.tell(leg, "left")
            case "hold":
                leg.held = True
                self._world.say(leg, "call.hold")
                self._world.tell(leg, "left")
            case _:
                self._world.hangup(leg, cause="normal_clearing", source="callee" if leg.incoming else "caller")
