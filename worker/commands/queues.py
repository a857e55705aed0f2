"""The commands to Telnyx's queues themselves. How a leg enters and leaves one is in `command`."""

from __future__ import annotations

from worker.commands.base import Command


class CreateQueue(Command, frozen=True, tag="create-queue"):
    """Make a queue that holds `max_size` calls; one that is there is changed to hold so many."""

    queue: str
    max_size: int


class DeleteQueue(Command, frozen=True, tag="delete-queue"):
    """Remove a queue, in which nobody may be."""

    queue: str


class KeepEntry(Command, frozen=True, tag="keep-entry"):
    """Say whether a call leg's entry stays in its queue when the leg ends."""

    queue: str
    call: str
    keep: bool


class RemoveEntry(Command, frozen=True, tag="remove-entry"):
    """Remove the entry that a call leg left in a queue when it ended."""

    queue: str
    call: str


QueueCommand = CreateQueue | DeleteQueue | KeepEntry | RemoveEntry
