"""The laws of own rules: the example keeps them, and who breaks one is told which."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from worker.policy.load import parse_policy
from worker.policy.model import Goal
from worker.policy.rules import (
    Arriving,
    Conversation,
    EntryRule,
    FreeAgent,
    RecordingRule,
    Rule,
    Strategy,
    WaitingCaller,
    strategy,
)
from worker.testing.laws import BrokenLawError, hold

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "own_rules"
POLICY = ROOT / "examples" / "policies" / "office.toml"
TENANT = """
[tenants.default]
connection_id = "1"
caller_id = "+13125550100"
api_key = { env = "A" }
public_keys = [{ env = "B" }]
[tenants.default.queues.support]
[tenants.default.agents.alice]
address = "sip:alice@sip.telnyx.com"
queues = ["support"]
"""
counter = itertools.count()


@strategy
def forgets_nothing(caller: WaitingCaller, free: tuple[FreeAgent, ...]) -> Iterable[str]:
    names = [agent.name for agent in free]
    turn = next(counter) % len(names) if names else 0
    return names[turn:] + names[:turn]


@strategy
def changes_skills(caller: WaitingCaller, free: tuple[FreeAgent, ...]) -> Iterable[str]:
    for agent in free:
        agent.skills["seen"] = 1  # type: ignore[index]
    return ()


def reads_a_file(conversation: Conversation) -> bool:
    return bool(Path(__file__).read_text())


def looks_at_the_clock(caller: Arriving) -> Goal:
    return Goal(queue="support", priority=time.perf_counter_ns() % 900)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Strategy(lambda _, __: ["nobody"]), "it named 'nobody', who is not among the free agents"),
        (Strategy(lambda _, free: [free[0].name] * 2), "it raised IndexError"),
        (Strategy(lambda _, free: [a.name for a in (*free, *free)]), "it named somebody twice"),
        (forgets_nothing, "to the same question"),
        (changes_skills, "it changes what it is given"),
        (EntryRule(looks_at_the_clock), "to the same question"),
        (EntryRule(lambda _: Goal(queue="a", menu="b")), "it sent the caller to more than one goal"),
        (RecordingRule(reads_a_file), "it reaches beyond itself (open)"),
    ],
)
def test_a_broken_law_is_named(rule: Rule, said: str) -> None:
    with pytest.raises(BrokenLawError) as broken:
        hold(rule)
    assert said in str(broken.value)


def test_a_rule_is_asked_about_what_a_policy_has() -> None:
    tenant = parse_policy(TENANT, "policy.toml").policy.tenants["default"]
    hold(EntryRule(lambda _: Goal(queue="support")), tenant)
    with pytest.raises(BrokenLawError, match="to the queue 'sales', which the policy does not have"):
        hold(EntryRule(lambda _: Goal(queue="sales")), tenant)


def run_pytest(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest as one would beside the example, installed: its entry points are those of its pyproject.toml."""
    installed = tmp_path / "own_rules-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: own-rules\nVersion: 1\n")
    text = (EXAMPLE / "pyproject.toml").read_text()
    lines = text.partition('[project.entry-points."switchhook.policies"]\n')[2].partition("\n\n")[0]
    broken = "broken = own_rules:BLOCKED\n" if "--broken" in arguments else ""
    (installed / "entry_points.txt").write_text("[switchhook.policies]\n" + lines.replace('"', "") + "\n" + broken)
    path = ":".join(map(str, (ROOT, EXAMPLE, tmp_path)))
    wanted = [argument for argument in arguments if argument != "--broken"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "worker.testing.plugin", "-v", *wanted],
        cwd=EXAMPLE, env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_example_keeps_the_laws_as_its_own_tests_say(tmp_path: Path) -> None:
    ended = run_pytest(tmp_path, "--switchhook-rules")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "6 passed" in ended.stdout
    assert "switchhook-rule[same-agent] PASSED" in ended.stdout


def test_what_is_installed_and_no_rule_fails_with_its_reason(tmp_path: Path) -> None:
    ended = run_pytest(tmp_path, "--broken", "--switchhook-rules", "-k", "broken")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "own_rules:BLOCKED is not marked as a strategy, an entry_rule or a recording_rule" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--switchhook-policy", str(POLICY)), "ERROR: write --switchhook-policy=FILE, with =: behind a space, pytest"),
        (("--switchhook-policy=missing.toml",), "ERROR: missing.toml: the policy cannot be read: No such file"),
    ],
)
def test_a_policy_that_cannot_be_taken_is_told_in_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    ended = run_pytest(tmp_path, "--switchhook-rules", *arguments)
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert told in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
