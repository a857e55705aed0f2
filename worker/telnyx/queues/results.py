"""What Telnyx shows of queues and who waits in them."""

from __future__ import annotations

import msgspec

from worker.telnyx.answers import Answer


class Queue(Answer, frozen=True):
    """A queue. `average_wait_time_secs` is of those who wait now. Telnyx removes queues that stay empty."""

    name: str
    id: str = ""
    current_size: int = 0
    max_size: int = 0
    average_wait_time_secs: int = 0
    created_at: str | None = None
    updated_at: str | None = None
    record_type: str = "queue"


class QueueCall(Answer, frozen=True):
    """A call leg in a queue. Its place is not told by any webhook; only this shows it."""

    call_control_id: str
    call_leg_id: str = ""
    call_session_id: str = ""
    connection_id: str = ""
    queue_id: str = ""
    queue_position: int = 0
    wait_time_secs: int = 0
    enqueued_at: str | None = None
    from_: str = msgspec.field(name="from", default="")
    to: str = ""
    is_alive: bool = True
    record_type: str = "queue_call"
