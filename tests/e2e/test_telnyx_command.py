"""`switchhook telnyx` as a process: answers shown, pages, exit statuses, the question about everybody, no key seen."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from aiohttp import web

from tests.integration.telnyx.answering import serving
from worker.console.exits import Exit
from worker.telnyx.client import TelnyxClient
from worker.telnyx.queues.bodies import CreateBody
from worker.testing.emulator.server import Emulator, serve
from worker.testing.emulator.settings import EmulatorSettings

KEY = "KEYnobodyMaySee"
LEG = "v3:-a_b/c"
#: A disk that is full, where there is one.
FULL = Path("/dev/full")


@asynccontextmanager
async def emulating() -> AsyncIterator[Emulator]:
    """Run an emulator, whose webhooks reach nobody."""
    async with serve(EmulatorSettings(webhook_url="http://127.0.0.1:9/webhooks", api_key=KEY)) as emulator:
        yield emulator


def command(base: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "worker.cli", "telnyx", "--api-base", base, "--retry-secs", "0", *arguments]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SWITCHHOOK_", "TELNYX_"))}
    return {**kept, "TELNYX_API_KEY": KEY, "COLUMNS": "100", **more}


async def switchhook(base: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command; whatever it says, it does not say the key, nor where in the code it failed."""
    with anyio.fail_after(30):
        ended = await anyio.run_process(command(base, *arguments), env=environment(), check=False)
    out, err = ended.stdout.decode(), ended.stderr.decode()
    assert KEY not in out + err
    assert "Traceback" not in err
    return subprocess.CompletedProcess(ended.args, ended.returncode, out, err)


async def make_queues(emulator: Emulator, count: int) -> list[str]:
    names = [f"queue {number}" for number in range(count)]
    async with TelnyxClient(KEY, base_url=emulator.api_base) as client:
        for name in names:
            await client.queues.create(CreateBody(queue_name=name, max_size=7))
    return names


async def make_room(emulator: Emulator) -> str:
    leg = emulator.actors.ring("+15550100", "+13125550131", patience_secs=60, talk_secs=60)
    emulator.world.answer(leg)
    made = await switchhook(
        emulator.api_base, "conferences", "create", "--call-control-id", leg.id, "--name", "a room", "--json"
    )
    assert made.returncode == Exit.OK, made.stderr
    document = json.loads(made.stdout)
    assert document["name"] == "a room"
    return str(document["id"])


async def test_a_list_shows_a_page_and_says_how_many_more_there_are() -> None:
    async with emulating() as emulator:
        names = await make_queues(emulator, 5)
        first = await switchhook(emulator.api_base, "queues", "list", "--page-size", "2", "--json")
        second = await switchhook(emulator.api_base, "queues", "list", "--page-size", "2", "--page", "2")
        every = await switchhook(emulator.api_base, "queues", "list", "--page-size", "2", "--all", "--json")
        table = await switchhook(emulator.api_base, "queues", "list", "--page-size", "2", "--all")
    assert [first.returncode, second.returncode, every.returncode, table.returncode] == [Exit.OK] * 4
    assert len(json.loads(first.stdout)) == 2
    assert first.stderr == "page 1 of 3: 2 of 5; --all shows all\n"
    assert second.stderr == "page 2 of 3: 2 of 5; --all shows all\n"
    assert (sorted(queue["name"] for queue in json.loads(every.stdout)), every.stderr) == (names, "")
    head, *rows = table.stdout.splitlines()
    assert head.split()[:2] == ["name", "id"]
    assert "\x1b" not in table.stdout
    assert sorted(row[: len("queue 0")] for row in rows) == names


async def test_a_page_after_the_last_is_said_to_be_none() -> None:
    async with emulating() as emulator:
        await make_queues(emulator, 3)
        listed = await switchhook(emulator.api_base, "queues", "list", "--page-size", "2", "--page", "9", "--json")
    assert (listed.returncode, json.loads(listed.stdout)) == (Exit.OK, [])
    assert listed.stderr == "there is no page 9: the last one is 2\n"


