"""A contact centre of real processes, with callers who ring all the while, and everything in reach that can break.

The emulator, the door before the ingresses and a proxy before each process's Redis and Telnyx run in the test's own
process; ingresses, workers and redis-server are processes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, cast

import anyio
import anyio.to_thread
import msgspec
from anyio.abc import TaskGroup
from redis.asyncio import Redis

from ingress.log import Keys, Partition
from ingress.redis_client import connect
from tests.e2e.chaos.books import Books, Loss, differences, read_books
from tests.e2e.chaos.door import Door, open_door
from tests.e2e.chaos.servers import Server, until
from tests.signing import Signer
from worker.aggregates.agent.state import Agent
from worker.demo.processes import Processes
from worker.replay.source import Follower, LogReader
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator, serve
from worker.testing.emulator.settings import Conditions, EmulatorSettings, Traffic
from worker.testing.proxy import Proxy
from worker.testing.redis_server import OPTIONS, PrivateRedis

NUMBER = "+13125550131"
AGENTS = ("alice", "bob", "carol")
PARTITIONS = 16
API_KEY = "KEYtest"
LEASE_SECS = 1.0
#: Callers and conversations are short, so that a test sees many of them; waits are as short as the engine allows.
POLICY = f"""
[tenants.default]
connection_id = "1494404757140276705"
caller_id = "+13125550100"
api_key = {{ env = "TELNYX_API_KEY" }}
public_keys = [{{ env = "TELNYX_PUBLIC_KEY" }}]
numbers."{NUMBER}" = {{ queue = "support", greeting = "Welcome." }}
queues.support = {{ offer_secs = 3, connect_secs = 2, max_wait_secs = 40, max_attempts = 20 }}
""" + "".join(
    f'agents.{name} = {{ address = "sip:{name}@sip.telnyx.com", queues = ["support"], '
    "wrap_up_secs = 0, ring_secs = 5, redial_secs = 1 }\n"
    for name in AGENTS
)
#: A tenth of all webhooks twice, and none in order.
USUAL = Conditions(duplicated=0.1, reorder_secs=0.05)
#: A machine that is busy with other things adds so much to what the settings allow.
SLACK_SECS = 8.0


class Centre:
    """Everything that runs."""

    def __init__(
        self, tasks: TaskGroup, processes: Processes, server: PrivateRedis, door: Door, emulator: Emulator
    ) -> None:
        self.server = server
        self.door = door
        self.emulator = emulator
        self.keys = Keys("chaos")
        self.redis: Redis = connect(server.url)
        #: All that were ever started; the ended ones stay, for the audit.
        self.servers: list[Server] = []
        self._tasks = tasks
        self._processes = processes

    def __getitem__(self, name: str) -> Server:
        """Return the last process that was started under a name."""
        return next(server for server in reversed(self.servers) if server.name == name)

    async def ingress(self, name: str) -> Server:
        """Start an ingress."""
        server, self.door.targets[name] = await self._start(name, "ingress", "listening on", "--port", "0")
        return server

    async def worker(self, name: str) -> Server:
        """Start a worker, and wait until it holds its share."""
        return (await self._start(name, "worker", f"worker {name} ready", SWITCHHOOK_WORKER_ID=name))[0]

    async def workers(self, *names: str) -> None:
        """Start workers at the same time, and wait until each holds its share."""
        async with anyio.create_task_group() as tasks:
            for name in names:
                tasks.start_soon(self.worker, name)

    async def start_redis(self) -> None:
        """Start Redis again."""
        await anyio.to_thread.run_sync(self.server.start)
        await self.redis.connection_pool.disconnect()

    def ring(self, per_minute: float) -> None:
        """Let callers ring by themselves; 0: no more."""
        self.emulator.actors.set_traffic(Traffic(NUMBER, per_minute, patience_secs=(8, 12), talk_secs=(0.2, 0.6)))

    @property
    def callers(self) -> list[Leg]:
        """All who have rung."""
        return [leg for leg in self.emulator.world.legs.values() if leg.incoming]

    @property
    def served(self) -> int:
        """How many callers have been with an agent."""
        return sum(bool(leg.stays) for leg in self.callers)

    async def serves(self, more: int, *, secs: float = 30.0) -> None:
        """Wait until so many more callers have been with an agent: the centre is at work."""
        enough = self.served + more
        await until(lambda: self.served >= enough, secs=secs)

    async def owners(self) -> list[str]:
        """Return who holds each partition; empty: nobody."""
        leases = await self.redis.mget([self.keys.lease(Partition(number)) for number in range(PARTITIONS)])
        return [cast("bytes", lease or b"").decode().partition(":")[0] for lease in leases]

    async def taken_from(self, name: str) -> None:
        """Wait until others hold every partition, and are at work."""
        await until(lambda: self._all_held_without(name))
        await self.serves(2)

    async def settle(self, *, free: bool = True) -> None:
        """Let nobody ring any more, and wait until all has come to its end, and (*free*) all agents are free."""
        self.ring(0)
        reader = LogReader(self.redis, self.keys)
        followers = [Follower(reader, Partition(number)) for number in range(PARTITIONS)]
        waits_for = "the callers"

        async def quiet() -> bool:
            nonlocal waits_for
            if any(leg.alive for leg in self.callers):
                return False
            waits_for = "webhooks under way, or recordings"
            if self.emulator.delivery.under_way:
                return False
            # One whose start the log has lost is stopped by nobody.
            recordings = self.emulator.telephony.recordings.all
            if not all(recording.saved for recording in recordings if free or recording.ended_at is not None):
                return False
            for follower in followers:
                await follower.catch_up()
            open_ones = [pending.command for follower in followers for pending in follower.ledger.pending.values()]
            undecided = [await reader.undecided(Partition(number)) for number in range(PARTITIONS)]
            waits_for = f"the ends of {open_ones}, decisions upon {[event for events in undecided for event in events]}"
            if open_ones or any(undecided):
                return False
            agents = [s for f in followers for s in f.ledger.aggregates.values() if isinstance(s, Agent)]
            waits_for = f"the agents: {agents}"
            return not free or (len(agents) == len(AGENTS) and all(agent.duty == "available" for agent in agents))

        try:
            await until(quiet, secs=60)
        except TimeoutError:
            raise AssertionError(f"after a minute it still waits for {waits_for}") from None

    async def last_callers(self) -> None:
        """Ring once for each agent at once: all are served, each by another agent, so nobody's agent is lost."""
        legs = [self.emulator.actors.ring("+15550199", NUMBER, patience_secs=20, talk_secs=1.0) for _ in AGENTS]
        await until(lambda: not any(leg.alive for leg in legs), secs=40)
        assert [len(leg.stays) for leg in legs] == [1] * len(AGENTS)
        assert len({leg.stays[0].conference for leg in legs}) == len(AGENTS)

    async def books(self) -> Books:
        """Return the books as they are now."""
        return await read_books(self.redis, self.keys, PARTITIONS)

    @property
    def commands(self) -> list[str]:
        """The id of every command that was sent, as often as it was."""
        return [name for server in self.servers for name in server.commands]

    @property
    def append_only_file(self) -> Path:
        """Where Redis writes what it is told, before it answers."""
        (file,) = [*self.server.directory.rglob("*.incr.aof")] or [*self.server.directory.glob("*.aof")]
        return file

    async def audited(self, loss: Loss | None = None) -> Books:
        """Let all come to its end, and return the books, in which nothing may be wrong but for a *loss*."""
        if loss is None:
            await self.settle()
            await self.last_callers()
        await self.settle(free=loss is None)
        books = await self.books()
        missing = {name: self.door.promised[name] for name in books.missing(self.door.promised)}
        broken = differences(books, self.emulator.telephony)
        excused: set[str] = set()
        if loss is not None:
            assert all(loss.excuses(promise) for promise in missing.values())
            excused = loss.commands
            names = {name for promise in missing.values() for name in promise.names}
            broken = [line for line in broken if not any(name in line for name in names)]
            missing = {}
        assert missing == {}, missing
        assert broken == [], broken
        assert books.twice() == [], books.twice()
        assert self.emulator.delivery.counts["failed"] == 0
        # Nothing but a journaled decision causes an effect, and what is said to be done was sent.
        assert set(self.commands) - excused <= books.decided
        assert books.succeeded <= set(self.commands)
        return books

    async def _all_held_without(self, name: str) -> bool:
        owners = await self.owners()
        return name not in owners and "" not in owners

    async def _start(self, name: str, kind: str, line: str, *arguments: str, **more: str) -> tuple[Server, str]:
        server = Server(name, Proxy("127.0.0.1", self.server.port))
        await self._tasks.start(server.redis.serve)
        environment = {**more, "SWITCHHOOK_REDIS_URL": f"redis://127.0.0.1:{server.redis.port}/0"}
        if kind == "worker":
            server.telnyx = Proxy("127.0.0.1", int(self.emulator.base.rpartition(":")[2]), heard=server.hear)
            await self._tasks.start(server.telnyx.serve)
            environment["SWITCHHOOK_API_BASE"] = f"http://127.0.0.1:{server.telnyx.port}/v2"
        server.process = self._processes.start(f"{name}-{len(self.servers)}", kind, *arguments, **environment)
        self.servers.append(server)
        return server, await server.process.line(line)


