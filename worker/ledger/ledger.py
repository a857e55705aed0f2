"""Everything that a partition's log and journal amount to: aggregates, unfinished commands, timers, quarantine.

The one place where an event and its recorded decision become state. A live owner goes through `decide`, a recovery and
a replay through `follow`; both take an event in by the same steps, which is why they agree.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from ingress.envelope import Address
from ingress.ids import command_id, notice_id
from ingress.log import Partition
from worker.aggregates import machine
from worker.commands.command import AnyCommand
from worker.decisions.decision import Accept, Act, CancelTimer, GoTo, Note, Quarantine, Refuse, Send, SetTimer, Tell
from worker.events.event import Event
from worker.events.intents import Release
from worker.events.notices import Told
from worker.events.outcomes import Observed, Outcome
from worker.events.policies import PolicyLoaded
from worker.events.timers import TimerFired
from worker.ledger.aside import SetAside
from worker.ledger.governing import Governing, is_about_policy
from worker.ledger.trace import trace_of
from worker.policy.model import Policy

#: A finished aggregate is kept for so long after its last event, as the tombstone that answers late ones.
TOMBSTONE_MS = 600_000


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


class Taken(msgspec.Struct, frozen=True):
    """What an event led to: the acts, and the commands and timers that are new by them."""

    acts: tuple[Act, ...] = ()
    commands: tuple[Pending, ...] = ()
    timers: tuple[Timer, ...] = ()
    #: What aggregate code raised, if it did.
    error: Exception | None = None


NOTHING = Taken()


class Ledger:
    """The state of one partition.

    Args:
        partition: Which one.
        most_held: Of the events that wait for one aggregate in quarantine, so many are kept in memory. Of later ones
            only the ids are: who takes a release in has to supply what `lacking` names. As a rule all are kept.
    """

    def __init__(self, partition: Partition, *, most_held: int = sys.maxsize) -> None:
        self.partition = partition
        self._most_held = most_held
        #: Whether all that was decided before could be taken in. If not, a later release may be able to, and come to
        #: another state: so this one must not be kept as what the log amounts to.
        self.faithful = True
        self.aggregates: dict[Address, machine.AggregateState] = {}
        #: By which policy is decided here.
        self.governing = Governing()
        #: In the order of the journal.
        self.pending: dict[str, Pending] = {}
        self.timers: dict[tuple[Address, str], Timer] = {}
        #: Finished aggregates with the time of the last event for each (ms), the longest ago first.
        self.finished: dict[Address, int] = {}
        self.quarantined: dict[Address, SetAside] = {}
        #: How many commands and timers of an aggregate are open.
        self._open: Counter[Address] = Counter()

    def lacking(self, event: Event) -> list[str]:
        """Return the entry ids of the events that *event*, if it is a release, needs and that are in the log alone."""
        if not isinstance(event.body, Release):
            return []
        aside, without = self.quarantined.get(event.address), event.body.without
        return [name for name in aside.later if name != without] if aside else []

    def decide(self, event: Event, policy: Policy, later: Sequence[Event] | None = None) -> Taken:
        """Take *event* in and decide upon it. Where the code raises, that aggregate alone is set aside.

        The policy that rules the partition decides; *policy* is for a log that has none yet. *later* are the events
        that are `lacking`, but for those that cannot be read any more.
        """
        if not self._enter(event):
            return self._hold(event)
        address, error, at = event.address, None, event
        due = self._due(event, later)
        try:
            state = self._state(address)
            for at in due:
                state = machine.fold(state, at)
            acts = machine.decide(state, event, (self.governing.policy or policy).tenants.get(address.tenant))
            after = machine.adopt(state, acts)
        except Exception as exc:  # noqa: BLE001
            # Aggregate code can fail in any way; its neighbours in the partition must not.
            error = exc
            acts = (Quarantine(f"{type(exc).__name__}: {exc}", trace_of(exc), at.id),)
            self._set_aside(event, acts[0].error)
        else:
            self._settle(event, after)
        commands, timers = self._register(event, acts)
        return Taken(acts, commands, timers, error)

    def set_aside(self, event: Event, error: str) -> Taken:
        """Put the aggregate of *event* in quarantine without looking at it: it has killed its workers."""
        if not self._enter(event):
            return self._hold(event)
        self._set_aside(event, error)
        return Taken((Quarantine(error),))

    def follow(self, event: Event, acts: tuple[Act, ...], later: Sequence[Event] | None = None) -> Taken:
        """Take *event* in with what was decided upon it, deciding nothing; *later* as for `decide`.

        What was decided stands, even where today's code raises upon the event: then the aggregate is set aside, and the
        ledger is not `faithful` any more. The journal says so with the next event that is decided for the aggregate.
        """
        if not self._enter(event):
            if acts and isinstance(acts[0], Quarantine):
                self.quarantined[event.address].unsaid = None
            return Taken(acts, *self._register(event, acts))
        error, at = None, event
        if acts and isinstance(acts[0], Quarantine):
            self._set_aside(event, acts[0].error)
        else:
            due = self._due(event, later)
            try:
                state = self._state(event.address)
                for at in due:
                    state = machine.fold(state, at)
                after = machine.adopt(state, acts)
            except Exception as exc:  # noqa: BLE001
                error = exc
                unsaid = Quarantine(f"{type(exc).__name__}: {exc}", trace_of(exc), at.id)
                self._set_aside(event, unsaid.error, unsaid=unsaid)
                self.faithful = False
            else:
                self._settle(event, after)
        return Taken(acts, *self._register(event, acts), error)

    def restore(
        self,
        pending: Iterable[Pending],
        timers: Iterable[Timer],
        finished: Iterable[tuple[Address, int]],
        quarantined: Iterable[SetAside],
        governing: PolicyLoaded | None = None,
    ) -> None:
        """Take in what a snapshot has besides the aggregates."""
        self.pending = {each.command_id: each for each in pending}
        self.governing = Governing().after(governing)
        self.timers = {(each.address, each.key): each for each in timers}
        self.finished = dict(finished)
        self.quarantined = {each.address: each for each in quarantined}
        self._open = Counter(command.address for command in self.pending.values())
        self._open.update(timer.address for timer in self.timers.values())

    def _enter(self, event: Event) -> bool:
        """Close what *event* ends, forget what is long finished; return whether its aggregate is to look at it."""
        self._close(event)
        self._forget(event.received_ms)
        if is_about_policy(event.body):
            self.governing = self.governing.after(event.body)
            return False
        aside = self.quarantined.get(event.address)
        if aside is None:
            return True
        if isinstance(event.body, Release):
            aside.leave_out(event.body.without)
            return True
        aside.hold(event, self._most_held)
        return False

    def _hold(self, event: Event) -> Taken:
        """Return what is decided upon an event that only waits: nothing, or what the journal does not say yet."""
        aside = self.quarantined.get(event.address)
        if aside is None or aside.unsaid is None:
            return NOTHING
        acts, aside.unsaid = (aside.unsaid,), None
        return Taken(acts)

    def _state(self, address: Address) -> machine.AggregateState:
        state = self.aggregates.get(address)
        return machine.new(address) if state is None else state

    def _due(self, event: Event, later: Sequence[Event] | None) -> tuple[Event, ...]:
        """Return what is to be folded upon *event*: those that waited for it, if it is a release, and itself."""
        aside = self.quarantined.get(event.address)
        if aside is None:
            return (event,)
        if aside.later and later is None:
            raise LookupError(f"{len(aside.later)} events that wait for {event.id} were not supplied")
        return (*aside.held, *(later or ()), event)

    def _set_aside(self, event: Event, error: str, *, unsaid: Quarantine | None = None) -> None:
        """Hold the event that the code cannot bear; a release that did not help leaves those that wait as they are."""
        aside = self.quarantined.setdefault(event.address, SetAside(event.address, error, event.received_ms, [event]))
        aside.error, aside.since_ms, aside.unsaid = error, event.received_ms, unsaid
        self.finished.pop(event.address, None)

    def _settle(self, event: Event, state: machine.AggregateState) -> None:
        self.quarantined.pop(event.address, None)
        self.aggregates[event.address] = state

    def _register(self, event: Event, acts: tuple[Act, ...]) -> tuple[tuple[Pending, ...], tuple[Timer, ...]]:
        """Note the commands and timers among *acts*, and whether the aggregate is finished by now."""
        address = event.address
        commands: list[Pending] = []
        timers: list[Timer] = []
        for index, act in enumerate(acts):
            match act:
                case Send(command):
                    name = command_id(address.tenant, self.partition, event.id, index)
                    pending = Pending(name, command, address, event.received_ms)
                    self.pending[name] = pending
                    self._open[address] += 1
                    commands.append(pending)
                case SetTimer(key, due_ms):
                    timer = Timer(address, key, due_ms, f"t:{self.partition}:{event.id}:{index}")
                    self._cancel(address, key)
                    self.timers[address, key] = timer
                    self._open[address] += 1
                    timers.append(timer)
                case CancelTimer(key):
                    self._cancel(address, key)
                case Tell() | Quarantine() | Refuse() | Accept() | Note() | GoTo():
                    pass
        self._note_finished(address, event.received_ms)
        return tuple(commands), tuple(timers)

    def _close(self, event: Event) -> None:
        body = event.body
        if isinstance(body, Outcome | Observed):
            ended = self.pending.pop(body.command_id, None)
            if ended is not None:
                self._shut(ended.address)
        elif isinstance(body, TimerFired):
            timer = self.timers.get((event.address, body.key))
            if timer is not None and timer.due_ms == body.due_ms:
                self._cancel(event.address, body.key)

    def _cancel(self, address: Address, key: str) -> None:
        if self.timers.pop((address, key), None) is not None:
            self._shut(address)

    def _shut(self, address: Address) -> None:
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]

    def _note_finished(self, address: Address, now_ms: int) -> None:
        self.finished.pop(address, None)
        state = self.aggregates.get(address)
        if address not in self._open and address not in self.quarantined and state and machine.finished(state):
            self.finished[address] = now_ms

    def _forget(self, now_ms: int) -> None:
        """Drop tombstones whose time is over, by the log's own time: a replay drops them at the same event."""
        while self.finished:
            address, at_ms = next(iter(self.finished.items()))
            if at_ms + TOMBSTONE_MS > now_ms:
                return
            del self.finished[address]
            del self.aggregates[address]


def tellings(
    partition: Partition, cause_id: str, sender: Address, acts: tuple[Act, ...]
) -> Iterator[tuple[str, Address, Told]]:
    """Yield the notices among *acts* as (event id, receiver, body); the ids are the same at every delivery."""
    for index, act in enumerate(acts):
        if isinstance(act, Tell):
            yield notice_id(partition, cause_id, index), act.to, Told(sender, act.notice)
