"""Telnyx's own SDK drives every operation of the emulator, and takes every webhook that it sends."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from telnyx import AsyncTelnyx, Telnyx

from tests.integration.conftest import Receiver
from tests.integration.emulator.scenes import calls, conferences, queues  # noqa: F401 (each puts its scenes on the list)
from tests.integration.emulator.scenes.stage import SCENES, Stage
from worker.telnyx.surface import OPERATIONS
from worker.testing.emulator.server import Emulator


@pytest.fixture
async def stage(emulator: Emulator) -> AsyncIterator[Stage]:
    async with AsyncTelnyx(api_key="KEYtest", base_url=emulator.api_base, max_retries=0) as sdk:
        yield Stage(sdk, emulator)


@pytest.mark.parametrize("operation", [operation.name for operation in OPERATIONS])
async def test_the_sdk_drives_each_operation(stage: Stage, operation: str) -> None:
    await SCENES[operation](stage)
    done = {name for (name, status), count in stage.emulator.api.requests.items() if status in (200, 204) and count}
    assert operation in done
    assert {status for _, status in stage.emulator.api.requests} <= {200, 204}


def clear(emulator: Emulator) -> None:
    """End everything, let what follows from it happen, and forget it."""
    telephony = emulator.telephony
    emulator.clock.advance(10)
    for leg in list(emulator.world.legs.values()):
        emulator.world.hangup(leg, cause="normal_clearing", source="caller")
    emulator.clock.advance(10)
    for things in (emulator.world.legs, telephony.queues.by_name, telephony.conferences.by_id):
        things.clear()
    telephony.recordings.all.clear()


async def test_the_sdk_takes_every_webhook_of_every_operation(stage: Stage, receiver: Receiver) -> None:
    for operation in OPERATIONS:
        await SCENES[operation.name](stage)
        clear(stage.emulator)
    await stage.emulator.delivery.settle()
    unwrap = Telnyx(api_key="x", public_key=stage.emulator.public_key).webhooks.unwrap
    unwrapped = {type(unwrap(body.decode(), headers=headers)).__name__ for headers, body in receiver.requests}
    assert len(receiver.requests) > 100
    assert {"CallInitiatedWebhookEvent", "ConferenceRecordingSavedWebhookEvent"} <= unwrapped
    assert {str(kind) for kind in receiver.types()} >= SENT


#: What the scenes above lead to; the others of the 39 have tests of their own.
SENT = {
    "call.initiated", "call.answered", "call.hangup", "call.bridged", "call.enqueued", "call.dequeued",
    "call.speak.started", "call.speak.ended", "call.playback.started", "call.playback.ended", "call.gather.ended",
    "call.recording.saved", "call.refer.started", "call.dtmf.received",
    "conference.created", "conference.ended", "conference.participant.joined", "conference.participant.left",
    "conference.recording.saved", "conference.speak.started", "conference.speak.ended",
    "conference.playback.started", "conference.playback.ended", "conference.participant.playback.started",
    "conference.participant.playback.ended",
}  # fmt: skip
