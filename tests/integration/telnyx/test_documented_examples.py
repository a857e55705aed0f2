"""The Python in the documents runs as it stands there, against an emulator."""

from __future__ import annotations

import os
import re
import sys

import anyio

from tests.documents.tables import DOCS
from worker.telnyx.calls.answering import AnswerBody
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences.bodies import CreateBody
from worker.testing.emulator.server import Emulator
from worker.testing.emulator.settings import EmulatorSettings

RUN_SECS = 30


async def run(document: str, environment: dict[str, str]) -> list[str]:
    """Run the one example of *document*, and return the lines that it prints."""
    (example,) = re.findall(r"```python\n(.*?)```", (DOCS / document).read_text(encoding="utf-8"), re.DOTALL)
    with anyio.fail_after(RUN_SECS):
        ran = await anyio.run_process([sys.executable, "-c", example], env={**os.environ, **environment}, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout.decode().splitlines()


async def test_the_clients_example_reads_dials_hangs_up_and_meets_an_error(
    emulator: Emulator, emulator_settings: EmulatorSettings, client: TelnyxClient
) -> None:
    caller = emulator.actors.ring("+15550100", "+13125550131", patience_secs=60, talk_secs=60)
    await client.calls.answer(caller.id, AnswerBody())
    await client.conferences.create(CreateBody(call_control_id=caller.id, name="room"))
    said = await run(
        "telnyx.md",
        {
            "TELNYX_API_KEY": emulator.api_key,
            "SWITCHHOOK_API_BASE": emulator.api_base,
            "CONNECTION_ID": emulator_settings.connection_id,
        },
    )
    assert said[0] == "room: 1 inside"
    assert said[1].startswith("rings: ")
    assert said[2].startswith("404 ")
    leg = await client.calls.retrieve(said[1].removeprefix("rings: "))
    assert not leg.is_alive


async def test_the_emulators_example_answers_a_caller() -> None:
    assert await run("emulator.md", {}) == ["True"]
