"""`switchhook demo`: the main job from end to end, with a worker killed half-way, and an audit at the end."""

from __future__ import annotations

import base64
import json
import secrets
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import aiohttp
import anyio
import anyio.to_thread
from nacl.signing import SigningKey
from redis.exceptions import RedisError
from rich.console import Console, RenderableType
from rich.live import Live

from ingress.envelope import Address
from ingress.errors import LogUnavailableError
from ingress.log import Keys, Partition, partition_of
from ingress.redis_client import connect, redact
from worker.demo.audit import Audit, Report
from worker.demo.picture import Rate, View, picture
from worker.demo.processes import Process, Processes
from worker.events.event import kind_of
from worker.policy.load import load_policy
from worker.replay.source import Follower, LogReader
from worker.testing.redis_server import PrivateRedis

POLICY = Path(__file__).parent.parent / "policy" / "example.toml"
PARTITIONS = 16
#: Callers ring for this share of the time, so that the last conversations end within it.
RINGING = 0.6
KILL_AT = 0.5
LEASE_SECS = 2.0
#: What is left when the time is over may take so long to end.
DRAIN_SECS = 30.0
REFRESH_SECS = 0.25
LINE_SECS = 2.0
#: More than three agents can take, so that some wait, and some give up.
TRAFFIC = {"per_minute": 60.0, "patience_secs": [5.0, 10.0], "talk_secs": [2.0, 5.0]}


def run(*, redis_url: str | None, seconds: float, seed: int, plain: bool) -> int:
    """Run the demo and return 0, or 1 when an invariant is broken.

    Raises:
        ConfigError: Something that it needs could not be started.
        LogUnavailableError: The Redis that is named does not answer.
    """
    console = Console()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="switchhook-demo-")))
        server: PrivateRedis | None = None
        if redis_url is None:
            server = stack.enter_context(PrivateRedis())
            redis_url = server.url
            console.print(f"redis      private, {server.binary.name} at {redis_url}")
        else:
            anyio.run(_reach, redis_url)
        demo = Demo(console, redis_url, seconds, seed, live=console.is_terminal and not plain)
        if server is None:
            where = f"--redis {redact(redis_url)} --prefix {demo.prefix}"
            console.print(f"redis      the log stays: switchhook replay queue:support {where}", soft_wrap=True)
        processes = stack.enter_context(Processes(directory, demo.environment))
        report, books = anyio.run(demo.run, processes)
    return summary(console, report, books)


async def _reach(redis_url: str) -> None:
    redis = connect(redis_url)
    try:
        await redis.ping()
    except (RedisError, OSError) as exc:
        raise LogUnavailableError(
            f"{redact(redis_url)} does not answer: {exc}; without --redis one comes along"
        ) from None
    finally:
        await redis.aclose()


