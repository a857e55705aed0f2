"""Makes the faults of a history happen to a simulated world, and draws histories by seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import assert_never

from worker.testing.emulator.settings import Conditions, Unconfirmed
from worker.testing.simulation import history as h
from worker.testing.simulation.centre import draw_centre
from worker.testing.simulation.day import draw_deeds, draw_phones, draw_rings
from worker.testing.simulation.machines import Machine
from worker.testing.simulation.redis.server import Weather
from worker.testing.simulation.world import Simulation

#: How long callers ring and faults begin, seconds.
SPAN_SECS = 20.0
#: What can go wrong, and how often beside the others.
FAULTS = {
    "crash": 4, "pause": 4, "leave": 2, "door-crash": 1, "redis-away": 2, "redis-restart": 1, "redis-weather": 2,
    "telnyx-away": 1, "telnyx-conditions": 3,
}  # fmt: skip
#: Half of all crashes and pauses are between two steps, the others within one.
SENDINGS: tuple[h.Sending, ...] = ("", "", "journal", "append", "telnyx")


def plan(simulation: Simulation) -> None:
    """Let all faults of the world's history happen when their time comes."""
    for fault in simulation.history.faults:
        simulation.later(fault.at_secs, lambda fault=fault: _begin(simulation, fault))  # type: ignore[misc]


def _begin(world: Simulation, fault: h.Fault) -> None:
    redis, line = world.redis, world.line
    end = fault.at_secs + getattr(fault, "secs", 0.0)
    match fault:
        case h.Crash(worker=number, again_secs=again, same_name=same):
            machine = world.workers[number % len(world.workers)]
            _aim(world, fault, machine, lambda: machine.crash(again_secs=again, same_name=same))
        case h.Pause(worker=number, secs=secs):
            paused = world.workers[number % len(world.workers)]
            _aim(world, fault, paused, lambda: paused.pause(secs))
        case h.Leave(worker=number, again_secs=again):
            world.workers[number % len(world.workers)].leave(again_secs=again)
        case h.DoorCrash(again_secs=again):
            _aim(world, fault, world.door, lambda: world.door.crash(again_secs=again))
        case h.RedisAway(how=how):
            redis.go(how)
            world.later(end, redis.come_back)
        case h.RedisRestart(forgets_ms=forgets_ms):
            redis.go("refused")
            world.later(end, lambda: world.restart_redis(forgets_ms, down_secs=fault.secs))
        case h.RedisWeather(weather=weather):
            redis.weather = weather
            world.later(end, lambda: setattr(redis, "weather", Weather()))
        case h.TelnyxAway(how=how):
            line.away = how
            world.later(end, line.come_back)
        case h.TelnyxConditions(conditions=conditions):
            world.set_conditions(conditions)
            world.later(end, lambda: world.set_conditions(Conditions()))
        case _:
            assert_never(fault)


def _aim(world: Simulation, fault: h.Aimed, machine: Machine, action: Callable[[], None]) -> None:
    def aim() -> None:
        if fault.sending:
            machine.before_sending(fault.sending, action)
        else:
            machine.after_steps(fault.steps, action)

    world.redis.after_appends(fault.events, aim)


def draw(seed: int) -> h.History:
    """Return the history of a seed: some calls, and some of everything that can go wrong.

    Even seeds have a whole contact centre with all that people do; odd ones many calls to one queue.
    """
    chance = random.Random(f"{seed} history")
    workers, agents = chance.randint(1, 3), chance.randint(1, 3)
    rings = tuple(
        sorted(
            (
                h.Ring(
                    round(chance.uniform(1, SPAN_SECS), 3),
                    patience_secs=round(chance.uniform(3, 50), 3),
                    talk_secs=round(chance.uniform(1, 6), 3),
                )
                for _ in range(chance.randint(1, 12))
            ),
            key=lambda ring: ring.at_secs,
        )
    )
    centre = None if seed % 2 else draw_centre(chance)
    if centre is not None:
        rings = draw_rings(chance, centre)
    kinds = chance.choices(
        list(FAULTS),
        list(FAULTS.values()),
        k=chance.choice((0, chance.randint(0, 8))) if centre else chance.randint(0, 8),
    )
    faults = [_fault(chance, kind, rings, workers) for kind in kinds]
    return h.History(
        seed=seed,
        rings=rings,
        faults=tuple(sorted(faults, key=lambda fault: fault.at_secs)),
        workers=workers,
        agents=agents,
        partitions=chance.choice((1, 2, 4)),
        lease_secs=chance.choice((1.0, 2.0, 5.0)),
        unconfirmed=_unconfirmed(chance),
        policy=centre,
        deeds=draw_deeds(chance, centre) if centre is not None else (),
        phones=draw_phones(chance, centre) if centre is not None else {},
    )


def _fault(chance: random.Random, kind: str, rings: tuple[h.Ring, ...], workers: int) -> h.Fault:
    # Near a call, or when the agents are dialled, there is more to break.
    near = chance.choice((0.0, *(ring.at_secs for ring in rings))) + chance.uniform(0, 8)
    at = round(chance.choice((near, chance.uniform(0, SPAN_SECS))), 3)
    worker, events = chance.randrange(workers), chance.randrange(30)
    # What an event leads to is done in its owner's next few steps.
    steps = chance.randrange(chance.choice((6, 80)))
    sending = chance.choice(SENDINGS)
    secs = round(chance.choice((chance.uniform(0.05, 1), chance.uniform(1, 12))), 3)
    again = round(chance.choice((chance.uniform(0.1, 1), chance.uniform(1, 10))), 3)
    match kind:
        case "crash":
            return h.Crash(at, events, steps, sending, worker, again, same_name=chance.random() < 0.3)
        case "pause":
            return h.Pause(at, events, steps, sending, worker, secs)
        case "leave":
            return h.Leave(at, worker, again)
        case "door-crash":
            return h.DoorCrash(at, events, steps, again_secs=again)
        case "redis-away":
            return h.RedisAway(at, secs, chance.choice(("refused", "silent")))
        case "redis-restart":
            return h.RedisRestart(at, secs)
        case "redis-weather":
            share = chance.uniform(0, 0.1)
            slow = chance.choice((0.0004, 0.02, 0.5))
            return h.RedisWeather(at, secs, Weather(lost_before=share, lost_after=share, jitter_secs=slow))
        case "telnyx-away":
            return h.TelnyxAway(at, secs, chance.choice(("refused", "silent")))
        case _:
            return h.TelnyxConditions(at, secs, _conditions(chance))


def _conditions(chance: random.Random) -> Conditions:
    def share(most: float) -> float:
        return round(chance.choice((0.0, chance.uniform(0, most))), 3)

    return Conditions(
        too_many=share(0.3),
        failing=share(0.3),
        reset_before=share(0.2),
        reset_after=share(0.2),
        no_effect=share(0.1),
        latency_jitter_secs=chance.choice((0.0, 0.5, 6.0)),
        lost=share(0.2),
        duplicated=share(0.4),
        reorder_secs=chance.choice((0.0, 0.3, 3.0)),
        late=share(0.2),
        late_secs=round(chance.uniform(1, 30), 3),
    )


def _unconfirmed(chance: random.Random) -> Unconfirmed:
    return Unconfirmed(
        dequeued_by_join=chance.choice(("bridged", "bridging-in-process", "leave")),
        dequeued_by_hangup=chance.random() < 0.5,
        duplicate_command=chance.choice(("same", "bare", "refused")),
        duplicate_id=chance.choice(("same", "new")),
        participant_state=chance.choice(("conference", "participant")),
        retry_after=chance.random() < 0.5,
    )
