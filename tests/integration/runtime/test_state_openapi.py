"""The state's doors do as their OpenAPI document says, and the document says all that they do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import anyio.to_thread
import msgspec
import pytest

from tests.integration.runtime.conftest import Bench
from tests.integration.runtime.looking import eventually, has
from tests.integration.runtime.test_state_http import TOKENS, served
from worker.events.intents import Enrol
from worker.runtime.state import changes
from worker.runtime.state.readers import Readers
from worker.views.model import PLURALS

BOARD = "board-secret-of-some-length"
#: What the centre has of each kind.
KNOWN = {"queues": "support", "agents": "alice", "calls": "c1"}


@asynccontextmanager
async def doors(bench: Bench, monkeypatch: pytest.MonkeyPatch, folder: Path) -> AsyncIterator[str]:
    """Serve the state of a centre in which there is something of most kinds, for those who have a token."""
    monkeypatch.setenv("BOARD", BOARD)
    monkeypatch.setenv("ALICE", "alice-secret-of-some-length")
    path = folder / "tokens.toml"
    path.write_text(TOKENS)
    async with bench.worker("a") as a:
        await bench.append("agent", "alice", Enrol("test"))
        await bench.ring("c1")
        await eventually(lambda: has(bench, "agent:alice", "queue:support", "call:c1"))
        async with served(bench, a, Readers(str(path), ["default"], host="127.0.0.1")) as base:
            yield base


async def held(base: str, folder: Path, *arguments: str, settings: str = "") -> str:
    """Hold the doors against the document, and return what was found; the feed, which has no end, is left out."""
    (folder / "schemathesis.toml").write_text('[parameters]\n"path.tenant" = "default"\n' + settings)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{base}/openapi.json", "--no-color", "--seed", "1"),
        *("--phases", "coverage,fuzzing", "-H", f"Authorization: Bearer {BOARD}"),
        *("--exclude-path", "/state/{tenant}/changes", *arguments),
    ]
    ended = await anyio.to_thread.run_sync(
        lambda: subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Authentication failed" not in ended.stdout
    return ended.stdout


async def test_the_state_is_told_as_its_openapi_document_says(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with doors(bench, monkeypatch, tmp_path) as base:
        await held(base, tmp_path, "-n", "15")


async def test_what_there_is_to_see_is_of_the_form_that_the_document_says(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with doors(bench, monkeypatch, tmp_path) as base, aiohttp.ClientSession() as http:
        for plural, name in KNOWN.items():
            headers = {"Authorization": f"Bearer {BOARD}"}
            async with http.get(f"{base}/state/default/{plural}/{name}", headers=headers) as response:
                assert response.status == 200
        operations = "".join(
            f'[[operations]]\ninclude-path = "/state/{{tenant}}/{plural}/{{id}}"\nparameters = {{ id = "{name}" }}\n'
            for plural, name in KNOWN.items()
        )
        said = await held(
            base, tmp_path, "-n", "3", "--exclude-path", "/state/{tenant}/conferences/{id}", settings=operations
        )
    assert "Missing test data" not in said


async def test_every_door_is_described_and_the_feed_refuses_as_it_says(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(changes, "MOST_CLIENTS", 0)
    async with doors(bench, monkeypatch, tmp_path) as base, aiohttp.ClientSession() as http:
        async with http.get(f"{base}/openapi.json") as response:
            described = (await response.json())["paths"]
        wanted = {f"/state/{{tenant}}/{plural}{one}" for plural in PLURALS for one in ("", "/{id}")}
        assert set(described) == wanted | {"/state/{tenant}/changes"}
        answers = described["/state/{tenant}/changes"]["get"]["responses"]
        for tenant, secret, status in (("default", BOARD, 503), ("default", "x", 401), ("other", BOARD, 403)):
            headers = {"Authorization": f"Bearer {secret}"}
            async with http.get(f"{base}/state/{tenant}/changes", headers=headers) as response:
                assert response.status == status
                assert response.content_type in answers[str(status)]["content"]
                assert msgspec.json.decode(await response.read(), type=dict[str, str])["reason"]
