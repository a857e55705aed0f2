"""The `switchhook` command: the demo, replay, check, and what is said when something is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from redis.asyncio import Redis

from ingress.envelope import Address, LogEntry
from ingress.log import EventLog, Keys, settle_topology
from tests.signing import Signer
from worker.console.exits import Exit
from worker.demo.run import POLICY


def switchhook(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command and return what it said."""
    return run(arguments, environment, subprocess.PIPE)


def run(arguments: Sequence[str], environment: Mapping[str, str], out: int) -> subprocess.CompletedProcess[str]:
    """Run the command with its standard output at *out*."""
    return subprocess.run(
        [sys.executable, "-m", "worker.cli", *arguments],
        env={**os.environ, "COLUMNS": "200", **environment},
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_demo_ends_by_itself_and_all_its_invariants_hold() -> None:
    ended = switchhook("demo", "--plain", "--seconds", "14", "--seed", "5")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "was killed with SIGKILL" in ended.stdout
    assert ended.stdout.count("holds   ") == 5
    assert "BROKEN" not in ended.stdout


async def test_replay_shows_the_history_of_an_aggregate(redis: Redis, redis_url: str, keys: Keys) -> None:
    await settle_topology(redis, keys, 16)
    address = Address("default", "call", "c1")
    raw = b'{"data":{"event_type":"call.answered","payload":{"call_control_id":"c1"}}}'
    await EventLog(redis, keys, 16).append([LogEntry("e1", address, "webhook", 0, raw)])
    shown = switchhook("replay", "call:c1", "--redis", redis_url, "--prefix", keys.prefix)
    assert shown.returncode == 0
    assert "webhook  call answered" in shown.stdout
    assert "no worker has taken it" in shown.stdout


async def test_who_reads_no_more_ends_it_quietly(redis: Redis, redis_url: str, keys: Keys) -> None:
    await settle_topology(redis, keys, 1)
    address = Address("default", "call", "c1")
    await EventLog(redis, keys, 1).append([LogEntry("e1", address, "webhook", 0, b"{}")])
    reading, writing = os.pipe()
    os.close(reading)
    ended = run(["replay", "call:c1", "--redis", redis_url, "--prefix", keys.prefix], {}, writing)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (Exit.CLOSED, "")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("replay", "room:1"), 2, "is not an address"),
        (("replay", "99"), 2, "there are 16 partitions"),
        (("replay", "queue:support", "--prefix", "nobody"), 4, "there is no log under the prefix 'nobody'"),
        (("replay", "queue:support", "--redis", "redis://:secret@127.0.0.1:1"), 5, "does not answer"),
        (("replay", "queue:nope"), 4, "nothing has happened to queue:nope"),
        (("demo", "--redis", "redis://:secret@127.0.0.1:1"), 5, "redis://:***@127.0.0.1:1 does not answer"),
        (("worker",), 2, "--policy"),
        (("worker", "--policy", "nowhere.toml"), 2, "nowhere.toml"),
        (("ingress", "--port", "many"), 2, "SWITCHHOOK_PORT"),
        (("check",), 2, "nothing to check"),
    ],
)
async def test_what_is_wrong_is_said_in_a_sentence(
    redis: Redis, redis_url: str, keys: Keys, arguments: tuple[str, ...], status: int, said: str
) -> None:
    await settle_topology(redis, keys, 16)
    environment = {"SWITCHHOOK_REDIS_URL": redis_url, "SWITCHHOOK_PREFIX": keys.prefix}
    if arguments == ("check",):
        environment["SWITCHHOOK_REDIS_URL"] = ""
    ended = switchhook(*arguments, **environment)
    assert (ended.returncode, ended.stdout) == (status, ""), ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "secret" not in ended.stderr


def test_check_finds_the_example_policy_good_and_its_missing_key(redis_url: str) -> None:
    secrets = {"TELNYX_API_KEY": "KEYsecret", "TELNYX_PUBLIC_KEY": Signer().public_key}
    good = switchhook("check", "--policy", str(POLICY), "--redis", redis_url, **secrets)
    assert good.returncode == 0, good.stderr
    assert "3 agents" in good.stdout
    assert "KEYsecret" not in good.stdout + good.stderr
    shown = switchhook("check", "--show", str(POLICY), SWITCHHOOK_REDIS_URL=redis_url)
    assert tomllib.loads(shown.stdout)["tenants"]
    assert f"{redis_url}: Redis " in shown.stderr
    bad = switchhook("check", "--policy", str(POLICY), TELNYX_API_KEY="")
    assert bad.returncode == 2
    assert "TELNYX_API_KEY is not set" in bad.stderr


def test_a_mistake_in_the_policy_is_named_with_its_file_and_key(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY.read_text().replace("max_wait_secs = 300", "max_wait_sec = 300"))
    ended = switchhook("check", "--policy", str(path))
    assert ended.returncode == 2
    assert f"{path}:" in ended.stderr
    assert ": tenants.default.queues.support.max_wait_sec is not a key: did you mean max_wait_secs?" in ended.stderr


@pytest.mark.parametrize("words", [(), ("replay",), ("telnyx", "queues"), ("telnyx", "queues", "list")])
def test_help_is_asked_for_with_one_letter_too(words: tuple[str, ...]) -> None:
    asked = switchhook(*words, "-h")
    assert (asked.returncode, asked.stdout) == (0, switchhook(*words, "--help").stdout)


def test_the_version_is_said() -> None:
    assert switchhook("--version").stdout.startswith("switchhook 0.")
