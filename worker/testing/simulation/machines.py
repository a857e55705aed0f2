"""The machines of the simulated world: workers and the ingress, which are started, killed, paused and told to end."""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from contextvars import Context
from typing import Any

import anyio
import msgspec
from redis.exceptions import RedisError

from ingress.batch import PATIENCE_SECS, Batcher
from ingress.envelope import DEFAULT_TENANT, LogEntry, read_webhook
from ingress.errors import LogUnavailableError, SignatureError, SwitchhookError
from ingress.lifecycle import first_error
from ingress.log import EventLog, Keys, settle_topology
from ingress.metrics import Metrics as IngressMetrics
from ingress.redis_client import when_redis_answers
from ingress.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, Verifier
from worker.policy.load import LoadedPolicy
from worker.runtime.clock import wall_ms
from worker.runtime.metrics import Metrics
from worker.runtime.partition import BLOCK_MS
from worker.runtime.policies import Policies
from worker.runtime.senders import TenantSenders
from worker.runtime.worker import Worker
from worker.settings import WorkerSettings
from worker.telnyx.sender import Sender
from worker.testing.simulation.loop import Process, VirtualLoop, process_of
from worker.testing.simulation.redis.client import connect
from worker.testing.simulation.redis.server import Server
from worker.testing.simulation.telnyx import Line, WiredClient

#: What starts processes starts one that has ended by itself again after so long.
SUPERVISOR_SECS = 1.0
URL = "redis://model"


