"""The tries of one command: each through the account's gate and past the fence, again where that is allowed."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import TypeVar

from worker.telnyx.breaker import Circuit
from worker.telnyx.errors import DeadlineError, NotSentError, TelnyxError
from worker.telnyx.gate import Gate
from worker.telnyx.operation import OperationClass
from worker.telnyx.retries import had_no_effect, may_repeat, passes, repeat

#: However old a command is, it gets so long for one try.
_LEAST_SECS = 0.1

T = TypeVar("T")
#: Raises when nothing may be sent any more.
Fence = Callable[[], None]


class Tries:
    """How the requests of one command are made."""

    def __init__(self, gate: Gate | None, fence: Fence, *, for_secs: float, jitter: random.Random) -> None:
        self._gate = gate
        self._fence = fence
        self._for_secs = for_secs
        self._jitter = jitter

    async def read(self, request: Callable[[], Awaitable[T]]) -> T | TelnyxError:
        """Make *request*, which changes nothing, until it is answered or the time is up; return that or the error."""
        return await self._make(
            request,
            OperationClass.READ,
            self._for_secs,
            again=lambda error: may_repeat(OperationClass.READ, key=False, error=error),
        )

    async def act(
        self, request: Callable[[], Awaitable[T]], kind: OperationClass, *, within_secs: float, lost: list[TelnyxError]
    ) -> T | TelnyxError:
        """Make *request* until it has a final answer or the time is up; return that or the last error.

        Args:
            request: One try.
            kind: The class of its operation.
            within_secs: No try is made later, however much time there is.
            lost: Gets the errors of tries that are made again and may have had their effect.
        """

        def again(error: TelnyxError) -> bool:
            if passes(error) and not had_no_effect(error):
                lost.append(error)
            # The engine gives every command that takes a key one.
            return may_repeat(kind, key=True, error=error)

        return await self._make(request, kind, min(self._for_secs, within_secs), again=again)

    async def _make(
        self,
        request: Callable[[], Awaitable[T]],
        kind: OperationClass,
        for_secs: float,
        *,
        again: Callable[[TelnyxError], bool],
    ) -> T | TelnyxError:
        for_secs = max(for_secs, _LEAST_SECS)
        tried = False

        async def try_once() -> T:
            nonlocal tried
            async with self._gate.passage(kind) if self._gate else nullcontext():
                # Who has waited long may own the partition no more.
                self._fence()
                tried = True
                return await request()

        try:
            return await repeat(try_once, for_secs=for_secs, again=again, jitter=self._jitter)
        except DeadlineError as error:
            return error if tried else NotSentError(f"not sent within the {for_secs:g} s that it had: {self._why()}")
        except TelnyxError as error:
            return error

    def _why(self) -> str:
        """Say what a request waits for that does not leave."""
        is_open = self._gate is not None and self._gate.breaker.state is not Circuit.CLOSED
        return "Telnyx does not answer" if is_open else "too many others were under way"
