"""Workers inside a test: real Redis, the real runtime, and a Telnyx that only notes what it is asked."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import msgspec
import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from ingress.envelope import Address, LogEntry
from ingress.log import EventLog, Keys, settle_topology
from ingress.redis_client import connect
from tests.integration.runtime.databases import postgres_server
from worker.commands import command as c
from worker.events.event import Internal, write_entry
from worker.events.outcomes import Observed, Outcome, Refused, Succeeded
from worker.policy.model import Policy
from worker.runtime.answers import Reload, no_file
from worker.runtime.clock import monotonic
from worker.runtime.metrics import Metrics
from worker.runtime.partition import BLOCK_MS
from worker.runtime.recording.sink import driven
from worker.runtime.worker import Worker
from worker.settings import WorkerSettings
from worker.testing.centre import small_tenant

PARTITIONS = 16
#: Of workers that are not to die: longer than anything that a test waits for.
LEASE_SECS = 30.0
NUMBER = "+13125550131"


class Phone:
    """A sender that notes what is sent, and answers as it is told to."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, c.AnyCommand, float]] = []
        self.answer: Callable[[c.AnyCommand], Succeeded] = lambda _: Succeeded(call="leg", conference="room")
        self.refuse: Callable[[c.AnyCommand], bool] = lambda _: False
        #: While it is not set, commands get no answer.
        self.open = anyio.Event()
        self.open.set()
        #: When a command that waited for its answer was stopped (monotonic seconds).
        self.cut: list[float] = []

    def of(self, tenant: str) -> Phone:
        return self

    async def send(
        self,
        command: c.AnyCommand,
        command_id: str,
        *,
        epoch: int,
        first_tried_secs_ago: float,
        fence: Callable[[], None] = lambda: None,
    ) -> Outcome | Observed:
        self.sent.append((command_id, command, first_tried_secs_ago))
        try:
            await self.open.wait()
        except anyio.get_cancelled_exc_class():
            self.cut.append(monotonic())
            raise
        if self.refuse(command):
            return Outcome(command_id, command, Refused(401, "10009", "refused by the test", "stop"))
        return Outcome(command_id, command, self.answer(command))

    def kinds(self) -> list[str]:
        return [c.name_of(command) for _, command, _ in self.sent]


class Bench:
    """A log, and workers on it."""

    def __init__(self, redis: Redis, url: str, keys: Keys) -> None:
        self.redis = redis
        self.url = url
        self.keys = keys
        self.phone = Phone()
        self.tenant = small_tenant()
        #: Tenants beside `default`, all with its policy.
        self.others: tuple[str, ...] = ()
        self.log = EventLog(redis, keys, PARTITIONS)
        self._numbers = itertools.count()
        self._lease_secs = LEASE_SECS

    async def append(self, kind: str, ident: str, body: Internal) -> None:
        address = Address("default", kind, ident)  # type: ignore[arg-type]
        entry = write_entry(f"test-{next(self._numbers)}", address, body, time.time_ns() // 1_000_000)
        await self.log.append([entry])

    async def webhook(self, address: Address, raw: bytes) -> None:
        await self.log.append([LogEntry(f"test-{next(self._numbers)}", address, "webhook", 0, raw)])

    async def ring(self, call: str, number: str = NUMBER, *, tenant: str = "default") -> None:
        body = (
            f'{{"data":{{"event_type":"call.initiated","id":"i-{call}","payload":{{"call_control_id":"{call}",'
            f'"direction":"incoming","state":"parked","to":"{number}"}}}}}}'
        )
        await self.webhook(Address(tenant, "call", call), body.encode())

    @asynccontextmanager
    async def worker(
        self,
        name: str,
        *,
        lease_secs: float | None = None,
        crash: bool = False,
        reload: Reload = no_file,
        **more: float | str,
    ) -> AsyncIterator[Worker]:
        """Run a worker for the length of the block. With *crash* it ends as by SIGKILL: nothing is released.

        Leases are short only from a crash on, where they have to end by themselves: a busy machine loses short ones.
        """
        self._lease_secs = 1.0 if crash else self._lease_secs
        settings = msgspec.convert(
            {"redis_url": self.url, "policy": "", "prefix": self.keys.prefix, "worker_id": name, "drain_secs": 5,
             "lease_secs": lease_secs or self._lease_secs, "reconcile_secs": 0, **more},
            WorkerSettings,
        )  # fmt: skip
        commands, reads = connect(self.url), connect(self.url, blocking_read_secs=BLOCK_MS / 1000)
        policy = Policy(dict.fromkeys(("default", *self.others), self.tenant))
        worker = Worker(
            settings,
            commands=commands,
            reads=reads,
            senders=self.phone,
            policy=lambda: policy,
            metrics=Metrics(),
            reload=reload,
        )
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(worker.run)
                try:
                    yield worker
                finally:
                    if crash:
                        _cut(commands)
                        tasks.cancel_scope.cancel()
                    else:
                        worker.stop()
        finally:
            await commands.aclose()
            await reads.aclose()


def _cut(client: Redis) -> None:
    """A dead process says nothing more: its connections break before it could release anything."""
    pool = client.connection_pool
    pool.connection_kwargs["port"] = 1
    for connection in [*pool._available_connections, *pool._in_use_connections]:
        vars(connection)["port"] = 1
        # Broken rather than closed: one that is still logging in would find its socket gone, which no network does.
        if connection._writer is not None:
            connection._writer.transport.abort()


async def until(condition: Callable[[], bool], *, secs: float = LEASE_SECS - 5) -> None:
    """Wait until *condition* holds, at most *secs*: whatever needs the end of a lease is not taken for handed over."""
    with anyio.fail_after(secs):
        while not condition():
            await anyio.sleep(0.01)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Return the address of a PostgreSQL server of our own; skip where the machine has none."""
    with postgres_server() as url:
        if url is None:
            pytest.skip("no PostgreSQL on this machine")
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Return the address of a database in which there are no records."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'records.db'}"
        return
    url = str(request.getfixturevalue("postgres"))
    yield url
    engine = create_async_engine(driven(url))
    async with engine.begin() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    await engine.dispose()


@pytest.fixture
async def bench(redis: Redis, redis_url: str, keys: Keys) -> Bench:
    """Return a log of 16 partitions that nobody has worked on."""
    await settle_topology(redis, keys, PARTITIONS)
    return Bench(redis, redis_url, keys)
