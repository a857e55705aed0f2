"""A tenant that there is not is told from one of whom there is nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import anyio.to_thread
import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner

from ingress.log import Keys, settle_topology
from tests.integration.runtime.recording import Recording
from worker.cli import app
from worker.demo.run import POLICY
from worker.policy.load import load_policy
from worker.runtime.policies import Policies

TODAY = str(datetime.now(UTC).date())


@pytest.fixture
async def where(redis: Redis, redis_url: str, keys: Keys) -> list[str]:
    """Return the options that name a log with a policy and a record of nothing."""
    await settle_topology(redis, keys, 1)
    await Recording(redis, keys).write()
    return ["--redis", redis_url, "--prefix", keys.prefix]


async def said(*words: str) -> tuple[int, str]:
    """Run a command in a thread, for it has a loop of its own; return its status and what it says."""
    found = await anyio.to_thread.run_sync(lambda: CliRunner().invoke(app, list(words)))
    return found.exit_code, found.output


LOOKS = (
    ("top", "--once"),
    ("top", "--json"),
    ("agent", "list"),
    ("queue", "list", "--json"),
    ("report", "--from", TODAY, "--partial"),
)


def of_tenant(look: tuple[str, ...], tenant: str) -> list[str]:
    """Return a command for a tenant: a group's option stands before the command's word."""
    word, *rest = look
    return [word, "--tenant", tenant, *rest]


@pytest.mark.parametrize("look", LOOKS)
async def test_a_tenant_that_there_is_not_is_said(
    redis: Redis, keys: Keys, where: list[str], look: tuple[str, ...]
) -> None:
    await Policies(redis, keys).bring(load_policy(POLICY), "test", again=False)
    status, told = await said(*of_tenant(look, "nope"), *where)
    assert status == 4, told
    assert told.endswith("switchhook: There is no tenant nope; there are default.\n")
    status, told = await said(*of_tenant(look, "default"), *where)
    assert status == 0, told


@pytest.mark.parametrize("look", LOOKS)
async def test_without_a_policy_nobody_knows_and_what_there_is_is_shown(
    where: list[str], look: tuple[str, ...]
) -> None:
    status, told = await said(*of_tenant(look, "nope"), *where)
    assert status == 0, told


async def test_a_time_that_ends_before_it_begins_is_a_mistake(where: list[str]) -> None:
    status, told = await said("report", "--from", "2026-11-30", "--to", "2026-11-29", *where)
    assert status == 2
    assert told == "switchhook: --from 2026-11-30 --to 2026-11-29: the last day is before the first\n"
