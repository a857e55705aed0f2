"""The people on the phones: callers with patience and something to say, agents who answer."""

from __future__ import annotations

import anyio

from worker.testing.emulator.settings import EmulatorSettings, Phone, Traffic
from worker.testing.emulator.world import Leg, World


class Actors:
    """Callers and agents."""

    def __init__(self, world: World, settings: EmulatorSettings) -> None:
        self.traffic = settings.traffic or Traffic(to="")
        #: What the phones at these addresses do; the others answer.
        self.phones = dict(settings.phones)
        self._world = world
        self._settings = settings
        self._random = world.random
        #: How long each caller talks.
        self._talk_secs: dict[str, float] = {}
        self._patience_secs: dict[str, float] = {}
        self._talking: set[str] = set()
        self._changed = anyio.Event()
        self._rung = 0
        world.watchers.append(self._happened)

    def ring(self, from_: str, to: str, *, patience_secs: float, talk_secs: float) -> Leg:
        """A caller rings."""
        leg = self._world.ring(from_, to)
        self._talk_secs[leg.id] = talk_secs
        self._patience_secs[leg.id] = patience_secs
        self._world.later(patience_secs, lambda: self._lose_patience(leg))
        return leg

    def set_traffic(self, traffic: Traffic) -> None:
        """Let callers ring by themselves, more or less often, or not at all."""
        self.traffic = traffic
        self._changed.set()

    async def run(self) -> None:
        """Have callers ring for ever, as often as the traffic says."""
        while True:
            traffic = self.traffic
            self._changed = anyio.Event()
            if traffic.per_minute <= 0:
                await self._changed.wait()
                continue
            with anyio.move_on_after(self._random.expovariate(traffic.per_minute / 60)) as pause:
                await self._changed.wait()
            if pause.cancelled_caught:
                self._rung += 1
                self.ring(
                    f"+1555{self._rung:07d}",
                    traffic.to,
                    patience_secs=self._random.uniform(*traffic.patience_secs),
                    talk_secs=self._random.uniform(*traffic.talk_secs),
                )

    def _happened(self, leg: Leg, what: str) -> None:
        if what == "ringing":
            self._react(leg, self.phones.get(leg.to, Phone()))
        elif what == "together" and leg.id in self._talk_secs:
            # The clock of a conversation starts anew when it was broken off and taken up again.
            stay = leg.stays[-1]
            self._talking.add(leg.id)
            self._world.later(self._talk_secs[leg.id], lambda: self._say_goodbye(leg, stay))
        elif what == "left" and leg.id in self._talking:
            self._talking.discard(leg.id)
            self._world.later(self._patience_secs[leg.id], lambda: self._lose_patience(leg))

    def _react(self, leg: Leg, phone: Phone) -> None:
        after_secs = self._settings.answer_secs if phone.after_secs is None else phone.after_secs
        match phone.does:
            case "answer":
                self._world.later(after_secs, lambda: self._world.answer(leg))
            case "decline":
                self._world.later(after_secs, lambda: self._refuse(leg, "call_rejected"))
            case "busy":
                self._world.later(after_secs, lambda: self._refuse(leg, "user_busy"))
            case "ring":
                pass

    def _refuse(self, leg: Leg, cause: str) -> None:
        self._world.hangup(leg, cause=cause, source="callee")

    def _say_goodbye(self, leg: Leg, stay: object) -> None:
        if leg.alive and leg.stays and leg.stays[-1] is stay and leg.conference is not None:
            self._world.hangup(leg, cause="normal_clearing", source="caller")

    def _lose_patience(self, leg: Leg) -> None:
        if leg.alive and leg.id not in self._talking:
            cause = "originator_cancel" if leg.answered_at is None else "normal_clearing"
            self._world.hangup(leg, cause=cause, source="caller")
