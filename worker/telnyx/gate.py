"""What the requests of one account pass on their way out: its circuit, then its places among those of the worker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from worker.telnyx.breaker import Breaker, Circuit, judged
from worker.telnyx.errors import TelnyxError
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
        """Wait until a request of *kind* may go out, stay around it, and learn from its end.

        Raises:
            ApiError: The account is refused: nothing was sent.
        """
        probe = await self._enter(kind)
        try:
            yield
        except TelnyxError as error:
            self.breaker.learn(judged(error), error, probe=probe)
            raise
        except BaseException:
            # What was cut off tells nothing; but a probe must not stay the last one.
            self.breaker.learn("none", None, probe=probe)
            raise
        else:
            self.breaker.learn("works", None, probe=probe)
        finally:
            self._slots.give_back(self._tenant)

    async def _enter(self, kind: OperationClass) -> bool:
        """Return with a place, while the circuit lets this request out; True: it is the probe.

        Who waits for the circuit has no place: an account that is down takes none from the others. And who waited for a
        place while the circuit opened goes back to wait for that.
        """
        while True:
            probe = await self.breaker.admit()
            try:
                await self._slots.take(self._tenant, kind)
            except BaseException:
                self.breaker.learn("none", None, probe=probe)
                raise
            if probe or self.breaker.state is Circuit.CLOSED:
                return probe
            self._slots.give_back(self._tenant)
