"""What an agent asks for during a conversation happens at Telnyx, and everybody is free again afterwards."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
import msgspec
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from ingress.intents import model as i
from ingress.log import Keys
from tests.integration.runtime.test_lost_webhooks import agents, at_rest, settings_of, talking
from tests.integration.runtime.whole import AGENTS, Whole, whole
from worker.aggregates.conference.state import Conference
from worker.policy.model import Music, Queue, Recording, Supervisor, Tenant
from worker.testing.emulator.conferences import Conference as Room
from worker.testing.emulator.conferences import Participant
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.settings import Phone

OUTSIDE = "+13125550177"
AUDIO = "https://example.com/a.mp3"


def widened(tenant: Tenant) -> Tenant:
    """Return a policy with a second queue, which bob alone serves, a supervisor, and keys that pause a recording."""
    support = replace(tenant.queues["support"], recording=Recording(pause_key="1", resume_key="2"))
    agents = {
        "alice": replace(tenant.agents["alice"], queues=("support",)),
        "bob": replace(tenant.agents["bob"], queues=("sales",)),
    }
    return replace(
        tenant,
        queues={"support": support, "sales": Queue(offer_secs=3, connect_secs=2)},
        agents=agents,
        supervisors={"boss": Supervisor("sip:boss@sip.telnyx.com")},
        hold_music=Music(audio=AUDIO),
    )


class Scene:
    """A caller who talks with alice for as long as the test likes."""

    def __init__(self, centre: Whole, caller: Leg) -> None:
        self.centre = centre
        self.caller = caller

    @property
    def room(self) -> Room:
        """Where the caller is."""
        return self.centre.emulator.telephony.conferences.by_id[self.caller.conference or ""]

    @property
    def agent(self) -> Leg:
        """The leg of alice."""
        alice = next(agent for agent in agents(self.centre) if agent.name == "alice")
        return self.centre.emulator.world.legs[alice.leg or ""]

    @property
    def known(self) -> Conference:
        """The conversation as the worker knows it."""
        states = self.centre.worker.aggregates().values()
        return next(s for s in states if isinstance(s, Conference) and s.talk and s.talk.call == self.caller.id)

    def part(self, leg: Leg) -> Participant:
        """How a leg is in the conference."""
        found = self.room.participant(leg.id)
        assert found is not None
        return found

    def dialled(self, to: str) -> Leg | None:
        """Return the newest leg that was dialled to an address."""
        legs = [leg for leg in self.centre.emulator.world.legs.values() if leg.to == to and not leg.incoming]
        return legs[-1] if legs else None

    def inside(self, to: str) -> bool:
        """Whether who was dialled is in the caller's conference, and the worker knows: more may be asked."""
        leg = self.dialled(to)
        there = leg is not None and leg.alive and leg in self.room.legs
        return there and leg is not None and self.known.inside(leg.id)

    def talks_with(self, name: str) -> bool:
        """Whether the worker knows the caller to talk with this agent."""
        return any(a.name == name and a.duty == "busy" and a.offer and a.offer.call == self.caller.id
                   for a in agents(self.centre))  # fmt: skip


async def until(condition: Callable[[], bool], *, secs: float = 60.0) -> None:
    with anyio.fail_after(secs):
        while not condition():
            await anyio.sleep(0.01)


@asynccontextmanager
async def scene(redis: Redis, url: str, keys: Keys, **phones: Phone) -> AsyncIterator[Scene]:
    """Let a caller be with alice for the length of the block; in the end nobody may be stuck."""
    settings = msgspec.structs.replace(settings_of(), phones={OUTSIDE: phones["outside"]} if phones else {})
    async with whole(redis, url, keys, settings, reconcile_secs=0.5, change=widened) as centre:
        await at_rest(centre, secs=10)
        caller = centre.ring(talk_secs=30)
        await until(lambda: talking(centre, caller))
        there = Scene(centre, caller)
        await until(lambda: there.known.recording == "on")
        yield there
        if caller.alive:
            centre.emulator.world.hangup(caller, cause="normal_clearing", source="caller")
        await at_rest(centre, secs=15)
        for leg in centre.emulator.world.legs.values():
            assert not leg.alive or leg.to in {f"sip:{name}@sip.telnyx.com" for name in AGENTS}
        assert [v for v in centre.emulator.world.violations if "talks" in v] == []
        failures = centre.worker.metrics.failures
        assert [sample.value for metric in failures.collect() for sample in metric.samples] == []