class Demo:
    """One run."""

    def __init__(self, console: Console, redis_url: str, seconds: float, seed: int, *, live: bool) -> None:
        self._console = console
        self._redis_url = redis_url
        self._seconds = seconds
        self._seed = seed
        self._live = live
        self._keys = Keys(f"demo-{secrets.token_hex(4)}")
        self._workers: dict[str, Process] = {}
        self._webhooks, self._commands = Rate(), Rate()
        self._began = time.monotonic()
        seed_bytes = secrets.token_bytes(32)
        self._signing_seed = base64.b64encode(seed_bytes).decode()
        public_key = base64.b64encode(bytes(SigningKey(seed_bytes).verify_key)).decode()
        self._api_key = f"KEY{secrets.token_hex(16)}"
        self._policy = load_policy(POLICY)
        self._number = next(iter(self._policy.policy.tenants["default"].numbers))
        self.environment = {
            "SWITCHHOOK_REDIS_URL": redis_url,
            "SWITCHHOOK_PREFIX": self._keys.prefix,
            "SWITCHHOOK_PARTITIONS": str(PARTITIONS),
            "SWITCHHOOK_POLICY": str(POLICY),
            "SWITCHHOOK_LEASE_SECS": str(LEASE_SECS),
            "SWITCHHOOK_GRACE_SECS": "0",
            "SWITCHHOOK_HEALTH_PORT": "0",
            "SWITCHHOOK_HOST": "127.0.0.1",
            "TELNYX_API_KEY": self._api_key,
            "TELNYX_PUBLIC_KEY": public_key,
        }

    @property
    def prefix(self) -> str:
        """The start of every key of this run."""
        return self._keys.prefix

    async def run(self, processes: Processes) -> tuple[Report, dict[str, object]]:
        """Start everything, let it go on, end it, and return the audit and the emulator's books."""
        emulator, base = await self._start(processes)
        redis = connect(self._redis_url)
        reader = LogReader(redis, self._keys)
        followers = [Follower(reader, Partition(number)) for number in range(PARTITIONS)]
        async with aiohttp.ClientSession(base) as admin:
            await self._show(followers, admin)
            await self._drain(followers, admin)
            async with admin.get("/emulator/books") as response:
                books: dict[str, object] = await response.json()
        for worker in self._workers.values():
            await anyio.to_thread.run_sync(worker.end)
        await anyio.to_thread.run_sync(emulator.end)
        report = await self._audit(reader)
        await redis.aclose()
        return report, books

    async def _start(self, processes: Processes) -> tuple[Process, str]:
        ingress = processes.start("ingress", "ingress", "--port", "0")
        url = await ingress.line("listening on")
        self._say(f"ingress    {url}/webhooks (pid {ingress.pid})")
        emulator = processes.start(
            "emulator",
            "worker.testing.emulator",
            "--port", "0", "--webhook-url", f"{url}/webhooks", "--seed", str(self._seed),
            "--duplicate-rate", "0.05", "--reorder-secs", "0.05",
            SWITCHHOOK_EMULATOR_API_KEY=self._api_key,
            SWITCHHOOK_EMULATOR_SEED=self._signing_seed,
        )  # fmt: skip
        api_base = await emulator.line("API base")
        self._say(f"emulator   {api_base} (pid {emulator.pid})")
        for name in ("w1", "w2"):
            worker = processes.start(
                f"worker {name}", "worker", SWITCHHOOK_WORKER_ID=name, SWITCHHOOK_API_BASE=api_base
            )
            self._workers[name] = worker
        for name, worker in self._workers.items():
            await worker.line(f"worker {name} ready")
            self._say(f"worker {name}  ready (pid {worker.pid})")
        return emulator, api_base.removesuffix("/v2")

    async def _show(self, followers: list[Follower], admin: aiohttp.ClientSession) -> None:
        """Let callers ring and show what happens, until the time is over."""
        self._began = time.monotonic()
        await self._post(admin, "/emulator/traffic", {"to": self._number, **TRAFFIC})
        ringing = killed = False
        next_line = 0.0
        with Live(console=self._console, auto_refresh=False, screen=False) if self._live else ExitStack() as live:
            while (now := time.monotonic() - self._began) < self._seconds:
                for follower in followers:
                    await self._follow(follower)
                view = View.of(followers)
                if not killed and now >= self._seconds * KILL_AT:
                    killed = True
                    await self._kill_one()
                if not ringing and now >= self._seconds * RINGING:
                    ringing = True
                    await self._post(admin, "/emulator/traffic", {"to": self._number, "per_minute": 0})
                    self._say("no more callers ring; those who are here are served")
                if isinstance(live, Live):
                    live.update(self._picture(view, now), refresh=True)
                elif now >= next_line:
                    next_line = now + LINE_SECS
                    self._console.print(f"{now:5.1f} s  {view.line()}", highlight=False, soft_wrap=True)
                if ringing and not view.waiting and not any(x.offer for x in view.agents) and now > self._seconds * 0.9:
                    break
                await anyio.sleep(REFRESH_SECS)

    async def _follow(self, follower: Follower) -> None:
        for event, decision in await follower.catch_up():
            self._webhooks.add(kind_of(event.body) == "webhook")
            sent = sum(type(act).__name__ == "Send" for act in decision.acts) if decision else 0
            self._commands.add(sent)

    async def _kill_one(self) -> None:
        """Kill the worker that holds the queue: the hardest to lose."""
        queue = Address("default", "queue", next(iter(self._policy.policy.tenants["default"].queues)))
        redis = connect(self._redis_url)
        token = await redis.get(self._keys.lease(partition_of(queue, PARTITIONS)))
        await redis.aclose()
        name = cast("bytes", token).decode().partition(":")[0] if token else "w1"
        worker = self._workers.pop(name)
        await anyio.to_thread.run_sync(worker.kill)
        self._say(f"worker {name} was killed with SIGKILL (pid {worker.pid}), which held the queue; the calls go on")

    async def _drain(self, followers: list[Follower], admin: aiohttp.ClientSession) -> None:
        """Wait until the last caller has ended and the last command has its outcome."""
        with anyio.move_on_after(DRAIN_SECS):
            while True:
                async with admin.get("/emulator/books") as response:
                    books = await response.json()
                for follower in followers:
                    await self._follow(follower)
                alive = any(caller["ended_at"] is None for caller in books["callers"])
                pending = any(follower.ledger.pending for follower in followers)
                talking = any(agent.offer for agent in View.of(followers).agents)
                saving = any(not recording["saved"] for recording in books["recordings"])
                if not (alive or pending or talking or saving or books["webhooks"]["under_way"]):
                    return
                await anyio.sleep(REFRESH_SECS)

    async def _audit(self, reader: LogReader) -> Report:
        threshold = self._policy.policy.tenants["default"].queues["support"].service_level_secs
        audit = Audit(threshold_secs=threshold)
        for number in range(PARTITIONS):
            async for step in reader.steps(Partition(number)):
                audit.take(Partition(number), step.event, step.decision)
            for event in await reader.undecided(Partition(number)):
                audit.take(Partition(number), event, None)
        return audit.report()

    def _picture(self, view: View, now: float) -> RenderableType:
        return picture(
            view,
            clock=f"{now:.0f} of {self._seconds:.0f} s",
            webhooks=self._webhooks,
            commands=self._commands,
            workers=sorted(self._workers),
        )

    async def _post(self, admin: aiohttp.ClientSession, path: str, body: object) -> None:
        async with admin.post(path, data=json.dumps(body)) as response:
            response.raise_for_status()

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, soft_wrap=True)


