"""Whether a person or a machine has answered, and when the machine has finished its greeting."""

from __future__ import annotations

from typing import Annotated

from worker.events.webhooks.base import PartiesWebhook
from worker.events.webhooks.documented import documented

Detection = Annotated[str, documented("human", "machine", "not_sure")]
Greeting = Annotated[str, documented("beep_detected", "ended", "not_sure")]
PremiumDetection = Annotated[
    str, documented("human_residence", "human_business", "machine", "silence", "fax_detected", "not_sure")
]
#: `prompt_ended` is in Telnyx's SDK (4.189), not yet in the schema.
PremiumGreeting = Annotated[str, documented("beep_detected", "no_beep_detected", "prompt_ended")]


class MachineDetectionEnded(PartiesWebhook, frozen=True, kw_only=True, tag="call.machine.detection.ended"):
    """Who has answered."""

    result: Detection | None = None


class MachineGreetingEnded(PartiesWebhook, frozen=True, kw_only=True, tag="call.machine.greeting.ended"):
    """The machine's greeting is over: a message can be left."""

    result: Greeting | None = None


class PremiumDetectionEnded(PartiesWebhook, frozen=True, kw_only=True, tag="call.machine.premium.detection.ended"):
    """Who has answered, by the more exact detection."""

    result: PremiumDetection | None = None


class PremiumGreetingEnded(PartiesWebhook, frozen=True, kw_only=True, tag="call.machine.premium.greeting.ended"):
    """The machine's greeting is over, by the more exact detection."""

    result: PremiumGreeting | None = None
