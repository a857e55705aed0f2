"""What queues are made and changed with."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from worker.telnyx import fields as f
from worker.telnyx.operation import Body


class CreateBody(Body, frozen=True, kw_only=True):
    """POST /queues."""

    queue_name: Annotated[str, Meta(description="The queue.", min_length=1, max_length=255)]
    max_size: f.MaxSize | None = None


class UpdateBody(Body, frozen=True, kw_only=True):
    """POST /queues/{queue}."""

    max_size: f.MaxSize


class UpdateCallBody(Body, frozen=True, kw_only=True):
    """PATCH /queues/{queue}/calls/{call}."""

    keep_after_hangup: f.KeepAfterHangup | None = None
