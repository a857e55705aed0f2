"""Every webhook that any operation leads to has the documented fields, and values that are documented for them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from telnyx import AsyncTelnyx

from tests.integration.conftest import Receiver
from tests.integration.emulator.scenes.stage import SCENES, Stage
from tests.integration.emulator.test_sdk import clear
from worker.events.webhooks.decode import decode_webhook
from worker.events.webhooks.surprises import Surprise, surprises
from worker.testing.emulator.server import Emulator
from worker.testing.emulator.settings import EmulatorSettings, Unconfirmed

EXAMPLES = json.loads((Path(__file__).parents[2] / "data" / "webhooks.json").read_text(encoding="utf-8"))["documented"]
#: Beside the fields of the schemas: what real webhooks have been seen to bear, and what a command says comes back.
BESIDE = {"call.hangup": {"end_time"}, "call.gather.ended": {"gather_id"}}


def documented() -> dict[str, set[str]]:
    """Return the fields of each event's payload."""
    bodies = [example.get("data", example) for example in EXAMPLES]
    return {body["event_type"]: set(body["payload"]) | BESIDE.get(body["event_type"], set()) for body in bodies}


@pytest.fixture
def still_settings(still_settings: EmulatorSettings) -> EmulatorSettings:
    plain = Unconfirmed(recording_ids=False)
    return msgspec.structs.replace(still_settings, unconfirmed=plain, floor_change_rate=1.0)


@pytest.fixture
async def stage(still: Emulator) -> AsyncIterator[Stage]:
    async with AsyncTelnyx(api_key="KEYtest", base_url=still.api_base, max_retries=0) as sdk:
        yield Stage(sdk, still)


async def test_every_webhook_is_as_documented(stage: Stage, receiver: Receiver) -> None:
    for scene in SCENES.values():
        await scene(stage)
        clear(stage.emulator)
    await stage.emulator.delivery.settle()
    beyond: set[tuple[str, str]] = set()
    odd: list[Surprise] = []
    for _, raw in receiver.requests:
        body = json.loads(raw)
        event = body.get("data", body)
        event_type = event["event_type"]
        beyond |= {(event_type, name) for name in event["payload"].keys() - documented()[event_type]}
        odd += surprises(decode_webhook(event_type, raw))
    assert (sorted(beyond), odd) == ([], [])