@asynccontextmanager
async def centre(
    directory: Path,
    *,
    workers: tuple[str, ...] = ("a", "b"),
    ingresses: tuple[str, ...] = ("in",),
    lease_secs: float = LEASE_SECS,
    fsync: Literal["always", "everysec"] = "everysec",
    conditions: Conditions = USUAL,
) -> AsyncIterator[Centre]:
    """Run a centre for the length of a block; its files are in *directory*."""
    signer = Signer()
    policy = directory / "policy.toml"
    policy.write_text(POLICY)
    environment = {
        "SWITCHHOOK_PREFIX": "chaos",
        "SWITCHHOOK_PARTITIONS": str(PARTITIONS),
        "SWITCHHOOK_POLICY": str(policy),
        "SWITCHHOOK_GRACE_SECS": "0",
        "SWITCHHOOK_HEALTH_PORT": "0",
        "SWITCHHOOK_LEASE_SECS": f"{lease_secs:g}",
        "TELNYX_API_KEY": API_KEY,
        "TELNYX_PUBLIC_KEY": signer.public_key,
    }
    settings = EmulatorSettings(
        webhook_url="http://set.below", api_key=API_KEY, signing_seed=signer.seed_text, seed=1, conditions=conditions,
        characters_per_sec=1000, answer_secs=0.05, saving_secs=0.1, webhook_attempts=10,
    )  # fmt: skip
    with _redis(directory, fsync) as server, Processes(directory, environment) as processes:
        async with (
            open_door() as door,
            serve(msgspec.structs.replace(settings, webhook_url=door.url)) as emulator,
            anyio.create_task_group() as tasks,
        ):
            running = Centre(tasks, processes, server, door, emulator)
            try:
                for name in ingresses:
                    await running.ingress(name)
                await running.workers(*workers)
                yield running
            finally:
                # At once: what a test is about has been said before.
                for each in running.servers:
                    each.process.kill()
                await running.redis.aclose()
                tasks.cancel_scope.cancel()


def _redis(directory: Path, fsync: str) -> PrivateRedis:
    """Return a redis-server that keeps its append-only file as asked."""
    data = directory / "redis"
    data.mkdir()
    config = directory / "redis.conf"
    options = {**OPTIONS, "appendfsync": fsync}
    config.write_text("".join(f'{option} "{value}"\n' for option, value in options.items()))
    return PrivateRedis(directory=data, config=config)


def figure(name: str, value: float) -> None:
    """Say a measured figure, for `make chaos` to show."""
    print(f"figure: {name}: {value:.2f}")
