"""The people on the phones: callers with patience and something to say."""

from __future__ import annotations

import random

import anyio

from worker.testing.emulator.legs import Leg
from worker.testing.emulator.settings import EmulatorSettings, Traffic
from worker.testing.emulator.world import World


class Actors:
    """Callers. What the phones do that we dial is `Dialling`'s."""

    def __init__(self, world: World, settings: EmulatorSettings) -> None:
        self.traffic = settings.traffic or Traffic(to="")
        self._world = world
        self._random = random.Random(f"{settings.seed} callers")
        #: How long each caller talks.
        self._talk_secs: dict[str, float] = {}
        self._patience_secs: dict[str, float] = {}
        self._talking: set[str] = set()
        #: The number of a caller's conversation: its clock starts anew when it was broken off and taken up again.
        self._conversation: dict[str, int] = {}
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

    def number(self) -> str:
        """Return the number of the next caller: everybody has one of their own."""
        self._rung += 1
        return f"+1555{self._rung:07d}"

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
            pause = self._random.expovariate(traffic.per_minute / 60)
            next_call = self._world.clock.later(pause, self._changed.set)
            await self._changed.wait()
            next_call.cancel()
            if self.traffic is traffic:
                self.ring(
                    self.number(),
                    traffic.to,
                    patience_secs=self._random.uniform(*traffic.patience_secs),
                    talk_secs=self._random.uniform(*traffic.talk_secs),
                )

    def _happened(self, leg: Leg, what: str) -> None:
        if leg.id not in self._talk_secs:
            return
        if what == "together" and leg.id not in self._talking:
            self._talking.add(leg.id)
            number = self._conversation[leg.id] = self._conversation.get(leg.id, 0) + 1
            self._world.later(self._talk_secs[leg.id], lambda: self._say_goodbye(leg, number))
        elif what in ("left", "parked") and leg.id in self._talking:
            self._talking.discard(leg.id)
            self._world.later(self._patience_secs[leg.id], lambda: self._lose_patience(leg))

    def _say_goodbye(self, leg: Leg, conversation: int) -> None:
        if leg.alive and leg.id in self._talking and self._conversation[leg.id] == conversation:
            self._world.hangup(leg, cause="normal_clearing", source="caller")

    def _lose_patience(self, leg: Leg) -> None:
        if leg.alive and leg.id not in self._talking:
            cause = "originator_cancel" if leg.answered_at is None else "normal_clearing"
            self._world.hangup(leg, cause=cause, source="caller")
