"""The simulated world: telephone network, Redis, ingress and workers in one process, and what happens to them."""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import random
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import anyio
import msgspec
from anyio.abc import TaskGroup
from nacl.signing import SigningKey

from ingress.log import Keys, Partition
from ingress.signature import Verifier
from worker.policy.load import LoadedPolicy, parse_policy
from worker.policy.model import Agent, Number, Policy, Queue, Secret, Tenant
from worker.policy.show import to_toml
from worker.runtime.clock import virtual_time
from worker.settings import WorkerSettings
from worker.telnyx.operation import Operation
from worker.testing.emulator.actors import Actors
from worker.testing.emulator.api import Api
from worker.testing.emulator.clock import Clock
from worker.testing.emulator.delivery import Delivery
from worker.testing.emulator.handlers.table import Answer, Table
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.limits import Limits
from worker.testing.emulator.repetitions import Repetitions
from worker.testing.emulator.settings import Conditions, EmulatorSettings
from worker.testing.emulator.telephony import Telephony
from worker.testing.emulator.world import World
from worker.testing.simulation.history import History, Ring
from worker.testing.simulation.machines import Door, WorkerMachine
from worker.testing.simulation.people import People, kind_of
from worker.testing.simulation.redis.keyspace import Stream
from worker.testing.simulation.redis.server import Server
from worker.testing.simulation.telnyx import API_KEY, Line

#: When a simulated world begins.
BEGAN_UNIX_SECS = 1_800_000_000.0
NUMBER = "+13125550131"
QUEUE = "support"
KEYS = Keys("simulation")
WRAP_UP_SECS = 2.0


class Simulation:
    """One world. Made on a virtual loop; everything that is left to chance follows from the history's seed."""

    def __init__(self, history: History) -> None:
        self.history = history
        #: What should not have been, in words, with the time.
        self.wrong: list[str] = []
        #: Whether Redis has forgotten something that it had answered, and when that was last (Unix ms).
        self.forgot_ms: int | None = None
        #: Of each caller, by leg.
        self.patience_secs: dict[str, float] = {}
        virtual_time.set(self.unix_secs)
        self.outside = contextvars.copy_context()
        self.redis = Server(self.now_ms, random.Random(f"{history.seed} redis"), self.outside)
        settings = EmulatorSettings(
            webhook_url="http://ingress/webhooks",
            seed=history.seed,
            connection_id="1",
            unconfirmed=history.unconfirmed,
            webhook_attempts=5,
            dials_per_sec=0,
        )
        key = SigningKey(hashlib.sha256(b"simulation").digest())
        clock = Clock(began_at=datetime.fromtimestamp(self.unix_secs(), UTC))
        self.delivery = Delivery(settings, clock, key, post=self._post)
        self.delivery.world_time = self.unix_secs
        self.telephony = Telephony(World(settings, clock, self.delivery))
        self.phones = self.telephony.world
        self.actors = Actors(self.phones, settings)
        #: How often each command had its effect, by what it was and its id.
        self.effects: Counter[tuple[str, str]] = Counter()
        limits = Limits(settings, clock)
        repetitions = Repetitions(clock, history.unconfirmed.duplicate_command)
        table = _counted(self.telephony.table(limits), self.effects)
        self.api = Api(settings, API_KEY, table, limits=limits, repetitions=repetitions, delivery=self.delivery)
        self.line = Line(self.api, self.outside)
        self.policy = loaded(history.policy) if history.policy is not None else policy_of(history.agents)
        self.door = Door(
            "ingress", self.redis, self.outside,
            verifier=Verifier([key.verify_key]), keys=KEYS, partitions=history.partitions,
        )  # fmt: skip
        self.people = People(history, self.telephony, self.door, self.later)
        self.workers = [self._machine(number) for number in range(history.workers)]

    def unix_secs(self) -> float:
        """Return the virtual Unix time."""
        return BEGAN_UNIX_SECS + asyncio.get_running_loop().time()

    def now_ms(self) -> int:
        """Return the virtual Unix time in milliseconds."""
        return int(self.unix_secs() * 1000)

    def partitions(self) -> list[Partition]:
        """Return all partitions."""
        return [Partition(number) for number in range(self.history.partitions)]

    def stream(self, key: str) -> Stream:
        """Return a stream as it stands in Redis."""
        return self.redis.keyspace.get(key.encode(), Stream) or Stream()

    def text(self, key: str) -> str | None:
        """Return a string as it stands in Redis."""
        value = self.redis.keyspace.get(key.encode(), bytes)
        return value.decode() if value is not None else None

    def digest(self) -> str:
        """Return a digest of all logs and journals, which equal runs have in common."""
        digest = hashlib.sha256()
        for partition in self.partitions():
            for key in (KEYS.log(partition), KEYS.journal(partition)):
                stream = self.stream(key)
                digest.update(msgspec.json.encode([key, stream.ids, stream.fields]))
        return digest.hexdigest()[:16]

    def complain(self, text: str) -> None:
        """Note what should not have been, once."""
        if not any(text in known for known in self.wrong):
            self.wrong.append(f"{asyncio.get_running_loop().time():.3f} s: {text}")

    def restart_redis(self, forgets_ms: int, *, down_secs: float) -> None:
        """Let another Redis come back after *down_secs*, without what the one before was told in its last moments."""
        lost_ms = forgets_ms + round(down_secs * 1000)
        if forgets_ms:
            self.forgot_ms = self.now_ms()
        self.redis.come_back(forgets_ms=lost_ms if forgets_ms else 0)

    async def begin(self, tasks: TaskGroup) -> None:
        """Start everything."""
        await tasks.start(self.delivery.run, tasks)
        tasks.start_soon(self.phones.clock.run)
        self.door.start()
        for machine in self.workers:
            machine.start()
        for ring in self.history.rings:
            self.later(ring.at_secs, self._ringing(ring))
        self.people.begin(tasks)

    async def end(self) -> None:
        """End all processes."""
        self.redis.come_back()
        self.line.come_back()
        for machine in (self.door, *self.workers):
            await machine.bury()

    def later(self, at_secs: float, action: Callable[[], None]) -> None:
        """Do *action* at a time of the run, in the world outside."""
        asyncio.get_running_loop().call_at(at_secs, action, context=self.outside)

    def tenant(self) -> Tenant:
        """Return the only tenant's policy."""
        return self.policy.policy.tenants["default"]

    def kind_of(self, leg: Leg) -> str:
        """Return who is on a leg: `caller`, `agent`, `supervisor` or `outsider`."""
        return kind_of(self.tenant(), leg)

    def _ringing(self, ring: Ring) -> Callable[[], None]:
        def begin() -> None:
            from_ = ring.number or f"+1555{len(self.phones.legs):07d}"
            leg = self.actors.ring(from_, ring.to or NUMBER, patience_secs=ring.patience_secs, talk_secs=ring.talk_secs)
            self.patience_secs[leg.id] = ring.patience_secs
            self.people.callers.append(leg.id)
            for press in ring.keys:
                self.phones.later(press.after_secs, lambda press=press: self.people.press(leg, press.digits))  # type: ignore[misc]
            if ring.leaves_secs is not None:
                self.phones.later(ring.leaves_secs, lambda: self.people.hang_up(leg))

        return begin

    def _machine(self, number: int) -> WorkerMachine:
        history = self.history
        settings = WorkerSettings(
            redis_url="", policy="", prefix=KEYS.prefix, partitions=history.partitions,
            lease_secs=history.lease_secs, drain_secs=5.0,
        )  # fmt: skip
        return WorkerMachine(
            f"worker{number}", self.redis, self.outside,
            line=self.line, policy=self.policy, settings=settings, chance=random.Random(f"{history.seed} {number}"),
        )  # fmt: skip

    async def _post(self, _: str, body: bytes, headers: Mapping[str, str]) -> int | None:
        await anyio.sleep(0.01)
        return await self.door.post(body, headers, secs=2.0)

    def set_conditions(self, conditions: Conditions) -> None:
        """Let this go wrong at Telnyx by chance from now on."""
        self.delivery.conditions = conditions


