"""The engine's commands to Telnyx's queues as requests of their resource."""

from __future__ import annotations

from typing import assert_never

from worker.commands.queues import CreateQueue, DeleteQueue, KeepEntry, QueueCommand, RemoveEntry
from worker.telnyx.errors import ApiError, Meaning, meaning_of
from worker.telnyx.queues.bodies import CreateBody, UpdateBody, UpdateCallBody
from worker.telnyx.queues.resource import Queues


async def look_after(queues: Queues, command: QueueCommand) -> None:
    """Ask for *command*. None of these operations takes a command_id.

    Raises:
        TelnyxError: It was not accepted, or nobody knows.
    """
    match command:
        case CreateQueue(queue=queue, max_size=max_size):
            await _prepare(queues, queue, max_size)
        case DeleteQueue(queue=queue):
            await queues.delete(queue)
        case KeepEntry(queue=queue, call=call, keep=keep):
            await queues.update_call(queue, call, UpdateCallBody(keep_after_hangup=keep))
        case RemoveEntry(queue=queue, call=call):
            await queues.remove_call(queue, call)
        case _:
            assert_never(command)


async def _prepare(queues: Queues, queue: str, max_size: int) -> None:
    """Change the queue or, where there is none, make it: what a second making does is not documented."""
    try:
        await queues.update(queue, UpdateBody(max_size=max_size))
    except ApiError as error:
        if meaning_of(error.status, error.code) is not Meaning.GONE:
            raise
        await queues.create(CreateBody(queue_name=queue, max_size=max_size))
