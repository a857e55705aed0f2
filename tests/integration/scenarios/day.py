"""The words of the contact centre's day: who rings, waits, hears, presses and talks; in front of a whole centre.

A scenario opens the doors with the queues and people that it is about, lets things happen, and waits for what must
come of them. When the doors close everybody hangs up, and nobody may be stuck, counted twice, or left on the phone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol, TypeVar

import anyio
from msgspec.structs import replace
from redis.asyncio import Redis

from ingress.intents import model as i
from ingress.log import Keys
from tests.integration.runtime.conftest import NUMBER
from tests.integration.runtime.test_lost_webhooks import settings_of
from tests.integration.runtime.whole import Whole, whole
from worker.aggregates.agent.state import Agent as AgentState
from worker.aggregates.agent.state import Standing
from worker.aggregates.call.state import Call
from worker.aggregates.conference.state import Conference
from worker.aggregates.queue.state import Queue as QueueState
from worker.policy.model import Agent, Number, Queue, Recording, Serves, Tenant
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.settings import Phone

#: Long enough for a busy machine; nothing waits for it to pass.
PATIENCE_SECS = 60.0
S = TypeVar("S")
ANNA, BERT, CLEO, DORA = "+15550101", "+15550102", "+15550103", "+15550104"


def queue(**rules: object) -> Queue:
    """Return a queue whose deadlines a busy machine keeps; its conversations are not recorded unless that is said."""
    return Queue(**{"offer_secs": 20, "connect_secs": 15, "recording": Recording("none"), **rules})  # type: ignore[arg-type]


def person(name: str, *serves: str | Serves, **rules: object) -> Agent:
    """Return an agent who logs in when the story says so, and needs no wrap-up."""
    given = {"log_in": "self", "wrap_up_secs": 0, "ring_secs": 20, "redial_secs": 1, **rules}
    return Agent(f"sip:{name}@sip.telnyx.com", serves or ("support",), **given)  # type: ignore[arg-type]


def people(*names: str, **rules: object) -> dict[str, Agent]:
    """Return agents of the same kind, who serve `support`."""
    return {name: person(name, **rules) for name in names}


async def until(so: Callable[[], bool], what: str | Callable[[], str]) -> None:
    """Return when *so* says yes; fail with *what* when it never does."""
    try:
        with anyio.fail_after(PATIENCE_SECS):
            while not so():
                await anyio.sleep(0.02)
    except TimeoutError:
        told = what if isinstance(what, str) else what()
        raise AssertionError(f"it never came to be that {told}") from None


class Caller:
    """Somebody who rings."""

    def __init__(self, day: Day, leg: Leg) -> None:
        self.day = day
        self.leg = leg
        #: The leg with which he came: his name in the queue, also when he has been called back on another one.
        self.name = leg.id

    @property
    def known(self) -> Call | None:
        """His leg as the worker knows it."""
        return next((call for call in self.day.states(Call) if call.id == self.leg.id), None)

    @property
    def agent(self) -> str | None:
        """With whom he talks."""
        return next((each.name for each in self.day.states(AgentState) if each.duty == "busy" and each.offer
                     and each.offer.call in (self.name, self.leg.id)), None)  # fmt: skip

    async def waits(self, name: str = "support") -> None:
        """He is in the queue, and has no agent yet."""

        def so() -> bool:
            there = self.day.queue(name).callers.get(self.name)
            return there is not None and there.admitted and not there.held and bool(self.known and self.known.waits)

        await until(so, f"{self.leg.from_} waits in {name}")

    async def talks_with(self, name: str) -> None:
        """He talks with this agent, and with no other."""
        await until(lambda: self.agent is not None, f"{self.leg.from_} talks with {name}")
        assert self.agent == name

    async def talks(self) -> str:
        """Return with whom he talks, as soon as he does."""
        await until(lambda: self.agent is not None, f"{self.leg.from_} talks with somebody")
        return self.agent or ""

    async def hears(self, words: str) -> None:
        """He hears these words, as a whole or among others."""
        await until(lambda: any(words in text for text in self.leg.heard), f"{self.leg.from_} hears {words!r}")

    def presses(self, keys: str) -> None:
        """He presses keys."""
        self.day.centre.emulator.telephony.gathers.press(self.leg, keys)

    async def answers(self, prompt: str, keys: str, *, time: int = 1) -> None:
        """He presses keys when he has been asked for the *time*-th time."""
        asked = self.day.centre.emulator.telephony.gathers._active
        await until(lambda: self.leg.heard.count(prompt) >= time and self.leg.id in asked, f"he is asked {prompt!r}")
        self.presses(keys)

    def hangs_up(self) -> None:
        """He hangs up."""
        self.day.centre.emulator.world.hangup(self.leg, cause="normal_clearing", source="caller")

    async def goes(self) -> None:
        """He hangs up, and his queue has taken note of it."""
        self.hangs_up()
        await until(lambda: all(self.name not in each.callers for each in self.day.states(QueueState)),
                    f"{self.leg.from_} has left")  # fmt: skip

    async def keeps_his_place(self, name: str = "support") -> None:
        """He has hung up, and is to be called back."""

        def so() -> bool:
            there = self.day.queue(name).callers.get(self.name)
            return there is not None and there.callback is not None and there.callback.step == "kept"

        await until(so, f"the place of {self.leg.from_} is kept")

    async def is_called_back(self) -> None:
        """His phone rings, and he takes the call."""
        number = self.leg.from_ if self.leg.incoming else self.leg.to

        def so() -> bool:
            leg = self.day.leg_to(number)
            return leg is not None and leg.alive and leg.answered_at is not None

        await until(so, f"{number} is called back")
        self.leg = self.day.leg_to(number) or self.leg

    async def is_sent_away(self) -> None:
        """His call is ended by us."""
        await until(lambda: not self.leg.alive, f"the call of {self.leg.from_} is ended")


class Day:
    """The centre while its doors are open."""

    def __init__(self, centre: Whole) -> None:
        self.centre = centre
        self.callers: list[Caller] = []

    def states(self, kind: type[S]) -> list[S]:
        """Return what the worker knows of this kind."""
        return [state for state in self.centre.worker.aggregates().values() if isinstance(state, kind)]

    def queue(self, name: str = "support") -> QueueState:
        """Return a queue as the worker knows it; an empty one of which nothing was heard yet."""
        found = next((state for state in self.states(QueueState) if state.name == name), None)
        return found or QueueState(i.to_of("default", i.OpenQueue(name)))

    def agent(self, name: str) -> AgentState:
        """Return an agent as the worker knows him."""
        return next(state for state in self.states(AgentState) if state.name == name)

    def rings(self, number: str = ANNA, to: str = NUMBER) -> Caller:
        """Somebody rings, who is patient and has much to say."""
        leg = self.centre.emulator.actors.ring(number, to, patience_secs=600, talk_secs=600)
        self.callers.append(Caller(self, leg))
        return self.callers[-1]

    def leg_to(self, address: str) -> Leg | None:
        """Return the newest leg that we have dialled to an address, or to an agent's by his name."""
        wanted = (address, f"sip:{address}@sip.telnyx.com")
        legs = [leg for leg in self.centre.emulator.world.legs.values() if not leg.incoming and leg.to in wanted]
        return legs[-1] if legs else None

    async def rung(self, address: str) -> Leg:
        """Return the leg of somebody who is on the phone with us, or is being rung, as soon as he is."""
        await until(lambda: (self.leg_to(address) or Leg("", "", "", False, "", "", "", ended_at="")).alive,
                    f"{address} is rung")  # fmt: skip
        leg = self.leg_to(address)
        assert leg is not None
        return leg

    async def ask(self, intent: i.AnyIntent) -> None:
        """Ask something of the centre."""
        await self.centre.ask(intent)

    async def says(self, name: str, state: Standing) -> None:
        """An agent says what he is to be, and after that is it, and his queues know it."""
        await self.ask(i.SetAgentState(name, state))
        await self.becomes(name, state)

    async def becomes(self, name: str, duty: str) -> None:
        """An agent is this now, and his queues know it."""
        told = {"available": ("free",), "offline": ("offline", "unreached")}.get(duty, (duty,))

        def so() -> bool:
            agent = self.agent(name)
            known = [each.agents.get(name) for each in self.states(QueueState) if each.name in agent.served]
            return agent.duty == duty and all(one is not None and one.state in told for one in known)

        await until(so, lambda: f"{name} is {duty}, but {self.agent(name).duty}")

    async def log_in(self, *names: str) -> None:
        """These agents log in, one after the other: who comes first is idle longest."""
        for name in names:
            await until(lambda name=name: any(a.name == name for a in self.states(AgentState)), f"{name} is known")  # type: ignore[misc]
            await self.ask(i.SetAgentState(name, "available"))
            await until(lambda name=name: self._staffs(name), f"{name} is logged in")  # type: ignore[misc]

    def _staffs(self, name: str) -> bool:
        """Whether an agent is logged in, and his queues know it; he may have a caller already."""
        agent = self.agent(name)
        known = [each.agents.get(name) for each in self.states(QueueState) if each.name in agent.served]
        return agent.duty != "offline" and bool(known) and all(one and one.state != "offline" for one in known)

    async def close(self) -> None:
        """Let everybody hang up, and see that nobody is stuck."""
        world = self.centre.emulator.world
        for caller in self.callers:
            caller.hangs_up()
        await until(lambda: not self.troubles(), lambda: f"all are at rest: {self.troubles()}")
        assert world.violations == []
        failures = self.centre.worker.metrics.failures
        assert [sample.value for metric in failures.collect() for sample in metric.samples] == []
        for each in self.states(QueueState):
            assert each.tally.offered == each.tally.ended + len(each.callers)

    def troubles(self) -> list[str]:
        """Return whatever differs from a centre at rest; who waits to be called back may wait on."""
        found = [f"{a.name} is {a.duty}" for a in self.states(AgentState) if a.offer or a.wrapping is not None]
        for each in self.states(QueueState):
            found += [f"{call} is in {each.name}" for call, caller in each.callers.items() if not caller.callback]
        rooms = [room for room in self.states(Conference) if room.ended_ms is None]
        found += [f"somebody is expected in {room.id}" for room in rooms if room.expected or room.parties]
        legs = [leg for leg in self.centre.emulator.world.legs.values() if leg.alive]
        ours = {agent.leg for agent in self.states(AgentState)}
        return found + [f"{leg.to} is on the phone" for leg in legs if leg.id not in ours]


class Opening(Protocol):
    """Opens the doors of a centre with these queues, people, and other parts of a tenant's policy."""

    def __call__(
        self,
        agents: Mapping[str, Agent],
        queues: Mapping[str, Queue] | None = None,
        phones: Mapping[str, Phone] | None = None,
        **parts: object,
    ) -> AbstractAsyncContextManager[Day]:
        """Open them for the length of a block."""


def opening(redis: Redis, url: str, keys: Keys) -> Opening:
    """Return what opens the doors."""

    @asynccontextmanager
    async def opened(
        agents: Mapping[str, Agent],
        queues: Mapping[str, Queue] | None = None,
        phones: Mapping[str, Phone] | None = None,
        **parts: object,
    ) -> AsyncIterator[Day]:
        def change(tenant: Tenant) -> Tenant:
            given = {"numbers": {NUMBER: Number("support")}, **parts}
            return replace(tenant, agents=dict(agents), queues=dict(queues or {"support": queue()}), **given)

        settings = replace(settings_of(), phones=dict(phones or {}))
        async with whole(redis, url, keys, settings, reconcile_secs=1.0, change=change) as centre:
            day = Day(centre)
            yield day
            await day.close()

    return opened