def policy_of(agents: int) -> LoadedPolicy:
    """Return a policy of one number, one queue and so many agents, every third of them on demand."""
    names = [f"agent{number}" for number in range(agents)]
    tenant = Tenant(
        connection_id="1",
        caller_id="+13125550100",
        api_key=Secret(env="K"),
        public_keys=(Secret(env="P"),),
        numbers={NUMBER: Number(QUEUE, greeting="Welcome.")},
        queues={QUEUE: Queue(max_wait_secs=60, offer_secs=10, connect_secs=10)},
        agents={
            name: Agent(
                f"sip:{name}@sip.telnyx.com",
                (QUEUE,),
                reach="on-demand" if number % 3 == 2 else "nailed-up",
                wrap_up_secs=WRAP_UP_SECS,
                redial_secs=5,
            )
            for number, name in enumerate(names)
        },
    )
    return loaded(tenant)


def loaded(tenant: Tenant) -> LoadedPolicy:
    """Return the policy of one tenant as if it had been read from a file."""
    return parse_policy(to_toml(Policy({"default": tenant})), "policy.toml")


def _counted(table: Table, effects: Counter[tuple[str, str]]) -> Table:
    """Return a table of operations that notes how often each command was carried out."""

    def counted(operation: Operation[object], carry_out: Callable[..., Answer]) -> Callable[..., Answer]:
        def carry(*given: object) -> Answer:
            answer = carry_out(*given)
            name = getattr(given[-1], "command_id", None) if given else None
            if isinstance(name, str):
                effects[operation.name, name] += 1
            return answer

        return carry

    return {operation: counted(operation, carry_out) for operation, carry_out in table.items()}
