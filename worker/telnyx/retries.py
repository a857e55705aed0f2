"""When a request may be made again, and how long is waited before. Stated once, for the client and for the engine.

No library does this: what decides is whether a repetition could have a second effect, which the operation's class, the
key in its body and the answer's meaning tell together.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from worker.telnyx.errors import (
    ApiError,
    DeadlineError,
    Meaning,
    NetworkError,
    NotSentError,
    TelnyxError,
    UnreadableError,
    meaning_of,
)
from worker.telnyx.operation import OperationClass

T = TypeVar("T")

BACKOFF_SECS = (0.1, 3.0)


def passes(error: TelnyxError) -> bool:
    """Return whether the same request may fare better in a while."""
    if isinstance(error, ApiError):
        return meaning_of(error.status, error.code) is Meaning.RETRY
    return isinstance(error, NetworkError)


def had_no_effect(error: TelnyxError) -> bool:
    """Return whether the request was certainly not carried out: it never left, or was turned away by a limit."""
    return isinstance(error, NotSentError) or (isinstance(error, ApiError) and error.status == 429)


def may_repeat(kind: OperationClass, *, key: bool, error: TelnyxError) -> bool:
    """Return whether a request of *kind*, with a *key* in its body or not, may be sent again after *error*."""
    if kind is OperationClass.READ and isinstance(error, UnreadableError):
        return True
    if not passes(error):
        return False
    if kind is OperationClass.ONCE or (kind is OperationClass.KEYED and not key):
        return had_no_effect(error)
    return True


async def repeat(
    request: Callable[[], Awaitable[T]],
    *,
    for_secs: float,
    again: Callable[[TelnyxError], bool],
    jitter: random.Random,
    try_secs: float = 0.0,
    heard: Callable[[TelnyxError], None] = lambda _: None,
    now: Callable[[], float] = anyio.current_time,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> T:
    """Make *request* until it is answered, fails for good, or *for_secs* are over; 0: once.

    Between two tries it waits by chance up to a bound that doubles (100 ms to 3 s), or as long as Telnyx asks for. What
    cancels it from outside is never taken for its own deadline.

    Args:
        request: Makes one try.
        for_secs: How long all tries and pauses may take.
        again: Whether to go on after an error.
        jitter: Chance for the pauses.
        try_secs: How long a try may take at least, even beyond *for_secs*; none begins after those.
        heard: Told each error after which it goes on.
        now: The clock, seconds.
        sleep: Waits on that clock.

    Raises:
        TelnyxError: The last one; DeadlineError when the time was over in the middle of a try.
    """
    if not for_secs:
        return await request()
    deadline = now() + for_secs
    tries = 0
    before = ""
    while True:
        try:
            with anyio.CancelScope(deadline=anyio.current_time() + max(deadline - now(), try_secs)):
                return await request()
        except TelnyxError as error:
            pause = backoff(tries, jitter)
            if isinstance(error, ApiError):
                pause = max(pause, error.retry_after_secs or 0.0)
            if not again(error) or now() + pause >= deadline:
                raise
            heard(error)
            before = f"; the try before it: {error}"
        else:
            raise DeadlineError(f"no answer within the {max(for_secs, try_secs):g} s that it had{before}")
        tries += 1
        await sleep(pause)


def backoff(tries: int, jitter: random.Random) -> float:
    """Return the pause after so many tries, seconds."""
    least, most = BACKOFF_SECS
    # The bound is reached long before the tenth; 2**1100 is no float.
    return jitter.uniform(0, min(most, least * 2 ** min(tries, 10)))
