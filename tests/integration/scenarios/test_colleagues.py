"""An agent asks a colleague to talk with a caller: who waits, who comes, who has the caller in the end."""

from __future__ import annotations

from redis.asyncio import Redis

from ingress.intents import model as i
from ingress.log import Keys
from tests.integration.scenarios.day import BERT, Caller, Day, Opening, people, person, queue, until
from tests.integration.scenarios.test_supervisors_day import at_the_door
from worker.aggregates.conference.state import Conference
from worker.policy.model import Agent, Queue
from worker.testing.emulator.settings import Phone

WARM = i.Transfer("alice", i.Target(agent="bob"), "warm")
QUEUES: dict[str, Queue] = {"support": queue(), "sales": queue()}


def pair(reach: str = "nailed-up", **rules: object) -> dict[str, Agent]:
    """Return alice, and bob, who serves another queue than hers."""
    return {"alice": person("alice"), "bob": person("bob", "sales", reach=reach, no_answer_delay_secs=1, **rules)}


async def begins(day: Day) -> Caller:
    """Alice talks with somebody, and bob is there."""
    await day.log_in("alice", "bob")
    anna = day.rings()
    await anna.talks_with("alice")
    return anna


async def consults(day: Day, anna: Caller) -> None:
    """Alice and bob talk, and anna waits with music."""
    await day.ask(WARM)
    await until(lambda: with_each_other(day, anna), "they consult, and the caller is held")


def with_each_other(day: Day, anna: Caller) -> bool:
    """Whether both agents are in the conference of the caller, who is held, and it is known."""
    known = next((each for each in day.states(Conference) if each.id == anna.leg.conference), None)
    if known is None or not any(known.inside(party.leg) for party in known.parties.values()):
        return False
    room = day.centre.emulator.telephony.conferences.by_id.get(anna.leg.conference or "")
    return room is not None and day.leg_to("bob") in room.legs and held(day, anna)


def held(day: Day, anna: Caller) -> bool:
    """Whether the caller is on hold."""
    room = day.centre.emulator.telephony.conferences.by_id.get(anna.leg.conference or "")
    there = room.participant(anna.leg.id) if room is not None else None
    return there is not None and there.on_hold


async def waits_alone(day: Day, name: str) -> None:
    """An agent is available, and his leg is in a conference of his own."""
    await day.becomes(name, "available")
    rooms = day.centre.emulator.telephony.conferences.by_id
    agent = day.agent(name)
    if agent.reach == "nailed-up":
        await until(lambda: [leg.id for leg in rooms[day.agent(name).conference or ""].legs] == [day.agent(name).leg],
                    f"{name} is alone in his conference")  # fmt: skip


async def test_a_caller_is_given_to_the_colleague_and_both_are_free_in_the_end(opened: Opening) -> None:
    async with opened(pair(), QUEUES) as day:
        anna = await begins(day)
        await consults(day, anna)
        await day.ask(i.CompleteTransfer("alice"))
        await until(lambda: day.agent("bob").duty == "busy", "bob has the caller")
        await waits_alone(day, "alice")
        bert = day.rings(BERT)
        await bert.talks_with("alice")
        await anna.talks_with("bob")
        await day.ask(i.Hold("bob"))
        await until(lambda: held(day, anna), "bob holds her")
        anna.hangs_up()
        await waits_alone(day, "bob")
        assert day.queue().tally.answered == 2


async def test_the_colleague_gives_the_caller_on_to_a_queue(opened: Opening) -> None:
    async with opened({**pair(), "carol": person("carol", "sales")}, QUEUES) as day:
        anna = await begins(day)
        await consults(day, anna)
        await day.ask(i.CompleteTransfer("alice"))
        await waits_alone(day, "alice")
        await day.log_in("carol")
        await day.ask(i.Transfer("bob", i.Target(agent="carol")))
        await until(lambda: day.agent("carol").duty == "busy", "carol has the caller")
        await waits_alone(day, "bob")


