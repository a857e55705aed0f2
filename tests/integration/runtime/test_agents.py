"""Agents who are rung for each caller, and who log in and out: at Telnyx, and nobody is stuck afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from ingress.intents import model as i
from ingress.log import Keys
from tests.integration.runtime.test_lost_webhooks import agents, settings_of, talking
from tests.integration.runtime.whole import AGENTS, Whole, whole
from worker.aggregates.agent.state import Agent
from worker.aggregates.queue.state import Queue
from worker.policy.model import Tenant
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.settings import Phone

DELAYS = {"reject_delay_secs": 0.2, "busy_delay_secs": 0.2, "no_answer_delay_secs": 0.2}


def on_demand(tenant: Tenant, **rules: object) -> Tenant:
    """Return a policy whose agents are rung for each caller; alice is asked first."""
    queue = replace(tenant.queues["support"], strategy="top-down", offer_secs=6, max_attempts=10)
    people = {name: replace(agent, reach="on-demand", **DELAYS, **rules) for name, agent in tenant.agents.items()}
    return replace(tenant, queues={"support": queue}, agents=people)


def agent(centre: Whole, name: str) -> Agent:
    """Return an agent as the worker knows him."""
    return next(agent for agent in agents(centre) if agent.name == name)


def legs(centre: Whole) -> list[Leg]:
    """Return the agents' legs that have not ended."""
    return [leg for leg in centre.emulator.world.legs.values() if leg.alive and not leg.incoming]


async def until(so: Callable[[], bool], *, secs: float = 15.0) -> None:
    """Return when *so* says yes."""
    with anyio.fail_after(secs):
        while not so():
            await anyio.sleep(0.02)


async def at_rest(centre: Whole) -> None:
    """Return when both agents are free and no leg is up."""

    def quiet() -> bool:
        queues = [state for state in centre.worker.aggregates().values() if isinstance(state, Queue)]
        free = [agent for agent in agents(centre) if agent.duty == "available" and agent.line == "down"]
        return len(free) == len(AGENTS) and not legs(centre) and not any(queue.callers for queue in queues)

    await until(quiet)


@asynccontextmanager
async def rung(
    redis: Redis, url: str, keys: Keys, phone: Phone | None = None, change: Callable[[Tenant], Tenant] = on_demand
) -> AsyncIterator[Whole]:
    """Run a centre whose agents are on demand; alice's phone does what *phone* says."""
    settings = replace(settings_of(), phones={"sip:alice@sip.telnyx.com": phone} if phone else {})
    async with whole(redis, url, keys, settings, change=change, reconcile_secs=0.5) as centre:
        await until(lambda: [agent.duty for agent in agents(centre)] == ["available"] * len(AGENTS))
        yield centre
        assert centre.emulator.world.violations == []


async def test_who_is_on_demand_is_rung_for_each_caller_and_hung_up_after_him(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    async with rung(redis, redis_url, keys) as centre:
        assert not legs(centre)
        await centre.served([centre.ring() for _ in range(4)])
        await at_rest(centre)
        assert sum(agent.answered for agent in agents(centre)) == 4


@pytest.mark.parametrize(
    ("phone", "delay"),
    [
        (Phone("decline", 0.1), "rejected"),
        (Phone("busy", 0.1), "line-busy"),
        (Phone("unknown", 0.1), "unreachable"),
        (Phone("ring"), "no-answer"),
        (Phone("voicemail", 0.1), "machine"),
    ],
)
async def test_who_does_not_take_a_caller_is_passed_over_for_the_next(
    redis: Redis, redis_url: str, keys: Keys, phone: Phone, delay: str
) -> None:
    def change(tenant: Tenant) -> Tenant:
        return on_demand(tenant, detect_machine=phone.does == "voicemail")

    async with rung(redis, redis_url, keys, phone, change) as centre:
        caller = centre.ring()
        await until(lambda: agent(centre, "alice").delay == delay)
        await centre.served([caller])
        await at_rest(centre)
        assert (agent(centre, "alice").answered, agent(centre, "bob").answered) == (0, 1)


async def test_an_agent_on_demand_ends_the_conversation_by_hanging_up(redis: Redis, redis_url: str, keys: Keys) -> None:
    async with rung(redis, redis_url, keys) as centre:
        caller = centre.ring(talk_secs=60)
        await until(lambda: talking(centre, caller))
        (leg,) = legs(centre)
        centre.emulator.world.hangup(leg, cause="normal_clearing", source="callee")
        await until(lambda: not caller.alive)
        await at_rest(centre)


async def test_a_caller_who_hangs_up_while_an_agent_is_rung_stops_the_ringing(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    async with rung(redis, redis_url, keys, Phone("ring")) as centre:
        caller = centre.ring()
        await until(lambda: bool(legs(centre)))
        centre.emulator.world.hangup(caller, cause="originator_cancel", source="caller")
        await until(lambda: not legs(centre))
        await at_rest(centre)
        assert agent(centre, "alice").misses == 0


async def test_who_logs_himself_in_is_dialled_then_and_hung_up_when_he_logs_out(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    def change(tenant: Tenant) -> Tenant:
        people = {name: replace(agent, log_in="self") for name, agent in tenant.agents.items()}
        return replace(tenant, agents=people)

    async with whole(redis, redis_url, keys, settings_of(), change=change) as centre:
        await until(lambda: len(agents(centre)) == len(AGENTS))
        assert not legs(centre)
        await centre.ask(i.SetAgentState("alice", "available"))
        caller = centre.ring(talk_secs=60)
        await until(lambda: talking(centre, caller))
        await centre.ask(i.SetAgentState("alice", "offline"))
        await until(lambda: agent(centre, "alice").pending == "offline")
        assert talking(centre, caller)
        centre.emulator.world.hangup(caller, cause="normal_clearing", source="caller")
        await until(lambda: agent(centre, "alice").duty == "offline" and not legs(centre))
