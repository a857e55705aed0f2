"""docs/telnyx.md: one row for each operation: who can ask for it and how, and which tests do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import aiohttp
import msgspec
from typer.testing import CliRunner

from tests.documents.tables import table
from worker.cli import app
from worker.telnyx.calls.resource import Calls
from worker.telnyx.conferences.resource import Conferences
from worker.telnyx.operation import Operation
from worker.telnyx.queues.resource import Queues
from worker.telnyx.surface import OPERATIONS
from worker.testing.emulator.server import serve
from worker.testing.emulator.settings import EmulatorSettings

ROOT = Path(__file__).parents[2]
RESOURCES: dict[str, type] = {"calls": Calls, "conferences": Conferences, "queues": Queues}
HEAD = ("operation", "core", "client", "command line", "emulator", "class", "tests")
NONE = "–"


class Proof(msgspec.Struct, frozen=True):
    """A test file with a parametrised test for each operation, whose id is the operation's name."""

    file: str
    proves: str
    #: Whether it has to be there, with a test for each of its operations.
    required: bool
    core_only: bool = False

    @property
    def word(self) -> str:
        """What it is called in the table."""
        return Path(self.file).stem.removeprefix("test_")


PROOFS = (
    Proof(
        "tests/integration/telnyx/test_sdk_equality.py",
        "the client's requests equal the official SDK's",
        required=True,
        core_only=True,
    ),
    Proof(
        "tests/integration/emulator/test_sdk.py",
        "the official SDK drives the emulator",
        required=True,
    ),
)


def core(operation: Operation[object]) -> bool:
    """Return whether *operation* is one of the 34 of conferences and queues."""
    return operation.resource != "calls" or operation.verb in ("enqueue", "leave_queue")


def client_method(operation: Operation[object]) -> str | None:
    """Return how Python asks for it, if it can."""
    if not hasattr(RESOURCES[operation.resource], operation.verb):
        return None
    return f"client.{operation.resource}.{operation.verb}"


def command_line(operation: Operation[object]) -> str | None:
    """Return how a shell asks for it, if it can."""
    words = ["telnyx", operation.resource, operation.verb.replace("_", "-")]
    shown = CliRunner().invoke(app, [*words, "--help"])
    return " ".join(["switchhook", *words]) if shown.exit_code == 0 else None


async def emulated() -> set[str]:
    """Return the names of the operations that the emulator routes: without a key it refuses them, and knows no others.

    Raises:
        RuntimeError: It refuses what does not exist too, so that nothing can be told.
    """
    unknown = ("/nothing", "/calls/x/actions/nothing", "/conferences/x/actions/nothing", "/queues/x/calls/x/nothing")
    async with (
        serve(EmulatorSettings(webhook_url="http://127.0.0.1:9/webhooks")) as emulator,
        aiohttp.ClientSession() as http,
    ):

        async def routed(method: str, path: str) -> bool:
            async with http.request(method, emulator.api_base + path) as answer:
                return answer.status == 401

        if any([await routed("POST", path) for path in unknown]):
            raise RuntimeError("the emulator asks for a key before it looks for the operation: ask its router instead")
        return {o.name for o in OPERATIONS if await routed(o.method, o.path_of(*("x" for _ in o.parameters)))}


def collected_tests(proof: Proof) -> dict[str, list[str]]:
    """Return the functions of a proof's file for each operation, as pytest collects them; none without the file.

    Raises:
        RuntimeError: pytest cannot collect the file.
    """
    if not (ROOT / proof.file).exists():
        return {}
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", proof.file],
        cwd=ROOT,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if collected.returncode != 0:
        raise RuntimeError(f"pytest cannot collect {proof.file}:\n{collected.stdout}{collected.stderr}")
    by_name = {_plain(operation.name): operation.name for operation in OPERATIONS}
    found: dict[str, list[str]] = {}
    for function, case in re.findall(r"::(\w+)\[(.*)\]$", collected.stdout, re.MULTILINE):
        name = by_name.get(_plain(case))
        if name is not None and function not in found.setdefault(name, []):
            found[name].append(function)
    return found


def unproved(proof: Proof, tests: dict[str, list[str]]) -> list[str]:
    """Return the operations that a proof should have a test for and has not."""
    return [o.name for o in OPERATIONS if (core(o) or not proof.core_only) and o.name not in tests]


async def render() -> str:
    """Return the table."""
    routed = await emulated()
    tests = {proof.word: collected_tests(proof) for proof in PROOFS}
    return table(HEAD, (_row(operation, routed, tests) for operation in OPERATIONS)) + "\n" + _legend(tests)


def _row(operation: Operation[object], routed: set[str], tests: dict[str, dict[str, list[str]]]) -> list[str]:
    return [
        f"`{operation.method} {operation.path}`",
        "core" if core(operation) else "",
        _code(client_method(operation)),
        _code(command_line(operation)),
        "yes" if operation.name in routed else NONE,
        operation.kind.value,
        ", ".join(word for word, found in tests.items() if operation.name in found) or NONE,
    ]


def _legend(tests: dict[str, dict[str, list[str]]]) -> str:
    lines = []
    for proof in PROOFS:
        functions = _in_order(name for names in tests[proof.word].values() for name in names)
        if functions:
            named = ", ".join(f"`{function}`" for function in functions)
            lines.append(f"- {proof.word}: {proof.proves}: {named} in [{proof.file}](../{proof.file}).\n")
    return "".join(lines)


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _code(text: str | None) -> str:
    return f"`{text}`" if text else NONE


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]+", " ", name.lower()).strip()
