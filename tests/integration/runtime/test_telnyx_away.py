"""Telnyx is away for a while: few requests find out when it is back, and then everybody who still waits is served."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from redis.asyncio import Redis

from ingress.log import Keys
from tests.integration.runtime.conftest import until
from tests.integration.runtime.whole import AGENTS, PAUSE_SECS, Whole, whole
from worker.runtime.clock import monotonic
from worker.telnyx.breaker import FAILURES, Circuit
from worker.testing.emulator.settings import Conditions, EmulatorSettings

AWAY = {
    "it answers 5xx": Conditions(failing=1.0),
    "connections break": Conditions(reset_before=1.0),
    "connections break when all is done": Conditions(reset_after=1.0),
}
WELL = Conditions()
SETTINGS = EmulatorSettings(
    webhook_url="", characters_per_sec=1000, answer_secs=0.02, saving_secs=0.02, webhook_attempts=5, seed=7
)
PROBES = 6
#: Pauses are at least half of their bound, which doubles.
LEAST_SECS = sum(min(PAUSE_SECS[1], PAUSE_SECS[0] * 2**number) / 2 for number in range(PROBES))


def conditions(centre: Whole, now: Conditions) -> None:
    centre.emulator.world.delivery.conditions = now


def dialled(centre: Whole) -> Counter[str]:
    """Return how often each agent has been rung."""
    return Counter(leg.to for leg in centre.emulator.world.legs.values() if not leg.incoming)


def answered(centre: Whole, least: int) -> int:
    """Return how many requests were answered with *least* or more."""
    return sum(times for (_, status), times in centre.emulator.api.requests.items() if status >= least)


def circuit(centre: Whole) -> Circuit:
    return centre.breaker.state


@pytest.mark.parametrize("how", AWAY)
async def test_agents_and_callers_who_come_while_telnyx_is_away_are_brought_together_when_it_is_back(
    redis: Redis, redis_url: str, keys: Keys, how: str
) -> None:
    away = msgspec.structs.replace(SETTINGS, conditions=AWAY[how])
    async with whole(redis, redis_url, keys, away) as centre:
        callers = [centre.ring() for _ in range(10)]
        await until(lambda: centre.breaker.failed >= FAILURES + PROBES)
        assert centre.worker.metrics.circuit.labels("default")._value.get() > 0
        conditions(centre, WELL)
        await until(lambda: circuit(centre) is Circuit.CLOSED)
        assert centre.worker.metrics.circuit.labels("default")._value.get() == 0
        await centre.served(callers, secs=40)
        assert sorted(dialled(centre).values()) == [1] * len(AGENTS)
        assert centre.emulator.world.violations == []


async def test_while_telnyx_is_away_requests_are_few_however_many_wait(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    async with whole(redis, redis_url, keys, SETTINGS) as centre:
        await centre.served([centre.ring()])
        conditions(centre, AWAY["it answers 5xx"])
        callers = [centre.ring() for _ in range(30)]
        await until(lambda: centre.breaker.failed > FAILURES)
        opened, before = monotonic(), answered(centre, 500)
        # What was under way when the circuit opened, one for each caller and agent at most, and the probe.
        assert before <= len(callers) + len(AGENTS) + FAILURES + 1
        await until(lambda: centre.breaker.failed >= FAILURES + PROBES)
        assert answered(centre, 500) - before <= PROBES
        assert monotonic() - opened >= LEAST_SECS / 2
        conditions(centre, WELL)
        await centre.served(callers, secs=60)
        assert sorted(dialled(centre).values()) == [1] * len(AGENTS)


async def test_a_refused_account_is_asked_once_for_all(redis: Redis, redis_url: str, keys: Keys) -> None:
    async with whole(redis, redis_url, keys, SETTINGS) as centre:
        await centre.served([centre.ring()])
        centre.emulator.api._api_key = "another"
        centre.ring()
        await until(lambda: circuit(centre) is Circuit.OPEN)
        callers = {centre.ring().id for _ in range(20)}
        stopped = centre.worker.metrics.stopped_tenants
        await until(lambda: callers <= {each.id for each in centre.worker.aggregates()})
        # However many partitions hold commands of it.
        await until(lambda: stopped._value.get() == 1)
        # What the first caller left to do may have been under way when the account was closed.
        assert answered(centre, 401) <= 3
