"""Webhooks that never come are made up for by what Telnyx shows, and nobody is stuck: the whole centre."""

from __future__ import annotations

import anyio
import pytest
from redis.asyncio import Redis

from ingress.log import Keys
from tests.integration.runtime.whole import AGENTS, Whole, whole
from worker.aggregates.agent.state import Agent
from worker.aggregates.call.state import Call
from worker.aggregates.conference.state import Conference
from worker.aggregates.queue.state import Queue
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.settings import Conditions, EmulatorSettings

RECONCILE_SECS = 0.3
#: Speech whose end is not told is over after five seconds and its length, an answer after five.
OWN_DEADLINE_SECS = 8.0
JOINED, LEFT, ENDED = "conference.participant.joined", "conference.participant.left", "conference.ended"

#: Those of a caller who is served. The first five have deadlines of their own; what is behind them is for this.
OF_A_CALLER = [
    ("call.answered",),
    ("call.speak.started",),
    ("call.speak.ended",),
    ("call.enqueued",),
    ("call.dequeued",),
    (JOINED,),
    (LEFT,),
    ("call.hangup",),
    ("conference.recording.saved",),
    ("call.hangup", LEFT),
    ("call.enqueued", "call.dequeued"),
    ("call.dequeued", JOINED),
    (JOINED, LEFT),
    ("call.enqueued", "call.dequeued", JOINED, LEFT, "call.hangup"),
]
OF_AN_AGENT = [
    ("call.hangup",),
    (LEFT,),
    (ENDED,),
    ("call.hangup", LEFT),
    ("call.hangup", LEFT, ENDED),
]


def settings_of(*, seed: int = 7, lost: float = 0.0) -> EmulatorSettings:
    """Return an emulator that is quicker than life."""
    return EmulatorSettings(
        webhook_url="", characters_per_sec=1000, answer_secs=0.02, saving_secs=0.02, webhook_attempts=5, seed=seed,
        conditions=Conditions(lost=lost),
    )  # fmt: skip


def agents(centre: Whole) -> list[Agent]:
    """Return the agents as the worker knows them."""
    return [state for state in centre.worker.aggregates().values() if isinstance(state, Agent)]


def troubles(centre: Whole) -> list[str]:
    """Return whatever differs from a centre at rest: agents are free, and nothing is known that is not so."""
    found: list[str] = []
    conferences = centre.emulator.telephony.conferences.by_id
    for state in centre.worker.aggregates().values():
        match state:
            case Agent() if state.duty != "available" or state.offer is not None or state.leg not in alive(centre):
                found.append(f"{state.name} is {state.duty} on {state.line}")
            case Agent(conference=str(room)) if conferences[room].ended_at:
                found.append(f"{state.name} is held to be in {room}, which has ended")
            case Queue() if state.callers:
                found.append(f"{sorted(state.callers)} are in {state.name}")
            case Call() if not state.over and state.answered_ms and state.id not in alive(centre):
                found.append(f"{state.id} is held to live")
            case Conference(ended_ms=None) if state.expected or conferences[state.id].ended_at:
                found.append(f"{state.id} is held to be used")
    return found


def alive(centre: Whole) -> set[str]:
    """Return the legs that have not ended."""
    return {leg.id for leg in centre.emulator.world.legs.values() if leg.alive}


async def at_rest(centre: Whole, *, secs: float) -> None:
    """Return when nothing is stuck."""
    try:
        with anyio.fail_after(secs):
            while len(agents(centre)) < len(AGENTS) or troubles(centre):
                await anyio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"after {secs:g} s: {troubles(centre)}")


def talking(centre: Whole, caller: Leg) -> bool:
    """Return whether the worker knows of an agent who talks with *caller*."""
    return any(agent.duty == "busy" and agent.offer and agent.offer.call == caller.id for agent in agents(centre))


def queued(centre: Whole) -> set[str]:
    """Return the callers whom the worker holds to be in a queue, or with an agent."""
    return {call for state in centre.worker.aggregates().values() if isinstance(state, Queue) for call in state.callers}


def healed(centre: Whole) -> float:
    """Return how many differences were counted."""
    return sum(
        sample.value
        for metric in centre.worker.metrics.reconciled.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    )


@pytest.mark.parametrize("lost", OF_A_CALLER, ids=" ".join)
async def test_a_callers_webhooks_that_get_lost_leave_nobody_stuck(
    redis: Redis, redis_url: str, keys: Keys, lost: tuple[str, ...]
) -> None:
    async with whole(redis, redis_url, keys, settings_of(), reconcile_secs=RECONCILE_SECS) as centre:
        await at_rest(centre, secs=10)
        centre.emulator.delivery.lost_next += lost
        caller = centre.ring()
        await centre.served([caller])
        await at_rest(centre, secs=RECONCILE_SECS + OWN_DEADLINE_SECS)
        with anyio.fail_after(5):
            while centre.emulator.delivery.lost_next:
                await anyio.sleep(0.02)
        await centre.served([centre.ring() for _ in AGENTS])
        assert centre.emulator.world.violations == []


