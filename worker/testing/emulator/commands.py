"""Commands that bear a `command_id`: each is carried out once in a minute, and a repetition gets the same answer.

Telnyx documents the minute, and that an id belongs to the call or conference that it was sent to; what a repetition
is answered, it does not say.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

#: A command_id is remembered so long.
COMMAND_ID_SECS = 60.0


class Commands(Generic[T]):
    """The commands of the last minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: (path, command_id) → when it was carried out, and its answer; the oldest first.
        self._done: dict[tuple[str, str], tuple[float, T]] = {}

    def once(self, path: str, command_id: str | None, action: Callable[[], T]) -> T:
        """Do *action*, unless it was done; return its answer. A command that was refused may be sent again."""
        if command_id is None:
            return action()
        self._forget()
        command = (path, command_id)
        if command not in self._done:
            self._done[command] = (self._clock(), action())
        return self._done[command][1]

    def _forget(self) -> None:
        oldest = self._clock() - COMMAND_ID_SECS
        for command, (at, _) in list(self._done.items()):
            if at > oldest:
                break
            del self._done[command]
