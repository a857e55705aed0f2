"""The operations of `/queues`: where each is, what it takes and gives, and how it bears repetition."""

from __future__ import annotations

from types import NoneType

from worker.telnyx.operation import Operation
from worker.telnyx.operation import OperationClass as Kind
from worker.telnyx.queues import bodies
from worker.telnyx.queues.results import Queue, QueueCall

LIST = Operation("queues", "list", "GET", "/queues", Kind.READ, Queue, listed=True)
CREATE = Operation("queues", "create", "POST", "/queues", Kind.ONCE, Queue, body=bodies.CreateBody)
RETRIEVE = Operation("queues", "retrieve", "GET", "/queues/{queue_name}", Kind.READ, Queue)
UPDATE = Operation("queues", "update", "POST", "/queues/{queue_name}", Kind.SET_LIKE, Queue, body=bodies.UpdateBody)
DELETE = Operation("queues", "delete", "DELETE", "/queues/{queue_name}", Kind.DELETE_LIKE, NoneType)
CALLS = Operation("queues", "calls", "GET", "/queues/{queue_name}/calls", Kind.READ, QueueCall, listed=True)
CALL = Operation("queues", "call", "GET", "/queues/{queue_name}/calls/{call_control_id}", Kind.READ, QueueCall)
UPDATE_CALL = Operation(
    "queues",
    "update_call",
    "PATCH",
    "/queues/{queue_name}/calls/{call_control_id}",
    Kind.SET_LIKE,
    NoneType,
    body=bodies.UpdateCallBody,
)
REMOVE_CALL = Operation(
    "queues", "remove_call", "DELETE", "/queues/{queue_name}/calls/{call_control_id}", Kind.DELETE_LIKE, NoneType
)

OPERATIONS: tuple[Operation[object], ...] = (
    LIST,
    CREATE,
    RETRIEVE,
    UPDATE,
    DELETE,
    CALLS,
    CALL,
    UPDATE_CALL,
    REMOVE_CALL,
)
