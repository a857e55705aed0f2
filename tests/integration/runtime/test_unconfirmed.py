"""Whatever Telnyx leaves unsaid, callers reach agents: the whole centre under each setting of the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest
from redis.asyncio import Redis

from ingress.log import Keys
from tests.integration.runtime.whole import AGENTS, whole
from worker.testing.emulator.settings import Conditions, EmulatorSettings, Unconfirmed

#: Enough goes wrong that commands are repeated and webhooks come twice and in another order.
TROUBLED = Conditions(duplicated=0.3, reorder_secs=0.05, reset_after=0.15, failing=0.05)


def others() -> Iterator[tuple[str, object]]:
    """Yield every value of every switch that is not its default."""
    default = Unconfirmed()
    for name, hint in get_type_hints(Unconfirmed).items():
        match get_origin(hint), hint:
            case _, kind if kind is bool:
                yield name, not getattr(default, name)
            case origin, _ if origin is Literal:
                yield from ((name, value) for value in get_args(hint) if value != getattr(default, name))
            case _:
                yield name, 0.1


def test_every_switch_is_tried() -> None:
    assert {name for name, _ in others()} == set(Unconfirmed.__struct_fields__)


@pytest.mark.parametrize(("switch", "value"), [("none", None), *others()])
async def test_callers_reach_agents_and_each_agent_one_caller(
    redis: Redis, redis_url: str, keys: Keys, switch: str, value: object
) -> None:
    unconfirmed = msgspec.convert({switch: value} if value is not None else {}, Unconfirmed)
    settings = EmulatorSettings(
        webhook_url="", characters_per_sec=1000, answer_secs=0.02, saving_secs=0.02, webhook_attempts=5, seed=7,
        conditions=TROUBLED, unconfirmed=unconfirmed,
    )  # fmt: skip
    async with whole(redis, redis_url, keys, settings) as centre:
        await centre.served([centre.ring() for _ in range(4)])
        # Nobody's agent has stayed busy: as many can talk at once as before.
        await centre.served([centre.ring() for _ in AGENTS])
        assert centre.emulator.world.violations == []
        failures = centre.worker.metrics.failures
        assert [sample.value for metric in failures.collect() for sample in metric.samples] == []
