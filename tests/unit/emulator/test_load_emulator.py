"""The emulator's settings: what nobody says has a default, a file goes before it, and a flag before both."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingress.errors import ConfigError
from worker.testing.emulator.load import load_settings
from worker.testing.emulator.settings import Conditions, EmulatorSettings, Phone, Traffic

FILE = """
webhook_url = "http://127.0.0.1:8081/here"
speed = 10
[conditions]
lost = 0.1
late = 0.2
[traffic]
per_minute = 6
[phones."sip:a@b.c"]
does = "busy"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "emulator.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def refusal(path: Path | None, flags: dict[str, object]) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(path, flags)
    told = str(caught.value)
    assert "\n" not in told
    return told


def test_what_nobody_says_has_its_default() -> None:
    settings = load_settings(None, {"speed": None, "conditions": {"lost": None}})
    traffic = Traffic(to="+13125550131")
    assert settings == EmulatorSettings(webhook_url="http://127.0.0.1:8080/webhooks", port=4010, traffic=traffic)


def test_a_file_goes_before_the_defaults(file: Path) -> None:
    settings = load_settings(file, {})
    assert (settings.webhook_url, settings.port, settings.speed) == ("http://127.0.0.1:8081/here", 4010, 10)
    assert settings.conditions == Conditions(lost=0.1, late=0.2)
    assert settings.traffic == Traffic(to="+13125550131", per_minute=6)
    assert settings.phones == {"sip:a@b.c": Phone("busy")}


def test_a_flag_goes_before_the_file_and_leaves_the_rest_of_its_table(file: Path) -> None:
    flags: dict[str, object] = {
        "speed": 0.0,
        "webhook_url": None,
        "conditions": {"lost": 0.0, "duplicated": 0.5},
        "traffic": {"to": "+15550100", "per_minute": None},
    }
    settings = load_settings(file, flags)
    assert (settings.webhook_url, settings.speed) == ("http://127.0.0.1:8081/here", 0)
    assert settings.conditions == Conditions(lost=0, late=0.2, duplicated=0.5)
    assert settings.traffic == Traffic(to="+15550100", per_minute=6)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("speed = -1", "speed is -1, not a number from 0 to 1000"),
        ("speed = 'fast'", "speed is 'fast', not a number from 0 to 1000"),
        ("port = 70000", "port is 70000, not a whole number from 0 to 65535"),
        ("webhook_url = 'here'", "webhook_url is 'here', not an address with http:// or https://"),
        ("webhook_failover_url = 'there'", "webhook_failover_url is 'there', not an address with"),
        ("webhook_timeout_secs = 0", "webhook_timeout_secs is 0, not a number above 0 to 30"),
        ("webhook_api_version = '3'", "webhook_api_version is '3': it is one of 1, 2"),
        ("sped = 1", "sped is not a key: did you mean speed?"),
        ("conditions = { lost = 1.5 }", "conditions.lost is 1.5, not a number from 0 to 1"),
        ("conditions = { loss = 1 }", "conditions.loss is not a key: did you mean lost?"),
        ("conditions = 1", "conditions is 1, not a table with duplicated, "),
        (
            "unconfirmed = { duplicate_command = 'maybe' }",
            "unconfirmed.duplicate_command is 'maybe': it is one of bare, ",
        ),
        (
            "phones = { 'sip:a@b.c' = { does = 'explode' } }",
            "phones.\"sip:a@b.c\".does is 'explode': it is one of answer, ",
        ),
        ("traffic = { per_minute = -1 }", "traffic.per_minute is -1, not a number from 0 to 1000000"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "emulator.toml"
    path.write_text(text, encoding="utf-8")
    told = refusal(path, {})
    assert told.startswith(f"{path}:1: {named}")


def test_a_wrong_flag_is_named(file: Path) -> None:
    assert "speed is 2000.0, not a number from 0 to 1000" in refusal(None, {"speed": 2000.0})
    assert "conditions.lost is 2.0, not a number from 0 to 1" in refusal(file, {"conditions": {"lost": 2.0}})


@pytest.mark.parametrize("content", [b"speed =", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "emulator.toml"
    assert str(path) in refusal(path, {})
    path.write_bytes(content)
    assert str(path) in refusal(path, {})