async def test_a_transfer_that_is_cancelled_leaves_the_caller_with_the_agent(opened: Opening) -> None:
    async with opened(pair(), QUEUES) as day:
        anna = await begins(day)
        await consults(day, anna)
        await day.ask(i.CancelTransfer("alice"))
        await waits_alone(day, "bob")
        await anna.talks_with("alice")
        assert not held(day, anna)


async def test_a_colleague_who_is_not_available_says_so_and_the_caller_is_taken_back(
    opened: Opening, redis: Redis, keys: Keys
) -> None:
    async with opened(pair(), QUEUES) as day, at_the_door(redis, keys, "alice") as alice:
        anna = await begins(day)
        await day.says("bob", "paused")
        past = await alice.asks(WARM)
        assert (past.state, past.reason) == ("refused", "bob is not available, but paused.")
        await until(lambda: not held(day, anna), "she is taken back")
        await anna.talks_with("alice")
        await day.says("bob", "available")
        assert (await alice.asks(WARM)).state == "done"


async def test_a_colleague_who_is_rung_and_does_not_answer_gives_the_caller_back(opened: Opening) -> None:
    phones = {"sip:bob@sip.telnyx.com": Phone("ring")}
    async with opened(pair("on-demand", ring_secs=5), QUEUES, phones) as day:
        anna = await begins(day)
        await day.ask(WARM)
        await day.rung("bob")
        await until(lambda: day.agent("bob").misses == 1, "his not answering is counted")
        await anna.talks_with("alice")
        await day.becomes("bob", "available")
        await until(lambda: not held(day, anna), "she is taken back")


async def test_a_colleague_who_is_rung_gets_the_caller_and_is_hung_up_afterwards(opened: Opening) -> None:
    async with opened(pair("on-demand"), QUEUES) as day:
        anna = await begins(day)
        await consults(day, anna)
        await day.ask(i.CompleteTransfer("alice"))
        await waits_alone(day, "alice")
        await anna.talks_with("bob")
        anna.hangs_up()
        await until(lambda: not (day.leg_to("bob") and day.leg_to("bob").alive), "bob is hung up")  # type: ignore[union-attr]
        await day.becomes("bob", "available")


async def test_a_caller_who_hangs_up_while_they_consult_leaves_both_free(opened: Opening) -> None:
    async with opened(pair(), QUEUES) as day:
        anna = await begins(day)
        await consults(day, anna)
        anna.hangs_up()
        await waits_alone(day, "alice")
        await waits_alone(day, "bob")


async def test_a_caller_whose_agent_is_lost_while_they_consult_is_the_next_in_his_queue(opened: Opening) -> None:
    async with opened({**pair(), **people("carol")}, QUEUES) as day:
        anna = await begins(day)
        await consults(day, anna)
        alice = day.leg_to("alice")
        assert alice is not None
        day.centre.emulator.world.hangup(alice, cause="unspecified", source="unknown")
        await anna.waits()
        await waits_alone(day, "bob")
        await day.log_in("carol")
        await until(lambda: anna.agent in ("alice", "carol"), "somebody has her")


async def test_a_colleague_who_hangs_up_while_they_consult_gives_the_caller_back(opened: Opening) -> None:
    async with opened(pair("on-demand"), QUEUES) as day:
        anna = await begins(day)
        await consults(day, anna)
        bob = day.leg_to("bob")
        assert bob is not None
        day.centre.emulator.world.hangup(bob, cause="normal_clearing", source="callee")
        await day.becomes("bob", "available")
        await anna.talks_with("alice")
        await until(lambda: not held(day, anna), "she is taken back")


async def test_a_colleague_who_is_lost_with_the_caller_leaves_her_to_the_queue(opened: Opening) -> None:
    async with opened(pair(), QUEUES) as day:
        anna = await begins(day)
        await consults(day, anna)
        await day.ask(i.CompleteTransfer("alice"))
        await day.says("alice", "paused")
        bob = day.leg_to("bob")
        assert bob is not None
        day.centre.emulator.world.hangup(bob, cause="unspecified", source="unknown")
        await anna.waits()
        await day.ask(i.SetAgentState("alice", "available"))
        await anna.talks_with("alice")
