"""Puts a leg into a queue that holds as many as the policy lets wait.

Telnyx makes a queue by the first enqueue, for 100 calls unless it is told otherwise, and then refuses an enqueue that
names another size. So such a queue is changed first.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from msgspec.structs import replace

from worker.commands import command as c
from worker.telnyx.calls.queueing import EnqueueBody
from worker.telnyx.errors import ApiError
from worker.telnyx.queues.bodies import UpdateBody

if TYPE_CHECKING:
    from worker.telnyx.client import TelnyxClient

#: The queue exists, and an enqueue cannot change its size.
SIZE_IS_FIXED = "90037"
#: A parameter is not accepted (facts of the API); which one, the answer need not say.
INVALID = frozenset({"10004", "10015"})
_SECOND_TRIES = uuid.UUID("6d2d9a1c-5c6e-4f57-8a55-0f1d9f6a7b21")


async def enter(client: TelnyxClient, command: c.Enqueue, key: str) -> None:
    """Carry *command* out under the command_id *key*.

    Raises:
        TelnyxError: It was not accepted, or nobody knows.
    """
    body = EnqueueBody(
        queue_name=command.queue,
        max_wait_time_secs=command.max_wait_secs,
        max_size=command.max_size,
        command_id=key,
    )
    try:
        await client.calls.enqueue(command.call, body)
    except ApiError as error:
        if command.max_size is None or error.code not in (SIZE_IS_FIXED, *INVALID):
            raise
        if error.code == SIZE_IS_FIXED:
            await _resize(client, command.queue, command.max_size)
        # Another size than Telnyx bears must keep nobody out. The refused try has used its key up.
        again = str(uuid.uuid5(_SECOND_TRIES, key))
        await client.calls.enqueue(command.call, replace(body, max_size=None, command_id=again))


async def _resize(client: TelnyxClient, queue: str, max_size: int) -> None:
    try:
        await client.queues.update(queue, UpdateBody(max_size=max_size))
    except ApiError as error:
        if error.code not in INVALID:
            raise
