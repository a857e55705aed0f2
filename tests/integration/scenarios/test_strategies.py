"""Who is offered the next caller: each of the queue's strategies once, from the ring to the goodbye."""

from __future__ import annotations

from tests.integration.scenarios.day import ANNA, BERT, CLEO, DORA, Opening, people, person, queue, until
from worker.policy.model import Requirement, Serves
from worker.testing.emulator.settings import Phone


async def test_longest_idle_takes_who_has_been_idle_longest(opened: Opening) -> None:
    async with opened(people("alice", "bob")) as day:
        await day.log_in("alice", "bob")
        for expected in ("alice", "bob", "alice"):
            caller = day.rings()
            await caller.talks_with(expected)
            await caller.goes()
            await day.becomes(expected, "available")


async def test_round_robin_goes_on_where_it_stopped(opened: Opening) -> None:
    agents = {
        name: person(name, Serves("support", position=at)) for at, name in enumerate(("carol", "bob", "alice"), 1)
    }
    async with opened(agents, {"support": queue(strategy="round-robin")}) as day:
        await day.log_in("alice", "bob", "carol")
        for expected in ("carol", "bob", "alice", "carol"):
            caller = day.rings()
            await caller.talks_with(expected)
            await caller.goes()
            await day.becomes(expected, "available")


async def test_top_down_takes_the_first_in_the_agents_order_whenever_he_is_free(opened: Opening) -> None:
    agents = {name: person(name, Serves("support", position=at)) for at, name in enumerate(("bob", "alice"), 1)}
    async with opened(agents, {"support": queue(strategy="top-down")}) as day:
        await day.log_in("alice", "bob")
        anna = day.rings(ANNA)
        await anna.talks_with("bob")
        bert = day.rings(BERT)
        await bert.talks_with("alice")
        await anna.goes()
        await day.becomes("bob", "available")
        await day.rings(CLEO).talks_with("bob")


async def test_fewest_calls_takes_who_has_had_fewer(opened: Opening) -> None:
    async with opened(people("alice", "bob"), {"support": queue(strategy="fewest-calls")}) as day:
        await day.log_in("alice")
        for number in (ANNA, BERT):
            caller = day.rings(number)
            await caller.talks_with("alice")
            await caller.goes()
            await day.becomes("alice", "available")
        await day.log_in("bob")
        first = day.rings(CLEO)
        await first.talks_with("bob")
        await first.goes()
        await day.becomes("bob", "available")
        # Alice has been idle longer by now, and has had more.
        await day.rings(DORA).talks_with("bob")


async def test_least_talk_time_takes_who_has_talked_less_however_often(opened: Opening) -> None:
    async with opened(people("alice", "bob"), {"support": queue(strategy="least-talk-time")}) as day:
        await day.log_in("alice", "bob")
        long = day.rings(ANNA)
        await long.talks_with("alice")
        for number in (BERT, CLEO):
            short = day.rings(number)
            await short.talks_with("bob")
            await short.goes()
            await day.becomes("bob", "available")
        await long.goes()
        await day.becomes("alice", "available")
        assert day.agent("bob").talk_ms < day.agent("alice").talk_ms
        await day.rings(DORA).talks_with("bob")


async def test_random_gives_each_caller_one_of_those_who_are_free(opened: Opening) -> None:
    async with opened(people("alice", "bob", "carol"), {"support": queue(strategy="random")}) as day:
        await day.log_in("alice", "bob", "carol")
        callers = [day.rings(number) for number in (ANNA, BERT, CLEO)]
        assert sorted([await caller.talks() for caller in callers]) == ["alice", "bob", "carol"]


async def test_ring_all_gives_the_caller_to_the_first_acceptance_and_withdraws_the_others(opened: Opening) -> None:
    rings_on = {"sip:alice@sip.telnyx.com": Phone("ring"), "sip:carol@sip.telnyx.com": Phone("ring"),
                "sip:bob@sip.telnyx.com": Phone("answer", 0.5)}  # fmt: skip
    agents = people("alice", "bob", "carol", reach="on-demand")
    async with opened(agents, {"support": queue(strategy="ring-all", ring_at_once=3)}, rings_on) as day:
        await day.log_in("alice", "bob", "carol")
        anna = day.rings()
        others = [await day.rung(name) for name in ("alice", "carol")]
        await anna.talks_with("bob")
        await until(lambda: not any(leg.alive for leg in others), "the others' legs are hung up")
        for name in ("alice", "carol"):
            await day.becomes(name, "available")
            assert day.agent(name).misses == 0


async def test_skills_take_the_least_over_qualified_of_those_who_reach_the_level(opened: Opening) -> None:
    agents = {
        "expert": person("expert", skills={"french": 90}),
        "beginner": person("beginner", skills={"french": 20}),
        "fitting": person("fitting", skills={"french": 55}),
    }
    async with opened(agents, {"support": queue(strategy="skills", skills={"french": Requirement(50)})}) as day:
        await day.log_in("beginner", "expert", "fitting")
        await day.rings(ANNA).talks_with("fitting")
        await day.rings(BERT).talks_with("expert")
        await day.rings(CLEO).waits()
