"""`switchhook deliveries`, as whole commands: what targets have not taken is shown, tried again, and forgotten."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread
import msgspec
from redis.asyncio import Redis

from ingress.log import Keys
from tests.integration.runtime.test_deliveries import Post, Receiver, finish, post
from worker.console.deliveries import Delivery
from worker.console.exits import Exit
from worker.runtime.recording.deliver import Deliverer

TARGETS = """
[targets.crm]
url = "https://crm.example.com/hooks"
secret = { env = "NOT_READ_HERE" }

[targets.other]
url = "https://other.example.com/hooks"
secret = { env = "NOT_READ_HERE" }
"""


class Desk:
    """An operator before a centre whose target has refused some records."""

    def __init__(self, url: str, keys: Keys, webhooks: Path, office: Post, receiver: Receiver) -> None:
        self.office, self.receiver = office, receiver
        self._environment = {
            "SWITCHHOOK_REDIS_URL": url, "SWITCHHOOK_PREFIX": keys.prefix, "SWITCHHOOK_WEBHOOKS": str(webhooks),
            "PYTHONPATH": str(Path(__file__).parents[3]),
        }  # fmt: skip
        self.deliverer: Deliverer | None = None

    async def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own."""
        command = [sys.executable, "-m", "worker.cli", "deliveries", *words]
        given = self._environment | environment
        return await anyio.to_thread.run_sync(
            lambda: subprocess.run(command, env=given, capture_output=True, text=True, timeout=60, check=False)
        )

    async def shown(self) -> list[Delivery]:
        """Return what is listed."""
        ended = await self.run("list", "--json")
        assert ended.returncode == Exit.OK, ended.stderr
        return msgspec.json.decode(ended.stdout, type=list[Delivery])

    async def refuse(self, status: int, *names: str) -> None:
        """Have the target refuse some records."""
        self.deliverer = self.deliverer or await self.office.deliverer()
        await finish(self.deliverer)
        self.receiver.status = status
        for name in names:
            await self.office.record(name)
        await finish(self.deliverer)
        self.receiver.status = 204

    async def deliver(self) -> list[str]:
        """Deliver what is due, and return what the target got by it."""
        assert self.deliverer is not None
        before = len(self.receiver.ids)
        await finish(self.deliverer)
        return self.receiver.ids[before:]


@asynccontextmanager
async def at_desk(redis: Redis, url: str, keys: Keys, folder: Path) -> AsyncIterator[Desk]:
    webhooks = folder / "webhooks.toml"
    webhooks.write_text(TARGETS)
    async with post(redis, keys) as (office, receiver):
        yield Desk(url, keys, webhooks, office, receiver)


async def test_what_is_tried_again_and_what_was_given_up_is_listed_with_the_last_error(
    redis: Redis, redis_url: str, keys: Keys, tmp_path: Path
) -> None:
    async with at_desk(redis, redis_url, keys, tmp_path) as desk:
        nothing = await desk.run("list")
        assert (nothing.returncode, nothing.stdout) == (Exit.OK, "every record was taken\n")
        assert await desk.shown() == []
        await desk.refuse(410, "gone")
        await desk.refuse(503, "busy")
        waits, lost = await desk.shown()
        assert (waits.target, waits.state, waits.id, waits.tries) == ("crm", "waits", "", 1)
        assert waits.error == "503 Service Unavailable"
        assert (lost.state, lost.error, bool(lost.id)) == ("given up", "410 Gone", True)
        table = (await desk.run("list")).stdout.splitlines()
        assert table[0].split() == ["target", "id", "entry", "tries", "state", "error"]
        assert len(table) == 3


async def test_what_is_retried_is_delivered_and_the_rest_stays_given_up(
    redis: Redis, redis_url: str, keys: Keys, tmp_path: Path
) -> None:
    async with at_desk(redis, redis_url, keys, tmp_path) as desk:
        await desk.refuse(410, "r1", "r2", "r3")
        first, *_ = await desk.shown()
        asked = await desk.run("retry", "crm", first.id)
        assert (asked.returncode, asked.stdout) == (Exit.OK, "1 delivery: tried again\n")
        assert await desk.deliver() == ["r1"]
        assert len(await desk.shown()) == 2
        asked = await desk.run("retry", "crm", "--all")
        assert asked.stdout == "2 deliveries: tried again\n"
        assert sorted(await desk.deliver()) == ["r2", "r3"]
        assert await desk.shown() == []


async def test_what_is_dropped_is_never_delivered_and_the_records_stay(
    redis: Redis, redis_url: str, keys: Keys, tmp_path: Path
) -> None:
    async with at_desk(redis, redis_url, keys, tmp_path) as desk:
        await desk.refuse(410, "r1", "r2")
        first, second = await desk.shown()
        dropped = await desk.run("drop", "crm", first.id)
        assert (dropped.returncode, dropped.stdout) == (Exit.OK, "1 delivery: dropped\n")
        assert await desk.shown() == [second]
        assert (await desk.run("drop", "crm", "--all")).stdout == "1 delivery: dropped\n"
        assert await desk.shown() == []
        assert await desk.deliver() == []
        assert [kept.record.id async for kept in desk.office.store.records()] == ["r1", "r2"]


async def test_what_is_wrong_is_said_with_its_status_and_changes_nothing(
    redis: Redis, redis_url: str, keys: Keys, tmp_path: Path
) -> None:
    async with at_desk(redis, redis_url, keys, tmp_path) as desk:
        await desk.refuse(410, "r1")
        before = await desk.shown()
        for words, status, sentence in (
            (("retry", "crm", "1-1"), Exit.NOT_FOUND, "nothing of the id 1-1 was given up"),
            (("drop", "crm", before[0].id, "1-1"), Exit.NOT_FOUND, "nothing of the id 1-1 was given up"),
            (("retry", "nobody", "--all"), Exit.USAGE, "there is no target nobody in"),
            (("drop", "crm"), Exit.USAGE, "name the deliveries by their ids, or all with --all"),
            (("drop", "crm", "1-1", "--all"), Exit.USAGE, "name the deliveries by their ids, or all with --all"),
        ):
            ended = await desk.run(*words)
            assert (ended.returncode, ended.stdout) == (status, ""), words
            assert sentence in ended.stderr
        ended = await desk.run("list", SWITCHHOOK_WEBHOOKS=str(tmp_path / "none.toml"))
        assert ended.returncode == Exit.USAGE
        assert "cannot be read" in ended.stderr
        ended = await desk.run("list", SWITCHHOOK_REDIS_URL="redis://127.0.0.1:1/0")
        assert ended.returncode == Exit.UNREACHABLE
        assert await desk.shown() == before