async def test_a_talking_caller_who_is_gone_without_a_word_frees_the_agent_and_is_counted(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    async with whole(redis, redis_url, keys, settings_of(), reconcile_secs=RECONCILE_SECS) as centre:
        await at_rest(centre, secs=10)
        caller = centre.ring(talk_secs=60)
        with anyio.fail_after(10):
            while not talking(centre, caller):
                await anyio.sleep(0.01)
        before = healed(centre)
        centre.emulator.delivery.lost_next += ["call.hangup", LEFT]
        centre.emulator.world.hangup(caller, cause="normal_clearing", source="caller")
        await at_rest(centre, secs=RECONCILE_SECS + 2)
        assert healed(centre) > before


async def test_a_waiting_caller_who_gives_up_without_a_word_is_not_offered_for_ever(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    async with whole(redis, redis_url, keys, settings_of(), reconcile_secs=RECONCILE_SECS) as centre:
        await at_rest(centre, secs=10)
        served = [centre.ring(talk_secs=30) for _ in AGENTS]
        with anyio.fail_after(10):
            while not all(talking(centre, caller) for caller in served):
                await anyio.sleep(0.01)
        waiting = centre.ring()
        with anyio.fail_after(10):
            while waiting.id not in queued(centre):
                await anyio.sleep(0.01)
        centre.emulator.delivery.lost_next += ["call.hangup", "call.dequeued"]
        centre.emulator.world.hangup(waiting, cause="normal_clearing", source="caller")
        with anyio.fail_after(RECONCILE_SECS + 2):
            while waiting.id in queued(centre):
                await anyio.sleep(0.01)
        assert all(caller.alive for caller in served)


@pytest.mark.parametrize("lost", OF_AN_AGENT, ids=" ".join)
async def test_an_agents_leg_that_is_gone_without_a_word_is_dialled_again(
    redis: Redis, redis_url: str, keys: Keys, lost: tuple[str, ...]
) -> None:
    async with whole(redis, redis_url, keys, settings_of(), reconcile_secs=RECONCILE_SECS) as centre:
        await at_rest(centre, secs=10)
        leg = centre.emulator.world.legs[agents(centre)[0].leg or ""]
        centre.emulator.delivery.lost_next += lost
        centre.emulator.world.hangup(leg, cause="normal_clearing", source="callee")
        # The policy dials again after a second.
        await at_rest(centre, secs=RECONCILE_SECS + 3)
        await centre.served([centre.ring() for _ in AGENTS])
        assert centre.emulator.world.violations == []


async def test_a_conference_that_has_ended_without_a_word_is_replaced(redis: Redis, redis_url: str, keys: Keys) -> None:
    async with whole(redis, redis_url, keys, settings_of(), reconcile_secs=RECONCILE_SECS) as centre:
        await at_rest(centre, secs=10)
        room = agents(centre)[0].conference or ""
        centre.emulator.delivery.lost_next += [LEFT, ENDED]
        conferences = centre.emulator.telephony.conferences
        conferences.finish(conferences.by_id[room], "time_exceeded", hang_up=False)
        await at_rest(centre, secs=RECONCILE_SECS + 3)
        assert room not in {agent.conference for agent in agents(centre)}


@pytest.mark.parametrize("seed", range(3))
async def test_with_a_fifth_of_all_webhooks_lost_every_caller_is_served_or_abandoned_and_agents_are_free(
    redis: Redis, redis_url: str, keys: Keys, seed: int
) -> None:
    settings = settings_of(seed=seed, lost=0.2)
    async with whole(redis, redis_url, keys, settings, reconcile_secs=RECONCILE_SECS) as centre:
        callers = [centre.emulator.actors.ring("+15550100", "+13125550131", patience_secs=10, talk_secs=0.2)]
        for _ in range(11):
            await anyio.sleep(0.1)
            callers.append(centre.emulator.actors.ring("+15550100", "+13125550131", patience_secs=10, talk_secs=0.2))
        with anyio.fail_after(60):
            while any(caller.alive for caller in callers):
                await anyio.sleep(0.05)
        # A leg whose answer is not told rings, as far as we know, until its deadline.
        await at_rest(centre, secs=60)
        assert centre.emulator.world.violations == []
        failures = centre.worker.metrics.failures
        assert [sample.value for metric in failures.collect() for sample in metric.samples] == []
