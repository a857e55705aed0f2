"""Queues: make, change, remove; and who waits in them."""

from __future__ import annotations

from worker.telnyx.calls import operations as calls
from worker.telnyx.calls.queueing import EnqueueBody, LeaveQueueBody
from worker.telnyx.queues import operations as o
from worker.telnyx.queues.bodies import CreateBody, UpdateBody, UpdateCallBody
from worker.testing.emulator.documents import show_queue, show_queued
from worker.testing.emulator.handlers.table import OK, Answer, Table
from worker.testing.emulator.problems import refuse
from worker.testing.emulator.queues import Queues
from worker.testing.emulator.world import World


class QueueHandlers:
    """The commands and reads."""

    def __init__(self, world: World, queues: Queues) -> None:
        self._world = world
        self._queues = queues

    def table(self) -> Table:
        """Return what is done for each operation."""
        return {
            calls.ENQUEUE: self.enqueue,
            calls.LEAVE_QUEUE: self.leave_queue,
            o.LIST: self.list,
            o.CREATE: self.create,
            o.RETRIEVE: self.retrieve,
            o.UPDATE: self.update,
            o.DELETE: self.delete,
            o.CALLS: self.calls,
            o.CALL: self.call,
            o.UPDATE_CALL: self.update_call,
            o.REMOVE_CALL: self.remove_call,
        }

    def enqueue(self, call: str, body: EnqueueBody) -> Answer:
        needs_answer = self._world.settings.unconfirmed.enqueue_needs_answer
        leg = self._world.answered(call) if needs_answer else self._world.leg(call)
        self._queues.enqueue(
            leg,
            body.queue_name,
            max_wait_secs=body.max_wait_time_secs,
            max_size=body.max_size,
            keep_after_hangup=bool(body.keep_after_hangup),
            client_state=body.client_state,
        )
        return OK

    def leave_queue(self, call: str, body: LeaveQueueBody) -> Answer:
        leg = self._world.leg(call)
        if leg.queue is None:
            refuse("90035", "This call is in no queue")
        self._world.set_state(leg, body.client_state)
        self._queues.remove(leg, "leave")
        return OK

    def list(self) -> Answer:
        return [show_queue(self._queues, queue) for queue in self._queues.by_name.values()]

    def create(self, body: CreateBody) -> Answer:
        return show_queue(self._queues, self._queues.create(body.queue_name, body.max_size))

    def retrieve(self, queue: str) -> Answer:
        return show_queue(self._queues, self._queues.get(queue))

    def update(self, queue: str, body: UpdateBody) -> Answer:
        return show_queue(self._queues, self._queues.update(queue, body.max_size))

    def delete(self, queue: str) -> Answer:
        self._queues.delete(queue)
        return None

    def calls(self, queue: str) -> Answer:
        found = self._queues.get(queue)
        return [show_queued(self._queues, found, entry) for entry in found.entries]

    def call(self, queue: str, call: str) -> Answer:
        return show_queued(self._queues, self._queues.get(queue), self._queues.entry(queue, call))

    def update_call(self, queue: str, call: str, body: UpdateCallBody) -> Answer:
        entry = self._queues.entry(queue, call)
        if body.keep_after_hangup is not None:
            entry.keep_after_hangup = body.keep_after_hangup
        return None

    def remove_call(self, queue: str, call: str) -> Answer:
        self._queues.drop(queue, call)
        return None
