"""A leg enters and leaves a queue."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from worker.telnyx import fields as f
from worker.telnyx.operation import Body


class EnqueueBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/enqueue."""

    queue_name: Annotated[str, Meta(description="The queue.")]
    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    keep_after_hangup: f.KeepAfterHangup | None = None
    max_size: (
        Annotated[int, Meta(description="How many calls the queue may hold, if it is made by this.", ge=1)] | None
    ) = None
    max_wait_time_secs: (
        Annotated[int, Meta(description="How long it may wait, seconds; then it is parked.", ge=1)] | None
    ) = None


class LeaveQueueBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/leave_queue."""

    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
