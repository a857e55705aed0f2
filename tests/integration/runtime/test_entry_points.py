"""A caller's way from the number to where he ends, as Telnyx has it: each scenario through the whole centre."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
from msgspec.structs import replace
from redis.asyncio import Redis

from ingress.intents.model import EndCall, SetAgentState
from ingress.log import Keys
from tests.integration.runtime.conftest import NUMBER
from tests.integration.runtime.test_lost_webhooks import agents, settings_of
from tests.integration.runtime.whole import Whole, whole
from worker.aggregates.call.state import Call
from worker.aggregates.queue.state import Queue as QueueState
from worker.policy.model import (
    Agent,
    Announcements,
    Callback,
    CallerRule,
    Goal,
    Key,
    Menu,
    Music,
    Number,
    Queue,
    Recording,
    Tenant,
    Voicemail,
)
from worker.policy.model.pin import pin_hash
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.settings import EmulatorSettings, Phone

OUTSIDE = "+13125550177"
BUSY = "+13125550178"
BLOCKED = "+19995550100"
CALLER = "+15550100"
MENU = Menu(
    "One support, two sales, three a message, four somebody outside, five nobody, six log-in.",
    {
        "1": Goal("support"),
        "2": Goal("sales"),
        "3": Goal(voicemail="box"),
        "4": Goal(number=OUTSIDE),
        "5": Goal(number=BUSY),
        "6": Goal(login=True),
    },
    otherwise=Goal(voicemail="box"),
    timeout_secs=2,
    retries=1,
)


def widened(tenant: Tenant) -> Tenant:
    """Return a policy with a menu, a queue that nobody serves, a box for messages, and keys while one waits."""
    support = replace(
        tenant.queues["support"],
        music=Music(audio="https://m.example.com/m.mp3"),
        recording=Recording(announce="This call is recorded."),
    )
    sales = Queue(
        music=support.music,
        max_wait_secs=1.5,
        waited=Goal("support", say="We try another team."),
        announcements=Announcements(every_secs=0.4, first_secs=0.2, comfort=("Thank you for waiting.",)),
        keys={"1": Key(callback=True), "2": Key(voicemail="box")},
        callback=Callback(first="caller"),
    )
    rules = (CallerRule(callers=("+1999*",), block=True),)
    carol = Agent(
        "sip:carol@x.com", ("support",), "on-demand", "self", pin=pin_hash("4711", "00112233445566aa"), extension="12"
    )
    return replace(
        tenant,
        numbers={NUMBER: Number(menu="main", greeting="Welcome.", rules=rules)},
        menus={"main": MENU},
        voicemails={"box": Voicemail("Speak.", max_secs=5, silence_secs=2)},
        queues={"support": support, "sales": sales},
        agents={**tenant.agents, "carol": carol},
    )


class Caller:
    """Somebody who rings, listens, and presses keys when he is asked to."""

    def __init__(self, centre: Whole, number: str = CALLER, *, talk_secs: float = 0.2) -> None:
        self.centre = centre
        self.leg: Leg = centre.emulator.actors.ring(number, NUMBER, patience_secs=60, talk_secs=talk_secs)

    @property
    def known(self) -> Call | None:
        """The leg as the worker knows it."""
        states = self.centre.worker.aggregates().values()
        return next((s for s in states if isinstance(s, Call) and s.id == self.leg.id), None)

    async def until(self, condition: Callable[[], bool], *, secs: float = 15.0) -> None:
        with anyio.fail_after(secs):
            while not condition():
                await anyio.sleep(0.01)

    async def keys(self, digits: str, *, asking: str = "menu") -> None:
        """Press keys as soon as they are asked for."""

        def asked() -> bool:
            known = self.known
            return known is not None and any(
                f":{asking}:" in mark and mark not in known.keyed for mark in known.asked
            ) and self.leg.id in self.centre.emulator.telephony.gathers._active  # fmt: skip

        await self.until(asked)
        self.press(digits)

    def press(self, digits: str) -> None:
        self.centre.emulator.telephony.gathers.press(self.leg, digits)

    async def ended(self, *, secs: float = 15.0) -> None:
        await self.until(lambda: not self.leg.alive, secs=secs)
        await self.until(lambda: self.known is not None and self.known.over)


def settings() -> EmulatorSettings:
    """Return an emulator in which one phone outside answers, and one is busy."""
    phones = {BUSY: Phone("busy"), OUTSIDE: Phone("answer")}
    return replace(settings_of(), phones=phones)


@asynccontextmanager
async def opened(
    redis: Redis, redis_url: str, keys: Keys, change: Callable[[Tenant], Tenant] = widened
) -> AsyncIterator[Whole]:
    async with whole(redis, redis_url, keys, settings(), change=change) as centre:
        yield centre
        violations = centre.emulator.world.violations
        assert not violations, violations


def queue_of(centre: Whole, name: str) -> QueueState:
    return next(s for s in centre.worker.aggregates().values() if isinstance(s, QueueState) and s.name == name)


async def test_a_key_leads_to_a_queue_and_to_an_agent(redis: Redis, redis_url: str, keys: Keys) -> None:
    async with opened(redis, redis_url, keys) as centre:
        caller = Caller(centre)
        await caller.keys("1")
        await centre.served([caller.leg])
        assert caller.leg.stays


async def test_a_blocked_caller_is_not_answered(redis: Redis, redis_url: str, keys: Keys) -> None:
    async with opened(redis, redis_url, keys) as centre:
        caller = Caller(centre, BLOCKED)
        await caller.ended()
        assert caller.leg.answered_at is None


async def test_who_does_not_choose_leaves_a_message(redis: Redis, redis_url: str, keys: Keys) -> None:
    async with opened(redis, redis_url, keys) as centre:
        caller = Caller(centre)
        await caller.until(lambda: bool(centre.emulator.telephony.recordings.all), secs=20)
        centre.emulator.world.hangup(caller.leg, cause="normal_clearing", source="caller")
        await caller.until(lambda: caller.known is not None and bool(caller.known.messages))
        assert caller.known is not None
        (message,) = caller.known.messages
        assert (message.box, message.recording_id) == ("box", centre.emulator.telephony.recordings.all[0].id)


async def test_a_message_that_is_long_enough_is_thanked_for(redis: Redis, redis_url: str, keys: Keys) -> None:
    async with opened(redis, redis_url, keys) as centre:
        caller = Caller(centre)
        await caller.keys("3")
        await caller.until(lambda: bool(centre.emulator.telephony.recordings.all))
        caller.press("#")
        await caller.ended()
        assert caller.known is not None
        assert len(caller.known.messages) == 1


async def test_who_waits_too_long_is_tried_with_another_team(redis: Redis, redis_url: str, keys: Keys) -> None:
    async with opened(redis, redis_url, keys) as centre:
        caller = Caller(centre)
        await caller.keys("2")
        await centre.served([caller.leg])
        assert not queue_of(centre, "sales").callers
        await caller.until(lambda: not queue_of(centre, "support").callers)
        assert queue_of(centre, "support").tally.answered == 1


async def test_a_waiting_caller_chooses_a_message_by_key(redis: Redis, redis_url: str, keys: Keys) -> None:
    async with opened(redis, redis_url, keys) as centre:
        caller = Caller(centre)
        await caller.keys("2")
        await caller.until(lambda: caller.known is not None and caller.known.waits)
        caller.press("2")
        await caller.until(lambda: bool(centre.emulator.telephony.recordings.all))
        caller.press("#")
        await caller.ended()
        assert caller.known is not None
        assert len(caller.known.messages) == 1


async def test_a_caller_is_connected_outside(redis: Redis, redis_url: str, keys: Keys) -> None:
    async with opened(redis, redis_url, keys) as centre:
        caller = Caller(centre)
        await caller.keys("4")
        await caller.until(lambda: caller.leg.peer is not None)
        assert centre.emulator.world.legs[caller.leg.peer or ""].to == OUTSIDE
        await caller.ended()


async def test_a_caller_whom_nobody_answers_outside_is_told_so_and_ended(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    async with opened(redis, redis_url, keys) as centre:
        caller = Caller(centre)
        await caller.keys("5")
        await caller.ended()
        assert caller.known is not None
        assert caller.known.dismissed == "failed"
        assert caller.known.heard("apology")


async def test_an_agent_logs_in_by_phone(redis: Redis, redis_url: str, keys: Keys) -> None:
    async with opened(redis, redis_url, keys) as centre:
        caller = Caller(centre)
        await caller.keys("6")
        await caller.keys("12#", asking="ext")
        await caller.keys("4711#", asking="pin")
        await caller.ended()
        carol = next(agent for agent in agents(centre) if agent.name == "carol")
        assert carol.standing == "available"


async def test_an_intent_ends_a_call(redis: Redis, redis_url: str, keys: Keys) -> None:
    async with opened(redis, redis_url, keys) as centre:
        caller = Caller(centre)
        await caller.until(lambda: caller.known is not None and caller.known.answered_ms is not None)
        await centre.ask(EndCall(caller.leg.id))
        await caller.ended()
        assert caller.leg.stays == []


async def test_a_caller_is_called_back_when_it_is_his_turn(redis: Redis, redis_url: str, keys: Keys) -> None:
    def served_by_carol(tenant: Tenant) -> Tenant:
        tenant = widened(tenant)
        sales = replace(tenant.queues["sales"], max_wait_secs=60)
        carol = replace(tenant.agents["carol"], queues=("sales",))
        return replace(tenant, queues={**tenant.queues, "sales": sales}, agents={**tenant.agents, "carol": carol})

    async with opened(redis, redis_url, keys, served_by_carol) as centre:
        caller = Caller(centre)
        await caller.keys("2")
        await caller.until(lambda: caller.known is not None and caller.known.waits)
        caller.press("1")
        await caller.ended()
        await centre.ask(SetAgentState("carol", "available"))
        await caller.until(lambda: queue_of(centre, "sales").tally.called_back == 1)
        back = next(leg for leg in centre.emulator.world.legs.values() if leg.to == CALLER)
        assert back.conference is not None
        centre.emulator.world.hangup(back, cause="normal_clearing", source="callee")
        await caller.until(lambda: not queue_of(centre, "sales").callers)
