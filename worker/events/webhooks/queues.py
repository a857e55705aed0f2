"""A call leg's way into and out of a Telnyx queue, which the events name; there is no id of a queue in them."""

from __future__ import annotations

from typing import Annotated

from worker.events.webhooks.base import CallWebhook
from worker.events.webhooks.documented import documented

#: Which of them a conference join gives is not documented.
DequeuedReason = Annotated[str, documented("bridged", "bridging-in-process", "hangup", "leave", "timeout")]


class CallEnqueued(CallWebhook, frozen=True, tag="call.enqueued"):
    """A call leg entered a queue, at `current_position`. No event tells of later positions."""

    queue: str
    current_position: int | None = None
    #: How long calls spend in the queue on average.
    queue_avg_wait_time_secs: int | None = None


class CallDequeued(CallWebhook, frozen=True, tag="call.dequeued"):
    """A call leg left a queue, where its last position was `queue_position`."""

    queue: str
    reason: DequeuedReason | None = None
    wait_time_secs: int | None = None
    queue_position: int | None = None
