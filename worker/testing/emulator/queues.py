"""Queues: made when first used; left by joining a conference, by leaving, by ending, or by waiting too long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from worker.testing.emulator.problems import refuse
from worker.testing.emulator.world import Leg, World, now, secs_between

#: A queue that an enqueue makes holds so many.
IMPLICIT_MAX_SIZE = 100


@dataclass
class Queue:
    """One queue."""

    id: str
    name: str
    max_size: int = IMPLICIT_MAX_SIZE
    calls: list[Leg] = field(default_factory=list)
    created_at: str = field(default_factory=now)


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

    def enqueue(
        self, leg: Leg, name: str, *, max_wait_secs: int | None, max_size: int | None, client_state: str | None
    ) -> None:
        """Put a leg at the end of a queue."""
        queue = self.by_name.get(name) or Queue(self.world.new_uuid(), name, max_size or IMPLICIT_MAX_SIZE)
        if leg in queue.calls:
            refuse("90038", f"the call is in {name} already")
        if len(queue.calls) >= queue.max_size:
            refuse("90036", f"{name} holds {queue.max_size} calls")
        self.world.set_state(leg, client_state)
        if leg.queue is not None:
            self.world.violations.append(f"{leg.id} enters {name} while in the queue {leg.queue}")
            self.remove(leg, "leave")
        for take_out in self.entering:
            take_out(leg)
        self.by_name[name] = queue
        average = self.average_wait_secs(queue)
        queue.calls.append(leg)
        leg.queue, leg.enqueued_at = name, now()
        self.world.say(
            leg, "call.enqueued", queue=name, current_position=len(queue.calls), queue_avg_wait_time_secs=average
        )
        if max_wait_secs is not None:
            entered = leg.enqueued_at

            def time_out() -> None:
                if leg.enqueued_at == entered:
                    self.remove(leg, "timeout")

            self.world.later(max_wait_secs, time_out)

    def remove(self, leg: Leg, reason: str) -> bool:
        """Take a leg out of its queue, if it is in one; say whether it was."""
        queue = self.by_name.get(leg.queue or "")
        if queue is None or leg not in queue.calls:
            return False
        position = queue.calls.index(leg) + 1
        waited = self.waited_secs(leg)
        queue.calls.remove(leg)
        leg.queue = None
        self.world.say(
            leg, "call.dequeued", queue=queue.name, queue_position=position, reason=reason, wait_time_secs=waited
        )
        return True

    def _leg_ended(self, leg: Leg) -> None:
        self.remove(leg, "hangup")

    def waited_secs(self, leg: Leg) -> int:
        """Return how long a leg has been in its queue."""
        return 0 if leg.enqueued_at is None else secs_between(leg.enqueued_at, now())

    def average_wait_secs(self, queue: Queue) -> int:
        """Return how long those who are in a queue have been there, on average."""
        return sum(map(self.waited_secs, queue.calls)) // max(1, len(queue.calls))
