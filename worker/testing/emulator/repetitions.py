"""Commands that bear a `command_id`: each is carried out once in a minute.

Telnyx documents the minute, and that an id belongs to the call or conference that it was sent to; what a repetition
is answered, it does not say (`Unconfirmed.duplicate_command`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from worker.testing.emulator.clock import Clock
from worker.testing.emulator.handlers.table import OK, Answer
from worker.testing.emulator.problems import refuse

#: A command_id is remembered so long.
REMEMBERED_SECS = 60.0


class Repetitions:
    """The commands of the last minute."""

    def __init__(self, clock: Clock, answered: Literal["same", "bare", "refused"]) -> None:
        self._clock = clock
        self._answered = answered
        #: (scope, command_id) → when it was carried out, and its answer; the oldest first.
        self._done: dict[tuple[str, str], tuple[float, Answer]] = {}

    def once(self, scope: str, command_id: str | None, action: Callable[[], Answer]) -> Answer:
        """Do *action*, unless it was done; return its answer. A command that was refused may be sent again."""
        if command_id is None:
            return action()
        self._forget()
        command = (scope, command_id)
        if command not in self._done:
            self._done[command] = (self._clock.now(), action())
            return self._done[command][1]
        if self._answered == "refused":
            refuse("10015", "The command has been executed already", pointer="/command_id")
        return OK if self._answered == "bare" else self._done[command][1]

    def _forget(self) -> None:
        oldest = self._clock.now() - REMEMBERED_SECS
        for command, (at, _) in list(self._done.items()):
            if at > oldest:
                break
            del self._done[command]
