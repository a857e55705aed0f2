"""All 56 operations of calls, conferences and queues: the surface of Telnyx that is covered here."""

from __future__ import annotations

from worker.telnyx.calls import operations as calls
from worker.telnyx.conferences import operations as conferences
from worker.telnyx.operation import Operation
from worker.telnyx.queues import operations as queues

OPERATIONS: tuple[Operation[object], ...] = (*calls.OPERATIONS, *conferences.OPERATIONS, *queues.OPERATIONS)