class Machine(ABC):
    """What runs one process at a time, and starts another when it ends."""

    def __init__(self, name: str, redis: Server, outside: Context) -> None:
        self.name = name
        self.process: Process | None = None
        #: Why a process ended that should not have.
        self.accidents: list[str] = []
        self._redis = redis
        self._outside = outside
        self._starts = 0
        self._past: list[tuple[Process, asyncio.Task[None]]] = []

    def start(self, *, same_name: bool = False) -> None:
        """Start a process, unless one runs."""
        if self.process is not None:
            return
        self._starts += 0 if same_name and self._starts else 1
        process = self.process = Process(f"{self.name}-{self._starts}")
        context = self._outside.copy()
        context.run(process_of.set, process)
        task = asyncio.get_running_loop().create_task(self._guarded(process), name=process.name, context=context)
        self._past.append((process, task))

    def crash(self, *, again_secs: float | None, same_name: bool = False) -> None:
        """Kill the process between two of its steps: nothing is released, what it has sent still arrives."""
        process = self.process
        if process is None:
            return
        process.die()
        self._redis.drop(process)
        self.process = None
        self._forget()
        self._start_later(again_secs, same_name=same_name)

    def pause(self, secs: float) -> None:
        """Let the process take no step, and send nothing, for so long."""
        process, loop = self.process, asyncio.get_running_loop()
        if process is None or not process.running:
            return
        process.stop()

        def go_on() -> None:
            if not process.dead and isinstance(loop, VirtualLoop):
                loop.resume(process)

        loop.call_later(secs, go_on, context=self._outside)

    def before_sending(self, what: str, action: Callable[[], None]) -> None:
        """Do *action* when the process is about to send *what* the next time."""
        if self.process is not None:
            self.process.before_sending(what, action)

    def after_steps(self, steps: int, action: Callable[[], None]) -> None:
        """Do *action* when the process has taken so many more steps."""
        if self.process is not None:
            self.process.after_steps(steps, action)

    async def bury(self) -> None:
        """End everything that this machine ever ran, with the world being over."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        for process, task in self._past:
            process.die()
            self._redis.drop(process)
            loop.resume(process)
            task.cancel()
        await asyncio.wait([task for _, task in self._past])

    async def _guarded(self, process: Process) -> None:
        try:
            await self._live(process)
        except Exception as exc:  # noqa: BLE001
            error = first_error(exc) if isinstance(exc, BaseExceptionGroup) else exc
            if not isinstance(error, SwitchhookError | RedisError | OSError):
                self.accidents.append(f"{process.name} ended with {type(error).__name__}: {error}")
        if self.process is process:
            self.process = None
            self._start_later(SUPERVISOR_SECS)

    def _start_later(self, secs: float | None, *, same_name: bool = False) -> None:
        if secs is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(secs, lambda: self.start(same_name=same_name), context=self._outside)

    @abstractmethod
    def _live(self, process: Process) -> Coroutine[Any, Any, None]:
        """Run the process to its end."""

    @abstractmethod
    def _forget(self) -> None:
        """Let go of what the process was."""


class WorkerMachine(Machine):
    """A machine with a worker."""

    def __init__(
        self,
        name: str,
        redis: Server,
        outside: Context,
        *,
        line: Line,
        policy: LoadedPolicy,
        settings: WorkerSettings,
        chance: random.Random,
    ) -> None:
        super().__init__(name, redis, outside)
        self.worker: Worker | None = None
        self._line = line
        self._policy = policy
        self._settings = settings
        self._chance = chance

    def leave(self, *, again_secs: float | None) -> None:
        """Tell the worker to end; start another later."""
        if self.process is None:
            return
        if self.worker is None:
            # It has not begun to work, so there is nothing to hand over.
            self.crash(again_secs=again_secs)
            return
        # From outside: what it does upon a signal is its own step.
        context = self._outside.copy()
        context.run(process_of.set, self.process)
        asyncio.get_running_loop().call_soon(self.worker.stop, context=context)
        self._start_later(again_secs)

    def _forget(self) -> None:
        self.worker = None

    async def _live(self, process: Process) -> None:
        settings = WorkerSettings(
            redis_url=URL,
            policy="",
            worker_id=process.name,
            prefix=self._settings.prefix,
            partitions=self._settings.partitions,
            lease_secs=self._settings.lease_secs,
            drain_secs=self._settings.drain_secs,
        )
        commands, reads = connect(self._redis), connect(self._redis, blocking_read_secs=BLOCK_MS / 1000)
        client = WiredClient(self._line, random.Random(self._chance.random()))
        sender = Sender(client, jitter=random.Random(self._chance.random()))
        keys = Keys(settings.prefix)

        async def settle() -> None:
            await settle_topology(commands, keys, settings.partitions)
            await Policies(commands, keys).bring(self._policy, process.name, again=False)

        await when_redis_answers(settle, URL)
        worker = Worker(
            settings,
            commands=commands,
            reads=reads,
            senders=TenantSenders(dict.fromkeys(self._policy.policy.tenants, sender)),
            policy=lambda: self._policy.policy,
            metrics=Metrics(),
        )
        self.worker = worker
        try:
            await worker.run()
        finally:
            if self.worker is worker:
                self.worker = None


class Door(Machine):
    """The machine with the ingress: verifying, routing, batching and the log are the real ones, HTTP is not there."""

    def __init__(
        self, name: str, redis: Server, outside: Context, *, verifier: Verifier, keys: Keys, partitions: int
    ) -> None:
        super().__init__(name, redis, outside)
        #: The ids of the webhooks that were answered 200, with when.
        self.accepted: dict[str, int] = {}
        self._verifier = verifier
        self._keys = keys
        self._partitions = partitions
        self._batcher: Batcher | None = None

    async def post(self, body: bytes, headers: Mapping[str, str], *, secs: float) -> int | None:
        """Send a webhook to the ingress and return the status of its answer, or None without one in time."""
        process = self.process
        if process is None or self._batcher is None:
            return None
        context = self._outside.copy()
        context.run(process_of.set, process)
        loop = asyncio.get_running_loop()
        answer = loop.create_task(
            self._take(self._batcher, body, headers), name=f"{process.name} webhook", context=context
        )
        await asyncio.wait([answer], timeout=secs)
        return answer.result() if answer.done() and not process.dead else None

    async def ask(self, entry: LogEntry, *, secs: float) -> bool:
        """Send an intent to the ingress and return whether it was answered in time that it is in the log."""
        process = self.process
        if process is None or self._batcher is None:
            return False
        context = self._outside.copy()
        context.run(process_of.set, process)
        loop = asyncio.get_running_loop()
        answer = loop.create_task(self._keep(self._batcher, entry), name=f"{process.name} intent", context=context)
        await asyncio.wait([answer], timeout=secs)
        return answer.done() and answer.result() and not process.dead

    def _forget(self) -> None:
        self._batcher = None

    async def _keep(self, batcher: Batcher, entry: LogEntry) -> bool:
        try:
            with anyio.fail_after(PATIENCE_SECS):
                await batcher.append(msgspec.structs.replace(entry, received_ms=wall_ms()))
        except (LogUnavailableError, TimeoutError):
            return False
        return True

    async def _live(self, _: Process) -> None:
        redis = connect(self._redis)
        await when_redis_answers(lambda: settle_topology(redis, self._keys, self._partitions), URL)
        batcher = Batcher(EventLog(redis, self._keys, self._partitions), IngressMetrics())
        self._batcher = batcher
        try:
            await batcher.run()
        finally:
            if self._batcher is batcher:
                self._batcher = None

    async def _take(self, batcher: Batcher, body: bytes, headers: Mapping[str, str]) -> int:
        now_ms = wall_ms()
        try:
            with anyio.fail_after(PATIENCE_SECS):
                signature, timestamp = headers.get(SIGNATURE_HEADER), headers.get(TIMESTAMP_HEADER)
                self._verifier.verify(signature, timestamp, body, now_secs=now_ms / 1000)
                webhook = read_webhook(DEFAULT_TENANT, body)
                await batcher.append(LogEntry(webhook.event_id, webhook.address, "webhook", now_ms, body))
        except SignatureError as refused:
            self.accidents.append(f"a webhook was refused: {refused}")
            return 401
        except (LogUnavailableError, TimeoutError):
            return 503
        self.accepted.setdefault(webhook.event_id, wall_ms())
        return 200
