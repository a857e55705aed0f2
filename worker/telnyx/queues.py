"""Queues: what Telnyx holds in them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from worker.telnyx.models import One, Page, Queue, QueueCall
from worker.telnyx.wire import Wire, segment


class Queues:
    """The `/queues` resource. Every method raises what `TelnyxClient.request` raises."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def retrieve(self, name: str) -> Queue:
        """Return a queue; an empty one may have been removed by Telnyx (404)."""
        return (await self._wire.get(f"/queues/{segment(name)}", One[Queue])).data

    async def calls(self, name: str) -> AsyncIterator[QueueCall]:
        """Yield the legs in a queue."""
        async for page in self._wire.pages(f"/queues/{segment(name)}/calls", Page[QueueCall], {}):
            for call in page.data:
                yield call

    async def call(self, name: str, call: str) -> QueueCall:
        """Return a leg as it stands in a queue; 404 when it is not in it."""
        return (await self._wire.get(f"/queues/{segment(name)}/calls/{segment(call)}", One[QueueCall])).data