async def test_hold_mute_keys_and_sounds_reach_the_one_who_is_meant(redis: Redis, redis_url: str, keys: Keys) -> None:
    async with scene(redis, redis_url, keys) as there:
        ask = there.centre.ask
        await ask(i.Hold("alice"))
        await ask(i.Mute("alice"))
        await until(lambda: there.part(there.caller).on_hold and there.part(there.agent).manner.muted)
        assert not there.part(there.agent).on_hold
        await ask(i.Hold("alice", on=False))
        await ask(i.Mute("alice", on=False))
        await until(lambda: not there.part(there.caller).on_hold and not there.part(there.agent).manner.muted)
        await ask(i.SendDtmf("alice", "12#"))
        await until(lambda: there.caller.tones == "12#")
        for intent in (
            i.Say("alice", text="Hello"), i.Say("alice", "caller", audio=AUDIO), i.Hush("alice"),
            i.Collect("alice", AUDIO, 2),
        ):  # fmt: skip
            await ask(intent)
        requests = there.centre.emulator.api.requests
        for operation in ("speak", "play", "stop", "gather_using_audio"):
            await until(lambda name=f"conferences {operation}": any(key[0] == name for key in requests))  # type: ignore[misc]
        there.centre.emulator.telephony.gathers.press(there.caller, "42")
        assert there.agent.tones == ""


