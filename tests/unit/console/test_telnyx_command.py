"""`switchhook telnyx`: each operation is a command, each field an option, and a wrong value is named."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from rich.console import Console
from typer.testing import CliRunner

from ingress.errors import ConfigError
from worker.cli import app
from worker.console.exits import Exit
from worker.console.telnyx.access import Access, client_of
from worker.console.telnyx.cells import MAIN_COLUMNS, columns, json_of, readable, row
from worker.console.telnyx.commands import word_of
from worker.console.telnyx.failures import exit_of, line_of
from worker.console.telnyx.fields import fields_of, values_of
from worker.console.telnyx.output import TableOutput, fitting
from worker.telnyx import errors
from worker.telnyx.addresses import REGIONS
from worker.telnyx.calls.dialling import DialBody
from worker.telnyx.calls.media import PlaybackStartBody
from worker.telnyx.conferences.operations import BY_NAME
from worker.telnyx.conferences.results import Conference, EndedBy, Participant
from worker.telnyx.operation import Operation, OperationClass
from worker.telnyx.surface import OPERATIONS

KEY = "KEYnobodyMaySee"
ENVIRONMENT = {"TELNYX_API_KEY": KEY, "SWITCHHOOK_API_BASE": "http://127.0.0.1:9", "COLUMNS": "200", "TERM": "dumb"}


def switchhook(*arguments: str) -> tuple[int, str]:
    """Run `switchhook telnyx` in this process; nothing that these tests ask for is sent."""
    ended = CliRunner().invoke(app, ["telnyx", "--retry-secs", "0", *arguments], env=ENVIRONMENT)
    assert KEY not in ended.output
    return ended.exit_code, " ".join(re.sub(r"[│╭╮╰╯─]", " ", ended.output).split())


def words(operation: Operation[object]) -> list[str]:
    return [operation.resource, word_of(operation)]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_each_operation_is_a_command_whose_help_tells_each_field(operation: Operation[object]) -> None:
    status, told = switchhook(*words(operation), "--help")
    assert status == 0
    assert f"{operation.method} {operation.path}" in told
    assert told.count("CONFERENCE") >= sum(name in ("id", "conference_id") for name in operation.parameters)
    for kind in (operation.body, operation.query):
        for option, field in zip(fields_of(kind), msgspec.structs.fields(kind) if kind else (), strict=True):
            assert option.flag == "--" + field.name.rstrip("_").replace("_", "-")
            assert f"{option.flag} " in told
            assert option.help
            assert option.help.split(". ")[0].rstrip(".") in told


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if any(option.required for option in fields_of(operation.body))],
    ids=lambda operation: operation.name,
)
def test_each_required_field_is_a_required_option(operation: Operation[object]) -> None:
    required = [option.flag for option in fields_of(operation.body) if option.required]
    status, told = switchhook(*words(operation), *("x" for _ in operation.parameters))
    assert (status, f"Missing option '{required[0]}'" in told) == (Exit.USAGE, True), told


def test_the_group_tells_regions_and_exit_statuses_and_takes_no_key() -> None:
    status, told = switchhook("--help")
    assert status == 0
    assert "|".join(REGIONS) in told
    assert "--api-key " not in told
    for exit_status in Exit:
        assert exit_status is Exit.BROKEN or f"{exit_status.value}: {exit_status.meaning}" in told


def test_get_is_another_word_for_retrieve() -> None:
    assert (
        switchhook("queues", "get", "--help")[1].replace(" get ", " retrieve ")
        == (switchhook("queues", "retrieve", "--help")[1])
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("conferences", "record-start", "c", "--format", "ogg"), "--format': 'ogg' is not one of mp3, wav"),
        (
            ("calls", "send-dtmf", "c", "--digits", "1", "--duration-millis", "700"),
            "--duration-millis': Input should be less than",
        ),
        (
            ("calls", "send-dtmf", "c", "--digits", "1", "--duration-millis", "long"),
            "--duration-millis': Input should be a valid int",
        ),
        (("conferences", "list", "--status", "over"), "--status': 'over' is not one of completed, in_progress, init"),
        (("calls", "hangup", "c", "--custom-headers", "X=1"), "--custom-headers': this is not JSON"),
        (
            ("calls", "hangup", "c", "--custom-headers", '[{"name": "X"}]'),
            "--custom-headers': object missing required field `value`, at `[0]`. JSON: [{name, value}, …].",
        ),
        (
            ("conferences", "speak", "c", "--payload", "x", "--voice", "v", "--voice-settings", '{"type": "robot"}'),
            "--voice-settings': invalid value 'robot', at `.type`. JSON: {type: telnyx, voice_speed}",
        ),
        (
            ("calls", "answer", "c", "--sound-modifications", '{"pich": 1}'),
            "--sound-modifications': there is no field `pich`. JSON: {octaves, pitch, semitone, track}.",
        ),
        (("conferences", "unhold", "c", "--call-control-ids", ""), "--call-control-ids': one of the values is empty"),
        (
            ("conferences", "unhold", "c", "--call-control-ids", "v3:a,v3:b"),
            "--call-control-ids': 'v3:a,v3:b' has a comma: give --call-control-ids once for each.",
        ),
        (("queues", "create", "--queue-name", ""), "--queue-name': expected `str` of length >= 1"),
        (("queues", "delete", ""), "'QUEUE_NAME': '' names nothing"),
        (("queues", "delete", ".."), "'QUEUE_NAME': '..' names nothing"),
        (("queues", "list", "--all", "--page", "2"), "--page': --all shows all pages"),
        (("queues", "list", "--page-size", "251"), "--page-size': Input should be less than"),
        (
            ("conferences", "mute", "c", "--all-participants", "--call-control-ids", "a"),
            "--all-participants': some are",
        ),
        (("queues", "burn"), "No such command 'burn'"),
        (("--timeout", "nan", "queues", "list"), "--timeout'"),
        (("--region", "us", "queues", "list"), "leave one of them out"),
        (("--proxy", "user:word@nowhere", "queues", "list"), "is not a proxy's address"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_right(arguments: tuple[str, ...], said: str) -> None:
    status, told = switchhook(*arguments)
    assert status == Exit.USAGE, told
    assert said in told
    assert "user:word" not in told


def test_fields_are_read_into_the_body_that_is_sent() -> None:
    given: dict[str, object] = {
        "connection_id": "1",
        "from_": "+13125550100",
        "to": ["sip:a@example.com"],
        "stream_bidirectional_sampling_rate": "8000",
        "sound_modifications": '{"pitch": 2}',
        "webhook_urls": '{"call.hangup": "https://example.com"}',
        "transcription": False,
        "record_max_length": 0,
        "audio_url": None,
        "custom_headers": '[{"name": "X", "value": "1"}]',
    }
    body = DialBody(**values_of(fields_of(DialBody), given))  # type: ignore[arg-type]
    assert msgspec.to_builtins(body) == {
        "connection_id": "1",
        "from": "+13125550100",
        "to": "sip:a@example.com",
        "stream_bidirectional_sampling_rate": 8000,
        "sound_modifications": {"pitch": 2.0},
        "webhook_urls": {"call.hangup": "https://example.com"},
        "transcription": False,
        "record_max_length": 0,
        "custom_headers": [{"name": "X", "value": "1"}],
    }
    both = values_of(fields_of(DialBody), {"to": ["+13125550101", "+13125550102"]})
    assert both == {"to": ["+13125550101", "+13125550102"]}


def test_a_loop_is_a_number_or_a_word() -> None:
    fields = fields_of(PlaybackStartBody)
    assert values_of(fields, {"loop": "3"}) == {"loop": 3}
    assert values_of(fields, {"loop": "infinity"}) == {"loop": "infinity"}


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.listed], ids=lambda operation: operation.name)
def test_each_list_has_main_columns_that_are_fields(operation: Operation[object]) -> None:
    assert set(MAIN_COLUMNS[operation.answer]) < set(columns(operation.answer))


def test_an_undocumented_value_is_shown_as_it_is_and_what_moves_the_cursor_is_written_out() -> None:
    conference = Conference("c1", name="a\x1b[2Jb", status="paused", ended_by=EndedBy(call_control_id="v3:x"))
    assert row(conference, ["name", "status", "ended_by.call_control_id"]) == ["a\\x1b[2Jb", "paused", "v3:x"]
    assert readable("queue\u202eeman\n") == "queue\\u202eeman\\n"


def test_json_has_every_field_with_telnyx_s_name() -> None:
    shown = msgspec.json.decode(json_of(Participant("v3:x")))
    assert set(shown) == {field.encode_name for field in msgspec.structs.fields(Participant)}
    assert shown["muted"] is False
    assert json_of(None) == "{}"


@pytest.mark.parametrize(
    ("status", "exit_status"),
    [
        (401, Exit.DENIED),
        (403, Exit.DENIED),
        (404, Exit.NOT_FOUND),
        (408, Exit.REFUSED),
        (409, Exit.REFUSED),
        (422, Exit.REFUSED),
        (429, Exit.LIMITED),
        (500, Exit.FAILED),
        (503, Exit.FAILED),
    ],
)
def test_exit_statuses_follow_the_class_of_the_answer(status: int, exit_status: Exit) -> None:
    assert exit_of(errors.error_class(status)(status)) is exit_status


@pytest.mark.parametrize("code", ["90015", "90058"])
def test_what_there_is_not_is_not_found_whatever_its_status(code: str) -> None:
    assert exit_of(errors.UnprocessableError(422, code)) is Exit.NOT_FOUND


def test_a_base_url_without_its_version_is_taken_for_the_reason_why_nothing_is_there() -> None:
    error = errors.NotFoundError(404, detail="404: Not Found")
    said = "Telnyx answered 404: 404: Not Found"
    assert line_of(error, OperationClass.READ, "https://api.telnyx.com/v2") == said
    told = line_of(error, OperationClass.READ, "http://127.0.0.1:4010")
    assert told == f"{said}; Telnyx's addresses end with /v2, and http://127.0.0.1:4010 does not"


@pytest.mark.parametrize(
    "operation", [o for o in OPERATIONS if o.path.startswith("/conferences/{")], ids=lambda o: o.name
)
def test_it_is_said_whether_a_conference_s_name_does(operation: Operation[object]) -> None:
    _, told = switchhook(*words(operation), "-h")
    expected = (
        "The conference's id or name." if operation in BY_NAME else "The conference's id; its name does not do here."
    )
    assert expected in told


WIDTHS = {"call_control_id": 60, "name": 200, "id": 36, "muted": 5}


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (20, ["call_control_id"]),
        (80, ["call_control_id", "name"]),
        (85, ["call_control_id", "name", "muted"]),
        (200, list(WIDTHS)),
    ],
)
def test_where_there_is_no_room_columns_are_left_out_and_ids_stay_whole(room: int, shown: list[str]) -> None:
    assert fitting(WIDTHS, room) == shown


@pytest.mark.parametrize("width", [20, 80, 120])
def test_an_id_on_a_terminal_is_in_one_piece(width: int) -> None:
    written = io.StringIO()
    table = TableOutput(Console(file=written, width=width, highlight=False))
    inside = Participant("v3:" + "x" * 60, id="1" * 36, status="joined")
    table.page([inside], Participant)
    table.one(inside, Participant)
    assert written.getvalue().count(inside.call_control_id) == 2
    assert ("status" in written.getvalue().splitlines()[0]) is (width > 70)


def test_an_error_is_one_line_with_all_that_telnyx_said() -> None:
    error = errors.UnprocessableError(
        422, "90033", "Name\nconflict", "Taken.", pointer="/name", request_id="r-1", retry_after_secs=2
    )
    assert line_of(error, OperationClass.ONCE) == (
        "Telnyx answered 422 (code 90033) at /name: Name conflict: Taken; request id r-1; Telnyx asks to wait 2 s"
    )


@pytest.mark.parametrize(
    ("error", "kind", "perhaps"),
    [
        (errors.DeadlineError("late"), OperationClass.ONCE, True),
        (errors.DeadlineError("late"), OperationClass.READ, False),
        (errors.NotSentError("away"), OperationClass.ONCE, False),
        (errors.ServerError(502), OperationClass.KEYED, True),
        (errors.UnprocessableError(422), OperationClass.KEYED, False),
    ],
)
def test_it_is_said_when_there_may_have_been_an_effect(
    error: errors.TelnyxError, kind: OperationClass, perhaps: bool
) -> None:
    assert ("may have had its effect" in line_of(error, kind)) is perhaps


def test_what_was_accepted_with_an_answer_that_cannot_be_read_is_said_to_be_accepted() -> None:
    error = errors.UnreadableError("the answer is not as documented")
    assert exit_of(error) is Exit.FAILED
    assert "it was accepted" in line_of(error, OperationClass.ONCE)
    assert "accepted" not in line_of(error, OperationClass.READ)


def access(**options: object) -> Access:
    given: dict[str, object] = {
        "api_key_file": None,
        "api_base": None,
        "region": None,
        "timeout_secs": 5.0,
        "retry_secs": 20.0,
        "proxy": None,
    }
    return Access(**(given | options))  # type: ignore[arg-type]


def test_the_key_is_read_from_a_file_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TELNYX_API_KEY", raising=False)
    with pytest.raises(ConfigError, match=r"TELNYX_API_KEY is not set.*--api-key-file"):
        client_of(access(), page_size=1)
    file = tmp_path / "key"
    file.write_text("KEYfile\n")
    assert client_of(access(api_key_file=file), page_size=1).base_url == REGIONS["us"]
    assert client_of(access(api_key_file=file, region="eu"), page_size=1).base_url == REGIONS["eu"]
    with pytest.raises(ConfigError, match="'mars' is not one of us, eu"):
        client_of(access(region="mars", api_key_file=file), page_size=1)


def test_a_key_in_the_place_of_its_file_is_not_repeated() -> None:
    key = "KEY0123456789ABCDEF0123456789"
    with pytest.raises(ConfigError) as raised:
        client_of(access(api_key_file=Path(key)), page_size=1)
    assert key not in str(raised.value)


def test_other_commands_do_not_load_what_asks_telnyx() -> None:
    loaded = "import sys, worker.cli; print(sorted({'aiohttp', 'msgspec', 'worker.telnyx'} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout == "[]\n", ended.stderr
