"""What an answer of Telnyx's means is told by the status and the code together."""

from __future__ import annotations

from typing import get_args

import pytest

from ingress.errors import SwitchhookError
from tests.integration.telnyx.specimens import specimen
from worker.commands import command as c
from worker.commands.client_state import ClientState
from worker.telnyx.errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    DeadlineError,
    Meaning,
    NetworkError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    TelnyxError,
    UnprocessableError,
    error_class,
    meaning_of,
)
from worker.telnyx.operation import RESEND_WITHIN_SECS, OperationClass
from worker.telnyx.operations import already_so, class_of

EVERY: list[c.AnyCommand] = [specimen(kind) for kind in get_args(c.AnyCommand)]


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
        (422, "90019", Meaning.GONE),
        (404, "10005", Meaning.GONE),
        (422, "90015", Meaning.GONE),
        (422, "90058", Meaning.FATAL),
        (422, "90020", Meaning.WAIT),
        (422, "90032", Meaning.OVERFLOW),
        (422, "90033", Meaning.CONFLICT),
        (422, "90035", Meaning.ALREADY),
        (422, "90038", Meaning.ALREADY),
        (400, "90041", Meaning.RETRY),
        (422, "90042", Meaning.RETRY),
        (403, "90043", Meaning.RETRY),
        (409, "10036", Meaning.RETRY),
        (423, "10036", Meaning.RETRY),
        (409, "", Meaning.FATAL),
        (408, "10008", Meaning.RETRY),
        (500, "90018", Meaning.RETRY),
        (403, "20012", Meaning.STOP),
        (422, "10015", Meaning.FATAL),
        (400, "", Meaning.FATAL),
        (418, "", Meaning.FATAL),
    ],
)
def test_an_error_means(status: int, code: str, meaning: Meaning) -> None:
    assert meaning_of(status, code) is meaning


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AuthenticationError), (403, PermissionDeniedError), (404, NotFoundError), (409, ConflictError),
     (422, UnprocessableError), (429, RateLimitedError), (500, ServerError), (503, ServerError), (599, ServerError),
     (400, ApiError), (418, ApiError), (302, ApiError)],
)  # fmt: skip
def test_each_status_has_its_class(status: int, kind: type[ApiError]) -> None:
    assert error_class(status) is kind


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 409, 422, 429, 500, 503])
def test_every_answer_that_is_an_error_is_caught_as_telnyxs_and_as_switchhooks(status: int) -> None:
    error = error_class(status)(status)
    assert isinstance(error, ApiError)
    assert isinstance(error, TelnyxError)
    assert isinstance(error, SwitchhookError)


def test_no_answer_is_told_from_an_answer_and_a_late_one_is_none() -> None:
    assert issubclass(DeadlineError, NetworkError)
    assert issubclass(NetworkError, TelnyxError)
    assert not issubclass(NetworkError, ApiError)


def test_an_error_tells_a_person_its_status_its_code_its_place_and_telnyxs_words() -> None:
    whole = ApiError(422, "10015", "Invalid value", "There is no such connection", pointer="/connection_id")
    assert str(whole) == (
        "Telnyx answered 422 (code 10015) at /connection_id: Invalid value: There is no such connection"
    )
    assert str(ApiError(502)) == "Telnyx answered 502: no explanation"


def test_every_command_belongs_to_a_class() -> None:
    classes = {type(command): class_of(command) for command in EVERY}
    assert set(classes) == set(get_args(c.AnyCommand))
    # Only these have no command_id to protect them, and an effect each time (or, of a queue, perhaps an error).
    assert {k for k, v in classes.items() if v is OperationClass.ONCE} == {
        c.ConferencePlay,
        c.ConferenceDtmf,
        c.ConferenceGather,
        c.CreateQueue,
    }
    assert {k for k, v in classes.items() if v is OperationClass.READ} == set(get_args(c.Read))


@pytest.mark.parametrize(
    ("command", "code", "so"),
    [
        (c.Hangup("x"), "90018", True),
        (c.JoinConference("r", "x"), "90044", True),
        (c.JoinConference("r", "x"), "90018", False),
        (c.Enqueue("x", "q", 1), "90038", True),
        (c.LeaveConference("r", "x"), "90058", True),
        (c.LeaveConference("r", "x"), "90019", True),
        (c.RecordStop("r"), "90019", True),
        (c.LeaveQueue("x"), "90035", True),
        (c.Hangup("x"), "90015", False),
        (c.Enqueue("x", "q", 1), "90044", False),
        (c.CreateConference("name", "x", ClientState()), "90033", False),
        (c.RecordStart("r", "mp3", "dual"), "90019", False),
        (c.Answer("x"), "90018", False),
    ],
)
def test_what_is_so_already_is_success_for_the_operation_that_asks_for_it(
    command: c.AnyCommand, code: str, so: bool
) -> None:
    assert already_so(command, code) is so


def test_a_command_is_sent_again_only_while_telnyx_remembers_its_id() -> None:
    assert 0 < RESEND_WITHIN_SECS < 60
