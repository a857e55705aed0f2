"""What an answer of Telnyx's means is told by the status and the code together."""

from __future__ import annotations

from typing import get_args

import pytest

from worker.commands import command as c
from worker.commands.client_state import ClientState
from worker.telnyx.errors import (
    ApiError,
    AuthenticationError,
    Meaning,
    NotFoundError,
    RateLimitedError,
    ServerError,
    UnprocessableError,
    error_class,
    meaning_of,
)
from worker.telnyx.operations import OperationClass, already_so, class_of

EVERY: list[c.AnyCommand] = [
    c.Answer("x"),
    c.Speak("x", "text", "voice", None, ClientState()),
    c.Enqueue("x", "q", 1),
    c.LeaveQueue("x"),
    c.Hangup("x"),
    c.Dial("to", "from", "1", 30, ClientState()),
    c.CreateConference("name", "x", ClientState()),
    c.JoinConference("r", "x"),
    c.LeaveConference("r", "x"),
    c.RecordStart("r", "mp3", "dual"),
    c.RecordStop("r"),
    c.ReadCall("x"),
    c.ReadParticipants("r"),
    c.FindConference("name"),
]


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        (404, "10007", Meaning.GONE),
        (503, "10007", Meaning.RETRY),
        (500, "10007", Meaning.RETRY),
        (429, "10011", Meaning.RETRY),
        (422, "10011", Meaning.FATAL),
        (429, "90103", Meaning.RETRY),
        (401, "10009", Meaning.STOP),
        (403, "10010", Meaning.STOP),
        (422, "90018", Meaning.GONE),
        (404, "90058", Meaning.GONE),
        (422, "90034", Meaning.WAIT),
        (422, "90036", Meaning.OVERFLOW),
        (422, "90044", Meaning.ALREADY),
        (422, "10015", Meaning.FATAL),
        (400, "", Meaning.FATAL),
        (418, "", Meaning.FATAL),
    ],
)
def test_an_error_means(status: int, code: str, meaning: Meaning) -> None:
    assert meaning_of(status, code) is meaning


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AuthenticationError), (404, NotFoundError), (422, UnprocessableError), (429, RateLimitedError),
     (500, ServerError), (503, ServerError), (400, ApiError)],
)  # fmt: skip
def test_each_status_has_its_class(status: int, kind: type[ApiError]) -> None:
    assert error_class(status) is kind


def test_every_command_belongs_to_a_class() -> None:
    classes = {type(command): class_of(command) for command in EVERY}
    assert set(classes) == set(get_args(c.AnyCommand))
    assert classes[c.Dial] is OperationClass.KEYED
    assert classes[c.Hangup] is OperationClass.DELETE_LIKE
    assert {k for k, v in classes.items() if v is OperationClass.READ} == set(get_args(c.Read))


@pytest.mark.parametrize(
    ("command", "code", "so"),
    [
        (c.Hangup("x"), "90018", True),
        (c.JoinConference("r", "x"), "90044", True),
        (c.JoinConference("r", "x"), "90018", False),
        (c.Enqueue("x", "q", 1), "90038", True),
        (c.LeaveConference("r", "x"), "90058", True),
        (c.Answer("x"), "90018", False),
    ],
)
def test_what_is_so_already_is_success_for_the_operation_that_asks_for_it(
    command: c.AnyCommand, code: str, so: bool
) -> None:
    assert already_so(command, code) is so
