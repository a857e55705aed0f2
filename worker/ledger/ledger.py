"""Everything that a partition's log and journal amount to: aggregates, unfinished commands, timers.

The one place where an event and its recorded decision become state. A live owner, a recovery and a replay all go
through `fold` and `adopt`, which is why they agree.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ingress.envelope import Address
from ingress.log import Partition
from worker.aggregates import machine
from worker.commands.command import AnyCommand
from worker.decisions.decision import Act, CancelTimer, Send, SetTimer, Tell, command_id
from worker.events.event import Event
from worker.events.notices import Told
from worker.events.outcomes import Observed, Outcome
from worker.events.timers import TimerFired


class Pending(msgspec.Struct, frozen=True):
    """A journaled command without an outcome."""

    command_id: str
    command: AnyCommand
    address: Address
    #: When the decision's cause was received (Redis time, ms): not later than the first try.
    decided_ms: int


class Timer(msgspec.Struct, frozen=True):
    """A timer that has been set; `event_id` names the event that its firing will be."""

    address: Address
    key: str
    due_ms: int
    event_id: str


class Ledger:
    """The state of one partition."""

    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        self.aggregates: dict[Address, machine.AggregateState] = {}
        #: In the order of the journal.
        self.pending: dict[str, Pending] = {}
        self.timers: dict[tuple[Address, str], Timer] = {}

    def fold(self, event: Event) -> machine.AggregateState:
        """Take *event* in, and return its aggregate's state. The state is as before if the fold raises."""
        address, body = event.address, event.body
        state = self.aggregates.get(address)
        state = machine.fold(machine.new(address) if state is None else state, event)
        self.aggregates[address] = state
        if isinstance(body, Outcome | Observed):
            self.pending.pop(body.command_id, None)
        elif isinstance(body, TimerFired):
            timer = self.timers.get((address, body.key))
            if timer is not None and timer.due_ms == body.due_ms:
                del self.timers[address, body.key]
        return state

    def adopt(self, event: Event, acts: tuple[Act, ...]) -> tuple[list[Pending], list[Timer]]:
        """Take in what was decided upon *event*; return the commands and the timers that are new by it."""
        if not acts:
            return [], []
        address = event.address
        self.aggregates[address] = machine.adopt(self.aggregates[address], acts)
        commands: list[Pending] = []
        timers: list[Timer] = []
        for index, act in enumerate(acts):
            match act:
                case Send(command):
                    name = command_id(address.tenant, self.partition, event.id, index)
                    pending = Pending(name, command, address, event.received_ms)
                    self.pending[name] = pending
                    commands.append(pending)
                case SetTimer(key, due_ms):
                    timer = Timer(address, key, due_ms, f"t:{self.partition}:{event.id}:{index}")
                    self.timers[address, key] = timer
                    timers.append(timer)
                case CancelTimer(key):
                    self.timers.pop((address, key), None)
                case Tell():
                    pass
        return commands, timers


def tellings(
    partition: Partition, cause_id: str, sender: Address, acts: tuple[Act, ...]
) -> Iterator[tuple[str, Address, Told]]:
    """Yield the notices among *acts* as (event id, receiver, body); the ids are the same at every delivery."""
    for index, act in enumerate(acts):
        if isinstance(act, Tell):
            yield f"n:{partition}:{cause_id}:{index}", act.to, Told(sender, act.notice)