async def test_a_recording_is_paused_by_the_agents_keys_and_ended_by_intent(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    async with scene(redis, redis_url, keys) as there:
        press = there.centre.emulator.telephony.gathers.press
        press(there.agent, "1")
        await until(lambda: there.known.made.get("pause") == "on")
        press(there.agent, "2")
        await until(lambda: "pause" not in there.known.made)
        await there.centre.ask(i.PauseRecording("alice"))
        await until(lambda: there.known.made.get("pause") == "on")
        await there.centre.ask(i.Record("alice", on=False))
        await until(lambda: there.known.recording == "off" and len(there.known.saved) == 1)
        assert there.known.saved[0].call == there.caller.id


async def test_a_supervisor_hears_whispers_speaks_and_goes(redis: Redis, redis_url: str, keys: Keys) -> None:
    boss = "sip:boss@sip.telnyx.com"
    async with scene(redis, redis_url, keys) as there:
        await there.centre.ask(i.Supervise("alice", "boss"))
        await until(lambda: there.inside(boss))
        leg = there.dialled(boss)
        assert leg is not None
        assert there.part(leg).manner.role == "monitor"
        await there.centre.ask(i.Supervise("alice", "boss", "whisper"))
        await until(lambda: there.part(leg).manner.whispers_to == (there.agent.id,))
        await there.centre.ask(i.Supervise("alice", "boss", "barge"))
        await until(lambda: there.part(leg).manner.role == "barge")
        await there.centre.ask(i.StopSupervising("alice", "boss"))
        await until(lambda: not leg.alive)


async def test_a_warm_transfer_leaves_the_caller_with_the_third_party_and_the_agent_gets_a_new_room(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    async with scene(redis, redis_url, keys) as there:
        room, agent = there.room, there.agent
        await there.centre.ask(i.Transfer("alice", i.Target(number=OUTSIDE), "warm"))
        await until(lambda: there.inside(OUTSIDE) and there.part(there.caller).on_hold)
        await there.centre.ask(i.CompleteTransfer("alice"))
        await until(lambda: there.room is room and agent.conference not in (None, room.id))
        assert agent.alive
        third = there.dialled(OUTSIDE)
        assert third is not None
        assert set(room.legs) == {there.caller, third}
        assert not there.part(there.caller).on_hold
        # The agent serves the next one meanwhile.
        other = there.centre.ring(talk_secs=0.2)
        await there.centre.served([other])
        assert there.caller.alive
        there.centre.emulator.world.hangup(third, cause="normal_clearing", source="callee")
        await until(lambda: not there.caller.alive)


async def test_a_warm_transfer_that_is_not_answered_gives_the_caller_back(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    async with scene(redis, redis_url, keys, outside=Phone("busy", 0.3)) as there:
        await there.centre.ask(i.Transfer("alice", i.Target(number=OUTSIDE), "warm"))
        await until(lambda: there.part(there.caller).on_hold)
        await until(lambda: not there.part(there.caller).on_hold)
        assert there.talks_with("alice")


async def test_a_warm_transfer_that_is_cancelled_gives_the_caller_back(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    async with scene(redis, redis_url, keys) as there:
        await there.centre.ask(i.Transfer("alice", i.Target(number=OUTSIDE), "warm"))
        await until(lambda: there.inside(OUTSIDE) and there.part(there.caller).on_hold)
        await there.centre.ask(i.CancelTransfer("alice"))
        third = there.dialled(OUTSIDE)
        await until(lambda: third is not None and not third.alive and not there.part(there.caller).on_hold)
        assert there.talks_with("alice")


async def test_a_third_party_goes_when_the_conversation_is_ended_for_all(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    async with scene(redis, redis_url, keys) as there:
        agent = there.agent
        await there.centre.ask(i.AddParty("alice", OUTSIDE))
        await until(lambda: there.inside(OUTSIDE))
        third = there.dialled(OUTSIDE)
        await there.centre.ask(i.EndConversation("alice"))
        await until(lambda: not there.caller.alive and third is not None and not third.alive)
        assert agent.alive


@pytest.mark.parametrize("to", [i.Target(queue="sales"), i.Target(agent="bob")], ids=["queue", "agent"])
async def test_a_cold_transfer_brings_the_caller_to_the_other_agent(
    redis: Redis, redis_url: str, keys: Keys, to: i.Target
) -> None:
    async with scene(redis, redis_url, keys) as there:
        await there.centre.ask(i.Hold("alice"))
        await until(lambda: there.part(there.caller).on_hold)
        await there.centre.ask(i.Transfer("alice", to))
        await until(lambda: there.talks_with("bob"), secs=15)
        assert not there.part(there.caller).on_hold
        await until(lambda: next(a for a in agents(there.centre) if a.name == "alice").duty == "available")
        assert there.centre.emulator.world.violations == []


async def test_an_agent_who_is_lost_while_the_caller_is_held_and_listened_to_leaves_nobody_behind(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    boss = "sip:boss@sip.telnyx.com"
    async with scene(redis, redis_url, keys) as there:
        await there.centre.ask(i.Supervise("alice", "boss"))
        await there.centre.ask(i.Transfer("alice", i.Target(number=OUTSIDE), "warm"))
        await until(lambda: there.inside(boss) and there.inside(OUTSIDE) and there.part(there.caller).on_hold)
        legs = [there.agent, there.dialled(boss), there.dialled(OUTSIDE)]
        there.centre.emulator.world.hangup(there.agent, cause="normal_clearing", source="callee")
        await until(lambda: not any(leg is not None and leg.alive for leg in legs))
        await until(lambda: there.caller.conference is not None and there.talks_with("alice"), secs=15)
        assert not there.part(there.caller).on_hold


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_is_asked_while_webhooks_get_lost_everybody_is_free_in_the_end(
    redis: Redis, redis_url: str, keys: Keys, seed: int
) -> None:
    dice = random.Random(seed)
    settings = settings_of(seed=seed, lost=0.15)
    intents: list[i.CareIntent] = [
        i.Hold("alice"), i.Hold("alice", on=False), i.Mute("alice"), i.Say("alice", text="Hello"),
        i.Transfer("alice", i.Target(number=OUTSIDE), "warm"), i.CompleteTransfer("alice"), i.CancelTransfer("alice"),
        i.AddParty("alice", OUTSIDE), i.Supervise("alice", "boss"), i.Supervise("alice", "boss", "whisper"),
        i.PauseRecording("alice"), i.Transfer("alice", i.Target(agent="bob")), i.EndConversation("alice"),
    ]  # fmt: skip
    async with whole(redis, redis_url, keys, settings, reconcile_secs=0.3, change=widened) as centre:
        callers = []
        for _ in range(4):
            callers.append(centre.ring(talk_secs=3))
            for _ in range(12):
                await centre.ask(dice.choice(intents))
                await anyio.sleep(0.15)
        # Two who were left with each other by the agent talk until one of them has had enough.
        await anyio.sleep(3)
        for caller in callers:
            if caller.alive:
                centre.emulator.world.hangup(caller, cause="normal_clearing", source="caller")
        await at_rest(centre, secs=75)
        await until(lambda: not outsiders(centre), secs=75)
        assert [v for v in centre.emulator.world.violations if "talks" in v] == []
        failures = centre.worker.metrics.failures
        assert [sample.value for metric in failures.collect() for sample in metric.samples] == []


def outsiders(centre: Whole) -> list[str]:
    """Return whom we have dialled, and is on the phone, but for the agents."""
    ours = {f"sip:{name}@sip.telnyx.com" for name in AGENTS}
    return [leg.to for leg in centre.emulator.world.legs.values() if leg.alive and leg.to not in ours]
