"""The `/queues` resource of the client."""

from __future__ import annotations

from collections.abc import AsyncIterator

from worker.telnyx.answers import Page
from worker.telnyx.queues import operations as o
from worker.telnyx.queues.bodies import CreateBody, UpdateBody, UpdateCallBody
from worker.telnyx.queues.results import Queue, QueueCall
from worker.telnyx.wire import Wire


class Queues:
    """The resource. Every method raises what `TelnyxClient.ask` raises."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self) -> AsyncIterator[Queue]:
        """Yield the queues."""
        return self._wire.each(o.LIST)

    def list_pages(self) -> AsyncIterator[Page[Queue]]:
        """Yield them page by page."""
        return self._wire.pages(o.LIST)

    async def create(self, body: CreateBody) -> Queue:
        """Make a queue."""
        return await self._wire.ask(o.CREATE, body=body)

    async def retrieve(self, queue: str) -> Queue:
        """Return a queue; an empty one may have been removed by Telnyx (404)."""
        return await self._wire.ask(o.RETRIEVE, queue)

    async def update(self, queue: str, body: UpdateBody) -> Queue:
        """Change how many calls a queue may hold."""
        return await self._wire.ask(o.UPDATE, queue, body=body)

    async def delete(self, queue: str) -> None:
        """Remove a queue, which must be empty (90050)."""
        await self._wire.ask(o.DELETE, queue)

    def calls(self, queue: str) -> AsyncIterator[QueueCall]:
        """Yield the legs in a queue, the first to come first."""
        return self._wire.each(o.CALLS, queue)

    def call_pages(self, queue: str) -> AsyncIterator[Page[QueueCall]]:
        """Yield them page by page."""
        return self._wire.pages(o.CALLS, queue)

    async def call(self, queue: str, call: str) -> QueueCall:
        """Return a leg as it stands in a queue; 404 when it is not in it."""
        return await self._wire.ask(o.CALL, queue, call)

    async def update_call(self, queue: str, call: str, body: UpdateCallBody) -> None:
        """Say whether an entry stays when its call ends."""
        await self._wire.ask(o.UPDATE_CALL, queue, call, body=body)

    async def remove_call(self, queue: str, call: str) -> None:
        """Remove the entry of a call that has ended."""
        await self._wire.ask(o.REMOVE_CALL, queue, call)