def summary(console: Console, report: Report, books: dict[str, object]) -> int:
    """Print the end of the demo, and return the exit status."""
    level = "none was counted" if report.service_level is None else f"{report.service_level:.0%}"
    rows = {
        "offered": report.offered,
        "answered": report.answered,
        "abandoned": f"{report.abandoned} (short ones counted)" if report.abandoned else 0,
        "dismissed by policy": report.dismissed,
        "service level": f"{level} answered within the threshold (of answered, and abandoned after it)",
        "longest wait": f"{report.longest_wait_ms / 1000:.1f} s",
        "recordings saved": report.recordings,
        "events in the log": report.events,
        "commands": report.commands,
    }
    console.print()
    for name, value in rows.items():
        console.print(f"{name:<20} {value}", highlight=False, soft_wrap=True)
    invariants = {**report.invariants, "the emulator's books agree": compare(report, books)}
    for name, broken in invariants.items():
        console.print(f"{'holds ' if not broken else 'BROKEN'}  {name}", highlight=False, soft_wrap=True)
        for line in broken[:10]:
            console.print(f"        {line}", highlight=False, soft_wrap=True)
    return 1 if any(invariants.values()) else 0


def compare(report: Report, books: dict[str, object]) -> list[str]:
    """Return where the log and the emulator's own account differ."""
    broken = [str(line) for line in _list(books, "double_bookings")]
    talked = sum(bool(_list(caller, "stays")) for caller in _list(books, "callers") if isinstance(caller, dict))
    if talked != report.answered:
        broken.append(f"{talked} callers were in a conference, and {report.answered} were answered by the log")
    saved = sum(isinstance(r, dict) and bool(r["saved"]) for r in _list(books, "recordings"))
    if saved != report.recordings:
        broken.append(f"{saved} recordings were saved, and the log has {report.recordings}")
    return broken


def _list(books: dict[str, object], key: str) -> list[object]:
    value = books.get(key)
    return value if isinstance(value, list) else []