async def test_the_address_may_stand_after_the_operation_too() -> None:
    async with emulating() as emulator:
        listed = await switchhook("http://127.0.0.1:9/v2", "queues", "list", "--json", "--api-base", emulator.api_base)
    assert (listed.returncode, listed.stdout) == (Exit.OK, "[]\n")


async def test_what_there_is_not_is_not_found() -> None:
    async with emulating() as emulator:
        call = await switchhook(emulator.api_base, "calls", "retrieve", "nope")
        unversioned = await switchhook(emulator.base, "queues", "list")
    assert (call.returncode, "(code 90015)" in call.stderr) == (Exit.NOT_FOUND, True)
    assert (unversioned.returncode, "below /v2" in unversioned.stderr) == (Exit.NOT_FOUND, True)


async def test_the_first_examples_of_the_readme_work_on_a_new_emulator() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    examples = re.findall(r"^switchhook telnyx ([^A-Z#\n]*?)(?: +#.*)?$", readme, re.MULTILINE)
    assert examples[:2] == ["queues create --queue-name support", "queues calls support --all"]
    async with emulating() as emulator:
        for example in examples:
            ended = await switchhook(emulator.api_base, *example.split())
            assert ended.returncode == Exit.OK, example + ended.stderr


async def test_an_empty_list_is_an_empty_array_or_the_columns_alone() -> None:
    async with emulating() as emulator:
        for more in ((), ("--all",)):
            listed = await switchhook(emulator.api_base, "queues", "list", "--json", *more)
            assert (json.loads(listed.stdout), listed.stderr) == ([], "")
            shown = await switchhook(emulator.api_base, "queues", "list", *more)
            assert len(shown.stdout.splitlines()) == 1


async def test_one_object_is_a_line_for_each_field_or_one_json_object() -> None:
    async with emulating() as emulator:
        await make_queues(emulator, 1)
        shown = await switchhook(emulator.api_base, "queues", "retrieve", "queue 0")
        printed = await switchhook(emulator.api_base, "queues", "get", "queue 0", "--json")
        gone = await switchhook(emulator.api_base, "queues", "delete", "queue 0", "--json")
        again = await switchhook(emulator.api_base, "queues", "delete", "queue 0")
    assert dict(line.split(None, 1) for line in shown.stdout.splitlines())["max_size"] == "7"
    assert json.loads(printed.stdout)["max_size"] == 7
    assert (gone.returncode, gone.stdout) == (Exit.OK, "{}\n")
    assert (again.returncode, again.stdout) == (Exit.NOT_FOUND, "")
    assert again.stderr.startswith("switchhook: Telnyx answered 404 (code ")
    assert again.stderr.count("\n") == 1


async def test_everybody_is_meant_only_when_it_is_said() -> None:
    async with emulating() as emulator:
        room = await make_room(emulator)
        refused = await switchhook(emulator.api_base, "conferences", "mute", room)
        listed = await switchhook(emulator.api_base, "conferences", "participants", room, "--json")
        assert [participant["muted"] for participant in json.loads(listed.stdout)] == [False]
        said = await switchhook(emulator.api_base, "conferences", "mute", room, "--all-participants")
        listed = await switchhook(emulator.api_base, "conferences", "participants", room, "--json")
        assert [participant["muted"] for participant in json.loads(listed.stdout)] == [True]
        ended = await switchhook(emulator.api_base, "conferences", "end", room, "--json")
    assert (refused.returncode, refused.stdout) == (Exit.USAGE, "")
    assert f"this concerns all participants of {room}: name some with --call-control-ids" in refused.stderr
    assert said.returncode == Exit.OK
    assert json.loads(ended.stdout) == {"result": "ok"}


