"""`switchhook check` and `switchhook policy`: what is printed, where, and with which exit status."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.signing import Signer
from worker.cli import app
from worker.policy import load
from worker.policy.load import load_policy, parse_policy
from worker.policy.model.pin import is_pin

EXAMPLE = Path(load.__file__).with_name("example.toml")


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.delenv("SWITCHHOOK_POLICY", raising=False)
    monkeypatch.delenv("SWITCHHOOK_REDIS_URL", raising=False)
    monkeypatch.setenv("TELNYX_API_KEY", "KEYsecret")
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", Signer().public_key)
    return CliRunner()


def test_a_good_policy_is_told_in_numbers(runner: CliRunner) -> None:
    ended = runner.invoke(app, ["check", str(EXAMPLE)])
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert "1 numbers, 1 queues, 3 agents" in ended.stdout


def test_the_policy_is_shown_as_toml_with_its_defaults_and_without_its_secrets(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TELNYX_API_KEY")
    ended = runner.invoke(app, ["check", "--show", str(EXAMPLE)])
    assert (ended.exit_code, ended.stderr) == (0, "")
    shown = tomllib.loads(ended.stdout)
    assert shown["tenants"]["default"]["queues"]["support"]["max_size"] == 300
    assert parse_policy(ended.stdout, "shown").policy == load_policy(EXAMPLE).policy


def test_each_mistake_is_a_line_with_its_place(runner: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    text = EXAMPLE.read_text()
    path.write_text(text.replace("max_wait_secs", "max_wait_sec").replace('queues = ["support"]', 'queues = ["sales"]'))
    ended = runner.invoke(app, ["check", str(path)])
    line = text[: text.index("max_wait_secs")].count("\n") + 1
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert f"{path}:{line}: tenants.default.queues.support.max_wait_sec is not a key" in ended.stderr


def test_every_line_of_a_check_begins_with_the_file_and_the_line(runner: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(EXAMPLE.read_text().replace("max_wait_secs", "max_wait_sec").replace("wrap_up_secs", "wrap_up"))
    ended = runner.invoke(app, ["check", str(path)])
    assert ended.exit_code == 2
    assert len(ended.stderr.splitlines()) > 1
    assert all(re.match(rf"{re.escape(str(path))}:\d+: tenants\.", line) for line in ended.stderr.splitlines())


def test_secrets_that_are_not_there_and_a_redis_that_is_away_are_said_together(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TELNYX_API_KEY")
    monkeypatch.setenv("SECOND", "no key")
    path = tmp_path / "policy.toml"
    text = EXAMPLE.read_text()
    path.write_text(
        re.sub(r"public_keys = \[.*\]", 'public_keys = [{ env = "TELNYX_PUBLIC_KEY" }, { env = "SECOND" }]', text)
    )
    line = text[: text.index("public_keys")].count("\n") + 1
    ended = runner.invoke(app, ["check", str(path), "--redis", "redis://127.0.0.1:1/0"])
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "tenants.default.api_key: the environment variable TELNYX_API_KEY is not set" in ended.stderr
    assert f"{path}:{line}: tenants.default.public_keys[1] is not an Ed25519 public key" in ended.stderr
    assert "switchhook: redis://127.0.0.1:1/0 does not answer" in ended.stderr


def test_a_warning_has_its_line(runner: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(EXAMPLE.read_text() + "[tenants.default.queues.sales]\n")
    line = EXAMPLE.read_text().count("\n") + 1
    ended = runner.invoke(app, ["check", str(path)])
    assert f"{path}:{line}: warning: tenants.default.queues.sales: no agent serves" in ended.stderr


def test_a_warning_does_not_make_a_check_fail(runner: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(EXAMPLE.read_text() + "[tenants.default.queues.sales]\n")
    ended = runner.invoke(app, ["check", str(path)])
    assert ended.exit_code == 0
    assert "warning: tenants.default.queues.sales: no agent serves this queue" in ended.stderr


def test_a_pin_is_printed_as_its_salted_hash(runner: CliRunner) -> None:
    first = runner.invoke(app, ["policy", "pin"], input="135790\n")
    again = runner.invoke(app, ["policy", "pin"], input="135790\n")
    assert first.exit_code == 0
    assert "135790" not in first.stdout
    assert is_pin(first.stdout.strip(), "135790")
    assert first.stdout != again.stdout


@pytest.mark.parametrize("entered", ["", "123", "12a4", "1234567890123"])
def test_what_is_no_pin_is_refused_and_not_repeated(runner: CliRunner, entered: str) -> None:
    ended = runner.invoke(app, ["policy", "pin"], input=f"{entered}\n")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr == "switchhook: a PIN is 4 to 12 digits, for it is entered on a telephone\n"
