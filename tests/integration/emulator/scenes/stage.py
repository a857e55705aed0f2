"""What the scenes of the SDK are played on."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable

from telnyx import AsyncTelnyx

from worker.testing.emulator.conferences import Manner
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator

NUMBER, OTHER = "+13125550131", "+13125550100"
CONNECTION = "1494404757140276705"
VOICE = "AWS.Polly.Joanna"
AUDIO = "https://example.com/a.mp3"
STATE = base64.b64encode(b"state").decode()


class Stage:
    """The SDK, and somebody on the phone."""

    def __init__(self, sdk: AsyncTelnyx, emulator: Emulator) -> None:
        self.sdk = sdk
        self.actions = sdk.calls.actions
        self.rooms = sdk.conferences.actions
        self.emulator = emulator

    def rings(self) -> Leg:
        return self.emulator.actors.ring(OTHER, NUMBER, patience_secs=600, talk_secs=600)

    def caller(self) -> Leg:
        leg = self.rings()
        self.emulator.world.answer(leg)
        return leg

    async def room(self, leg: Leg | None = None) -> tuple[str, Leg]:
        leg = leg or self.caller()
        answer = await self.sdk.conferences.create(call_control_id=leg.id, name="room")
        assert answer.data is not None
        return answer.data.id, leg

    async def queued(self) -> Leg:
        leg = self.caller()
        await self.actions.enqueue(leg.id, queue_name="sales / north")
        return leg

    def manner(self, leg: Leg) -> Manner:
        conference = self.emulator.telephony.conferences.by_id[leg.conference or ""]
        participant = conference.participant(leg.id)
        assert participant is not None
        return participant.manner


QUEUE = "sales / north"
Scene = Callable[[Stage], Awaitable[None]]
SCENES: dict[str, Scene] = {}


def scene(action: Scene) -> Scene:
    """Note what shows that an operation works: `calls_record_start` is `calls record_start`."""
    SCENES[action.__name__.replace("_", " ", 1)] = action
    return action