@pytest.mark.parametrize(
    ("answer", "status", "muted"), [(b"y\n", Exit.OK, True), (b"n\n", Exit.USAGE, False), (b"\x04", 130, False)]
)
async def test_on_a_terminal_it_is_asked(answer: bytes, status: int, muted: bool) -> None:
    async with emulating() as emulator:
        room = await make_room(emulator)
        said, ended = await at_a_terminal(emulator.api_base, "conferences", "mute", room, answer=answer)
        listed = await switchhook(emulator.api_base, "conferences", "participants", room, "--json")
    assert f"This concerns all participants of {room}. Go on? [y/N]" in said
    assert ended == status, said
    assert [participant["muted"] for participant in json.loads(listed.stdout)] == [muted]


async def at_a_terminal(base: str, *arguments: str, answer: bytes) -> tuple[str, int]:
    """Run the command at a terminal, give *answer* when it asks, and return what was seen, and the exit status."""
    ours, theirs = pty.openpty()
    async with await anyio.open_process(
        command(base, *arguments), env=environment(), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        seen = b""
        with anyio.fail_after(30):
            while more := await anyio.to_thread.run_sync(_read, ours):
                asked = b"[y/N]" in seen
                seen += more
                if b"[y/N]" in seen and not asked:
                    os.write(ours, answer)
            os.close(ours)
            return " ".join(seen.decode().split()), await process.wait()


def _read(terminal: int) -> bytes:
    """Read from a terminal; nothing when its other side is closed."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


async def test_a_table_on_a_terminal_has_the_main_columns() -> None:
    async with emulating() as emulator:
        await make_queues(emulator, 2)
        seen, status = await at_a_terminal(emulator.api_base, "queues", "list", answer=b"")
    assert status == Exit.OK
    assert "current_size" in seen
    assert "record_type" not in seen


async def test_a_call_control_id_that_begins_with_a_dash_goes_after_two_dashes() -> None:
    asked: list[str] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        asked.append(f"{request.method} {request.rel_url.raw_path} {(await request.read()).decode()}")
        return web.json_response({"data": {"result": "ok"}})

    async with serving(answer) as base:
        ended = await switchhook(base, "calls", "hangup", "--client-state", "YQ==", "--", "-x:y/z")
    assert ended.returncode == Exit.OK, ended.stderr
    assert asked == ['POST /calls/-x%3Ay%2Fz/actions/hangup {"client_state":"YQ=="}']


@pytest.mark.parametrize(
    ("answered", "status"),
    [(401, 6), (403, 6), (404, 4), (409, 3), (422, 3), (429, 7), (500, 8)],
)
async def test_an_error_is_one_line_and_an_exit_status(answered: int, status: int) -> None:
    async def answer(_: web.BaseRequest) -> web.Response:
        error = {"code": "90033", "title": "Not so", "detail": "It is\nnot", "source": {"pointer": "/name"}}
        return web.json_response({"errors": [error]}, status=answered, headers={"x-request-id": "r-1"})

    async with serving(answer) as base:
        ended = await switchhook(base, "queues", "list", "--json")
    assert (ended.returncode, ended.stdout) == (status, "")
    assert ended.stderr.startswith(
        f"switchhook: Telnyx answered {answered} (code 90033) at /name: Not so: It is not; request id r-1"
    )
    assert ended.stderr.count("\n") == 1


async def test_where_nobody_answers_it_is_said_whether_there_may_have_been_an_effect() -> None:
    async def never(_: web.BaseRequest) -> web.Response:
        await anyio.sleep_forever()
        raise AssertionError

    away = await switchhook("http://127.0.0.1:9", "calls", "hangup", LEG)
    assert away.returncode == Exit.UNREACHABLE
    assert "may have had its effect" not in away.stderr
    async with serving(never) as base:
        late = await switchhook(base, "--timeout", "0.2", "calls", "hangup", LEG)
    assert late.returncode == Exit.UNREACHABLE
    assert "it may have had its effect: look before you repeat it" in late.stderr


async def test_it_is_said_at_once_that_nobody_answers_and_for_how_long_it_goes_on(unused_tcp_port: int) -> None:
    ended = await switchhook(f"http://127.0.0.1:{unused_tcp_port}/v2", "--retry-secs", "0.3", "queues", "list")
    assert ended.returncode == Exit.UNREACHABLE
    told = f"switchhook: GET /queues: nothing listens at 127.0.0.1:{unused_tcp_port} (connection refused)"
    assert ended.stderr.splitlines() == [f"{told}; trying again for up to 0.3 s", told]


async def test_no_try_begins_after_the_time_for_repetitions_and_each_has_its_own() -> None:
    began: list[float] = []

    async def answer(_: web.BaseRequest) -> web.Response:
        began.append(anyio.current_time())
        if len(began) == 1:
            return web.Response(status=500)
        await anyio.sleep(1)
        return web.json_response({"data": []}, status=200 if len(began) == 2 else 500)

    async with serving(answer) as base:
        ended = await switchhook(base, "--retry-secs", "0.7", "queues", "list", "--json")
        assert (ended.returncode, ended.stdout) == (Exit.OK, "[]\n")
        assert len(began) == 2
        del began[:]
        began.append(anyio.current_time())
        began.append(began[0])
        failed = await switchhook(base, "--retry-secs", "0.7", "queues", "list", "--json")
    assert failed.returncode == Exit.FAILED
    assert len(began) == 3


async def test_who_reads_no_more_ends_it_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    async with emulating() as emulator:
        ask = command(emulator.api_base, "queues", "list", "--json")
        with anyio.fail_after(30):
            ended = await anyio.run_process(ask, env=environment(), check=False, stdout=writing)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (Exit.CLOSED, b"")


async def test_a_list_that_breaks_off_is_no_valid_array() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        if request.query["page[number]"] == "1":
            meta = {"page_number": 1, "total_pages": 2, "total_results": 2}
            return web.json_response({"data": [{"name": "a", "id": "1"}], "meta": meta})
        return web.json_response({"errors": []}, status=500)

    async with serving(answer) as base:
        ended = await switchhook(base, "queues", "list", "--all", "--page-size", "1", "--json")
    assert ended.returncode == Exit.FAILED
    assert ended.stdout.startswith("[\n{")
    with pytest.raises(json.JSONDecodeError):
        json.loads(ended.stdout)


@pytest.mark.skipif(not FULL.exists(), reason="writes to a disk that is full")
async def test_an_answer_that_cannot_be_written_is_told_in_one_line() -> None:
    full = os.open(FULL, os.O_WRONLY)
    async with emulating() as emulator:
        ask = command(emulator.api_base, "queues", "create", "--queue-name", "q", "--json")
        with anyio.fail_after(30):
            ended = await anyio.run_process(ask, env=environment(), check=False, stdout=full)
    os.close(full)
    assert ended.stderr == b"switchhook: the answer has come, and cannot be written: No space left on device\n"
    assert ended.returncode == Exit.BROKEN


async def test_an_interrupt_ends_it_with_130() -> None:
    come = anyio.Event()

    async def never(_: web.BaseRequest) -> web.Response:
        come.set()
        await anyio.sleep_forever()
        raise AssertionError

    async with (
        serving(never) as base,
        await anyio.open_process(
            command(base, "--timeout", "60", "calls", "hangup", LEG), env=environment()
        ) as process,
    ):
        with anyio.fail_after(30):
            await come.wait()
            process.send_signal(signal.SIGINT)
            assert await process.wait() == Exit.INTERRUPTED
            assert process.stderr is not None
            told = (await process.stderr.receive()).decode()
    assert told == "switchhook: interrupted; it may have had its effect: look before you repeat it\n"


async def test_without_a_key_it_says_where_to_put_one() -> None:
    with anyio.fail_after(30):
        ended = await anyio.run_process(
            command("http://127.0.0.1:9", "queues", "list"), env=environment(TELNYX_API_KEY=""), check=False
        )
    assert ended.returncode == Exit.USAGE
    assert b"TELNYX_API_KEY is not set" in ended.stderr
    assert b"--api-key-file" in ended.stderr
