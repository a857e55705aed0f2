"""What the requests of one account pass on their way out: its circuit, then its places among those of the worker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from worker.telnyx.breaker import Breaker
from worker.telnyx.operation import OperationClass
from worker.telnyx.slots import Slots


class Gate:
    """The gate of one account."""

    def __init__(self, tenant: str, breaker: Breaker, slots: Slots) -> None:
        self.breaker = breaker
        self._tenant = tenant
        self._slots = slots

    @asynccontextmanager
    async def passage(self, kind: OperationClass) -> AsyncIterator[None]:
        """Wait until a request of *kind* may go out, and stay around it.

        Who waits for the circuit has no place yet: an account that is down takes none from the others.

        Raises:
            ApiError: The account is refused: nothing was sent.
        """
        async with self.breaker.attempt(), self._slots.held(self._tenant, kind):
            yield
