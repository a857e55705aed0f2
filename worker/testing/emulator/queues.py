"""Queues: made when first used; left by joining a conference, by leaving, by ending, or by waiting too long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from worker.testing.emulator.clock import Timer, secs_between
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.problems import refuse
from worker.testing.emulator.world import World

#: A queue that an enqueue makes holds so many; one that is made by itself, so many.
IMPLICIT_MAX_SIZE = 100
EXPLICIT_MAX_SIZE = 300


@dataclass(eq=False)
class Entry:
    """A leg's place in a queue."""

    leg: Leg
    enqueued_at: str
    keep_after_hangup: bool = False


@dataclass(eq=False)
class Queue:
    """One queue."""

    id: str
    name: str
    max_size: int
    created_at: str
    updated_at: str
    entries: list[Entry] = field(default_factory=list)
    #: Removes it if it stays empty.
    removal: Timer | None = None

    def entry(self, leg_id: str) -> Entry | None:
        """Return a leg's entry."""
        return next((entry for entry in self.entries if entry.leg.id == leg_id), None)


class Queues:
    """All queues."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.by_name: dict[str, Queue] = {}
        #: Takes a leg that is to be enqueued out of where it is; set by those that hold it.
        self.entering: list[Callable[[Leg], None]] = []
        world.departures.append(self._leg_ended)

    def get(self, name: str) -> Queue:
        """Return a queue, or refuse."""
        queue = self.by_name.get(name)
        if queue is None:
            refuse("10005", f"there is no queue {name}")
        return queue

    def entry(self, name: str, leg_id: str) -> Entry:
        """Return a leg's entry in a queue, or refuse."""
        entry = self.get(name).entry(leg_id)
        if entry is None:
            refuse("10005", "The call is not in this queue")
        return entry

    def create(self, name: str, max_size: int | None) -> Queue:
        """Make a queue; what is done about one that is there already is `Unconfirmed.duplicate_queue`."""
        if name in self.by_name:
            if self.world.settings.unconfirmed.duplicate_queue == "refused":
                refuse("10015", f"there is a queue {name} already", pointer="/queue_name")
            return self.by_name[name]
        return self._make(name, max_size or EXPLICIT_MAX_SIZE)

    def update(self, name: str, max_size: int) -> Queue:
        """Change how many calls a queue may hold; those who are in it stay."""
        queue = self.get(name)
        queue.max_size, queue.updated_at = max_size, self.world.clock.text()
        return queue

    def delete(self, name: str) -> None:
        """Remove an empty queue."""
        queue = self.get(name)
        if queue.entries:
            refuse("90050", f"{name} holds {len(queue.entries)} calls")
        del self.by_name[name]

    def enqueue(
        self,
        leg: Leg,
        name: str,
        *,
        max_wait_secs: int | None,
        max_size: int | None,
        keep_after_hangup: bool = False,
        client_state: str | None = None,
    ) -> None:
        """Put a leg at the end of a queue."""
        queue = self.by_name.get(name)
        if queue is not None and queue.entry(leg.id):
            refuse("90038", f"the call is in {name} already")
        if queue is not None and max_size is not None and max_size != queue.max_size:
            refuse("90037", f"{name} holds {queue.max_size} calls at most", pointer="/max_size")
        if queue is not None and len(queue.entries) >= queue.max_size:
            refuse("90036", f"{name} holds {queue.max_size} calls")
        if leg.queue is not None:
            self.world.violations.append(f"{leg.id} enters {name} while in the queue {leg.queue}")
            if self.world.settings.unconfirmed.second_queue == "refused":
                refuse("90038", f"the call is in {leg.queue}")
        self.world.set_state(leg, client_state)
        self.remove(leg, "leave")
        for take_out in self.entering:
            take_out(leg)
        queue = queue or self._make(name, max_size or IMPLICIT_MAX_SIZE)
        average = self.average_wait_secs(queue)
        entry = Entry(leg, self.world.clock.text(), keep_after_hangup)
        queue.entries.append(entry)
        self._forget_when_empty(queue)
        leg.queue = name
        self.world.say(
            leg,
            "call.enqueued",
            queue=name,
            current_position=len(queue.entries),
            queue_avg_wait_time_secs=average,
        )
        if max_wait_secs is not None:
            self.world.later(max_wait_secs, lambda: self._overdue(queue, entry))

    def remove(self, leg: Leg, reason: str) -> bool:
        """Take a leg out of its queue, if it is in one; say whether it was."""
        queue = self.by_name.get(leg.queue or "")
        entry = queue.entry(leg.id) if queue else None
        if queue is None or entry is None:
            return False
        self._take(queue, entry, reason)
        return True

    def drop(self, name: str, leg_id: str) -> None:
        """Remove the entry of a call that has ended; that of a live call is refused."""
        entry = self.entry(name, leg_id)
        if entry.leg.alive:
            refuse("10015", "only calls that have ended can be removed", pointer="/call_control_id")
        queue = self.get(name)
        queue.entries.remove(entry)
        self._forget_when_empty(queue)

    def waited_secs(self, entry: Entry) -> int:
        """Return how long a leg has been in its queue; one that has ended waits no longer."""
        return secs_between(entry.enqueued_at, entry.leg.ended_at or self.world.clock.text())

    def average_wait_secs(self, queue: Queue) -> int:
        """Return how long those who are in a queue have been there, on average."""
        return sum(map(self.waited_secs, queue.entries)) // max(1, len(queue.entries))

    def _make(self, name: str, max_size: int) -> Queue:
        now = self.world.clock.text()
        queue = Queue(self.world.new_uuid(), name, max_size, now, now)
        self.by_name[name] = queue
        self._forget_when_empty(queue)
        return queue

    def _take(self, queue: Queue, entry: Entry, reason: str) -> None:
        leg, position, waited = entry.leg, queue.entries.index(entry) + 1, self.waited_secs(entry)
        leg.queue = None
        if reason == "hangup" and entry.keep_after_hangup:
            return
        queue.entries.remove(entry)
        if reason != "hangup" or self.world.settings.unconfirmed.dequeued_by_hangup:
            self.world.say(
                leg,
                "call.dequeued",
                queue=queue.name,
                queue_position=position,
                reason=reason,
                wait_time_secs=waited,
            )
        self._forget_when_empty(queue)

    def _overdue(self, queue: Queue, entry: Entry) -> None:
        if entry in queue.entries and entry.leg.alive:
            self._take(queue, entry, "timeout")
            self.world.tell(entry.leg, "parked")

    def _leg_ended(self, leg: Leg) -> None:
        self.remove(leg, "hangup")

    def _forget_when_empty(self, queue: Queue) -> None:
        if queue.removal is not None:
            queue.removal.cancel()
        secs = self.world.settings.unconfirmed.queue_removed_after_secs
        if secs is None or queue.entries:
            return

        def forget() -> None:
            if self.by_name.get(queue.name) is queue:
                del self.by_name[queue.name]

        queue.removal = self.world.clock.later(secs, forget)
