"""What both processes have in common when they end: exit statuses, signals, and an error said in one sentence."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

import anyio

EXIT_OK, EXIT_CONFIG, EXIT_UNREACHABLE = 0, 2, 5


def first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error in *group*, however deep: task groups wrap what their tasks raise."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def say_error(program: str, group: BaseExceptionGroup[BaseException]) -> None:
    """Say the first error in *group* on standard error."""
    print(f"{program}: {first_error(group)}", file=sys.stderr)


async def on_signals(stop: Callable[[signal.Signals], None]) -> None:
    """Call *stop* at the first SIGTERM or SIGINT, and end the process at the second, as a crash would."""
    stopping = False
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as received:
        async for number in received:
            if stopping:
                os._exit(128 + number)
            stopping = True
            stop(number)
