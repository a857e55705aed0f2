"""An intent's command: what it sends for which options, and what it says of those that are wrong."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Literal

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from ingress.intents import model as m
from ingress.intents.past import Carried, Decided, Past
from worker.cli import app
from worker.console.asking.commands import intent_of, intents_of
from worker.console.asking.door import lines_of
from worker.console.exits import ASKING

INTENTS = Path(__file__).parents[3] / "docs" / "intents.md"
CONFERENCE = {"conference": "c", "participant": "p"}


def said_of(*words: str) -> str:
    """Return what a command says, with single spaces and without the frame around a mistake."""
    ended = CliRunner().invoke(app, list(words), env={"SWITCHHOOK_TOKEN": "x", "SWITCHHOOK_INGRESS_URL": "nowhere"})
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", ended.output).split())


@pytest.mark.parametrize("text", ["hello", None])
def test_what_is_said_is_for_all_unless_somebody_is_named(text: str | None) -> None:
    audio = None if text else "https://example.com/a.mp3"
    given = {"agent": "alice", "to": None, "text": text, "audio": audio}
    assert intent_of(m.Say, given) == m.Say("alice", "all", text, audio)
    assert intent_of(m.Say, given | {"to": "caller"}) == m.Say("alice", "caller", text, audio)


def test_nothing_to_say_is_told_as_what_it_is() -> None:
    with pytest.raises(typer.BadParameter, match=r"^give exactly one of text and audio\.$"):
        intent_of(m.Say, {"agent": "alice"})
    assert "is no address: set SWITCHHOOK_INGRESS_URL" in said_of("agent", "say", "alice", "--text", "hello")


@pytest.mark.parametrize("group", ["agent", "queue", "call", "conference"])
def test_every_command_has_a_help_without_texts_for_numbers(group: str) -> None:
    for word, kind in intents_of(group).items():
        told = said_of(group, word, "--help")
        assert told.startswith("Usage: ")
        numbers = [name for name in ("secs", "priority", "max_digits") if name in kind.__struct_fields__]
        for name in numbers:
            assert f"{name.upper()} <str>" not in told
            assert re.search(name.upper() + r" (<\w+ range>)?.*\d<=x<=\d", told)


def test_a_default_stands_in_the_help() -> None:
    assert "[default: all]" in said_of("agent", "say", "--help")
    assert "[default: cold]" in said_of("agent", "transfer", "--help")
    assert "[default: 16; 1<=x<=128]" in said_of("agent", "collect", "--help")
    assert "[default: on]" in said_of("agent", "hold", "--help")
    assert "[default" not in said_of("conference", "update-participant", "--help")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("agent set-state alice sleeping", "'state': 'sleeping' is not one of available, offline, paused."),
        ("agent supervise alice boss --role spy", "'role': 'spy' is not one of barge, monitor, whisper."),
        ("agent transfer alice --to-number abc", "'to-number': it must be a number with + and country code, as +1312"),
        (
            "agent send-dtmf alice x",
            "'digits': it must be 1 to 100 of the keys 0 to 9, A to D, * and #, and the pauses",
        ),
        ("agent say alice --audio x", "'audio': it must be the address of a file, as https://example.com/hello.mp3"),
        ("agent wrap-up alice soon", "'SECS': Input should be a valid number"),
        ("agent wrap-up alice 15000", "'SECS': Input should be less than or equal to 14400"),
        ("queue priority q c 1000", "'PRIORITY': Input should be less than or equal to 999"),
    ],
)
def test_a_mistake_is_told_with_what_would_be_right(words: str, told: str) -> None:
    said = said_of(*words.split())
    assert f"Invalid value for {told}" in said
    assert "regex" not in said


def test_a_negative_number_is_none_of_the_options() -> None:
    assert "is no address: set SWITCHHOOK_INGRESS_URL" in said_of("queue", "priority", "q", "c", "-5")
    assert "'PRIORITY': Input should be greater than or equal to -999" in said_of(
        "queue", "priority", "q", "c", "-1000"
    )
    assert "Got unexpected extra argument" in said_of("queue", "priority", "q", "c", "5", "--urgent")
    assert "No such option: --urgent" in said_of("agent", "hold", "alice", "--urgent")


def test_rights_that_are_not_named_stay_as_they_are() -> None:
    given: dict[str, object] = dict.fromkeys(m.UpdateParticipant.__struct_fields__) | CONFERENCE
    asked = intent_of(m.UpdateParticipant, given | {"beep_enabled": "never"})
    assert msgspec.to_builtins(asked) == {"intent": "update_participant", "beep_enabled": "never", **CONFERENCE}


def past(decision: Decided, state: Literal["refused", "failed"], reason: str) -> Past:
    return Past("1-1-0", state, "desk", 0, msgspec.Raw(b"{}"), decision, reason)


def test_why_not_is_told_once() -> None:
    refused = Decided("default/agent:alice", "refused", 1, reason="not in a conversation")
    assert list(lines_of(past(refused, "refused", "not in a conversation"))) == [
        "refused: not in a conversation",
        "  default/agent:alice refused",
        "(event 1-1-0)",
    ]
    stopped = Decided("default/agent:alice", "quarantine", 1, reason="KeyError")
    assert list(lines_of(past(stopped, "failed", "default/agent:alice is in quarantine: KeyError")))[:2] == [
        "failed: default/agent:alice is in quarantine: KeyError",
        "  default/agent:alice quarantine",
    ]


def test_of_several_mistakes_each_is_told() -> None:
    fields = msgspec.Raw(b"{}")
    commands = (
        Carried("ConferenceHold", "refused", fields, "422 10015: no"),
        Carried("ConferencePlay", "refused", fields, "404 90015: gone"),
    )
    asked = Decided("default/agent:alice", "decided", 1, commands=commands)
    assert list(lines_of(past(asked, "failed", "ConferenceHold: 422 10015: no")))[1:] == [
        "  default/agent:alice decided",
        "    → ConferenceHold: refused",
        "    → ConferencePlay: refused (404 90015: gone)",
        "(event 1-1-0)",
    ]


def test_a_door_that_is_shut_has_been_asked_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = CliRunner().invoke(
            app, ["queue", "open", "q"], env={"SWITCHHOOK_TOKEN": "x", "SWITCHHOOK_INGRESS_URL": f"http://{where}"}
        )
    assert ended.exit_code == 5
    assert f"nothing listens at {where} (connection refused); nothing was asked" in ended.output


@pytest.mark.parametrize("group", ["agent", "queue", "call", "conference"])
def test_the_exit_statuses_stand_in_the_help_and_in_the_document(group: str) -> None:
    told, document = said_of(group, "--help"), INTENTS.read_text()
    for status, meaning in ASKING.items():
        assert f"{status.value}: {meaning}" in told
        assert f"| {status.value} | {meaning} |" in document
    word = next(iter(intents_of(group)))
    assert f"Exit statuses: switchhook {group} --help." in said_of(group, word, "--help")
