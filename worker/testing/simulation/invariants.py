"""What must be so in a simulated world, however it is broken: looked at each virtual second, and when all is quiet."""

from __future__ import annotations

import re
from collections import Counter

import msgspec

from ingress.ids import command_id
from ingress.log import Partition
from worker.decisions.decision import Decision, Send, decode_decision
from worker.events.event import Event
from worker.events.outcomes import Observed, Outcome
from worker.ledger import image
from worker.ledger.ledger import Ledger
from worker.runtime.journal import events_of, order_of
from worker.testing.emulator.clock import secs_between
from worker.testing.emulator.legs import Leg
from worker.testing.simulation import records
from worker.testing.simulation.centre import OUTSIDE, VIP
from worker.testing.simulation.conduct import Conduct, may_take
from worker.testing.simulation.redis.streams import show_id
from worker.testing.simulation.world import KEYS, WRAP_UP_SECS, Simulation

#: With the faults over, nobody waits longer than this while an agent who could take him has been free as long.
WAITS_SECS = 30.0

_states = msgspec.json.Encoder(order="deterministic")
_VARIES = re.compile(r"v3:\S+|[0-9a-f-]{36}")


class Watch:
    """Looks at one world."""

    def __init__(self, world: Simulation) -> None:
        self._world = world
        self._positions: dict[Partition, tuple[int, int]] = {}
        self._waited_since: dict[tuple[str, str], float] = {}
        self._free_since: dict[str, float] = {}
        self._conduct = Conduct(world)

    def look(self, now: float) -> None:
        """Look at what must be so at any time; *now* is the virtual time of the run."""
        world = self._world
        for violation in world.phones.violations:
            if "is dialled" in violation and violation.startswith(self._shared()):
                # Two callers may be given on to one number, or be called back at that of their company; a supervisor
                # may be asked into two conversations.
                continue
            world.complain(f"at the phones: {violation}")
        for (operation, name), count in world.effects.items():
            if count > 1:
                world.complain(f"{operation} with the id {name} was carried out {count} times")
        for machine in (world.door, *world.workers):
            for accident in machine.accidents:
                world.complain(accident)
        for leg in world.phones.legs.values():
            self._alone(leg)
        for partition in world.partitions():
            self._one_owner(partition)
            self._forward(partition)
        self._conduct.look()
        self._nobody_waits_for_nothing(now)

    def look_when_quiet(self) -> None:
        """Look at what must be so in the end."""
        world = self._world
        for partition in world.partitions():
            events, decisions = self.events(partition), self.decisions(partition)
            self._each_once(partition, events, decisions)
            self._as_replayed(partition, events, decisions)
        everything = [event for partition in world.partitions() for event in self.events(partition)]
        decided = [each for partition in world.partitions() for each in self.decisions(partition).items()]
        self._conduct.look_when_quiet(everything, decided)
        histories = ((each, self.events(each), self.decisions(each)) for each in world.partitions())
        for complaint in records.complaints(histories):
            world.complain(complaint)
        self._accepted()
        self._nothing_undecided()
        for leg in world.phones.legs.values():
            if leg.incoming:
                self._ended_well(leg)

    def busy_with(self) -> str | None:
        """Return what there still is to do, or None when all is quiet."""
        world = self._world
        if any(leg.incoming and leg.alive for leg in world.phones.legs.values()):
            return "somebody is on the phone"
        if world.delivery.under_way:
            return "webhooks are on their way"
        held: Counter[Partition] = Counter()
        for machine in world.workers:
            if machine.process is None or machine.worker is None:
                continue
            held.update(machine.worker.held)
            for partition, ledger in machine.worker.ledgers().items():
                if ledger.pending:
                    named = ", ".join(str(pending.command) for pending in ledger.pending.values())
                    return f"partition {partition} has unfinished commands: {named}"
        for partition in world.partitions():
            if held[partition] != 1:
                return f"partition {partition} has {held[partition]} owners"
            last = world.stream(KEYS.log(partition)).last
            if order_of(world.text(KEYS.position(partition)) or "0-0") != last:
                return f"partition {partition} has events that are not decided"
        return self._conduct.busy_with()

    def events(self, partition: Partition) -> list[Event]:
        """Return the events of a partition's log."""
        stream = self._world.stream(KEYS.log(partition))
        pairs = [
            (show_id(ident), dict(zip(fields[::2], fields[1::2], strict=True)))
            for ident, fields in zip(stream.ids, stream.fields, strict=True)
        ]
        return list(events_of(pairs))

    def decisions(self, partition: Partition) -> dict[str, Decision]:
        """Return the decisions of a partition's journal, by the event that each is upon."""
        stream = self._world.stream(KEYS.journal(partition))
        return {
            show_id(ident).decode(): decode_decision(fields[1])
            for ident, fields in zip(stream.ids, stream.fields, strict=True)
        }

    def _shared(self) -> tuple[str, ...]:
        supervisors = (each.address for each in self._world.tenant().supervisors.values())
        return (*OUTSIDE, VIP, *supervisors)

    def _alone(self, leg: Leg) -> None:
        """No agent has two callers, no caller two agents, unless one consults the other: as Telnyx has it."""
        if leg.conference is None or not leg.alive:
            return
        inside = self._world.telephony.conferences.by_id[leg.conference].legs
        kinds = Counter(self._world.kind_of(each) for each in inside)
        callers, agents = kinds["caller"], kinds["agent"]
        there = frozenset(each.to for each in inside if self._world.kind_of(each) == "agent")
        if callers > 1 or agents > 2 or (agents == 2 and there not in self._world.people.consults):
            self._world.complain(f"{callers} callers and {agents} agents are in one conference")

    def _one_owner(self, partition: Partition) -> None:
        owners = [
            machine.name
            for machine in self._world.workers
            if machine.process is not None and machine.worker is not None
            for held, lease in machine.worker.leases().items()
            if held == partition and lease.held
        ]
        if len(owners) > 1 and self._world.forgot_ms is None:
            self._world.complain(f"partition {partition} has {len(owners)} owners at once: {owners}")

    def _forward(self, partition: Partition) -> None:
        position = order_of(self._world.text(KEYS.position(partition)) or "0-0")
        if position < self._positions.get(partition, (0, 0)) and self._world.forgot_ms is None:
            self._world.complain(f"the position of partition {partition} went back")
        self._positions[partition] = position

    def _nobody_waits_for_nothing(self, now: float) -> None:
        world = self._world
        legs = [leg for leg in world.phones.legs.values() if leg.alive and leg.queue is not None]
        # In another queue other agents may be asked, and its tiers count from when he came into it.
        waiting = [(leg.id, leg.queue or "") for leg in legs]
        free = self._conduct.agents_at_rest()
        self._waited_since = {stay: self._waited_since.get(stay, now) for stay in waiting}
        self._free_since = {agent: self._free_since.get(agent, now) for agent in free}
        begun = now - WAITS_SECS - WRAP_UP_SECS
        if begun < world.history.faults_end_secs + world.history.longest_start_secs:
            return
        idle = [agent for agent, since in self._free_since.items() if since <= begun]
        for call, queue in waiting:
            if self._waited_since[call, queue] <= begun and any(may_take(world, agent, queue) for agent in idle):
                world.complain(f"somebody has waited for {WAITS_SECS:g} s while an agent was free: {call[:12]}")

    def _each_once(self, partition: Partition, events: list[Event], decisions: dict[str, Decision]) -> None:
        """Each event is in the log once; each decision is upon one of them; each command has one end."""
        world = self._world
        for event_id, count in Counter(event.event_id for event in events).items():
            if count > 1:
                world.complain(f"the event {event_id} is {count} times in the log of partition {partition}")
        known = {event.id for event in events}
        ended = Counter(event.body.command_id for event in events if isinstance(event.body, Outcome | Observed))
        for cause, decision in decisions.items():
            if cause not in known:
                world.complain(f"partition {partition} has a decision upon {cause}, which is not in its log")
            for index, act in enumerate(decision.acts):
                name = command_id(decision.address.tenant, partition, cause, index)
                if isinstance(act, Send) and ended[name] != 1:
                    world.complain(f"{act.command} has {ended[name]} ends")

    def _as_replayed(self, partition: Partition, events: list[Event], decisions: dict[str, Decision]) -> None:
        """The log and the journal, taken in from the beginning, are the owner's state byte for byte."""
        world = self._world
        position = order_of(world.text(KEYS.position(partition)) or "0-0")
        replayed = Ledger(partition)
        for event in events:
            if order_of(event.id) <= position:
                decision = decisions.get(event.id)
                replayed.follow(event, decision.acts if decision else ())
                self._conduct.followed(event, replayed)
        for machine in world.workers:
            if machine.process is None or machine.worker is None:
                continue
            live = machine.worker.ledgers().get(partition)
            if live is not None and written(live) != written(replayed):
                world.complain(f"partition {partition}: {machine.name} holds another state than the log has")
        for aside in replayed.quarantined.values():
            world.complain(f"{aside.address.kind} was set aside: {aside.error}")

    def _nothing_undecided(self) -> None:
        """Whatever was done at Telnyx stands in a journal."""
        world = self._world
        decided = {
            command_id(decision.address.tenant, partition, cause, index)
            for partition in world.partitions()
            for cause, decision in self.decisions(partition).items()
            for index in range(len(decision.acts))
        }
        for operation, name in world.effects:
            if name not in decided and world.forgot_ms is None:
                world.complain(f"{operation} with the id {name} was carried out, and nobody decided it")

    def _accepted(self) -> None:
        """What was answered 200 is in the log, once."""
        world = self._world
        kept = Counter(event.event_id for partition in world.partitions() for event in self.events(partition))
        for event_id, at_ms in world.door.accepted.items():
            if kept[event_id] != 1 and (world.forgot_ms is None or at_ms > world.forgot_ms):
                world.complain(f"the webhook {event_id} was accepted and is {kept[event_id]} times in the log")

    def _ended_well(self, leg: Leg) -> None:
        """A caller was answered, or gave up, or we hung up upon him and had a reason."""
        talked = any(
            other is not leg and not other.incoming and stay.conference == theirs.conference
            for stay in leg.stays
            for other in self._world.phones.legs.values()
            for theirs in other.stays
        )
        gave_up = leg.cause == "originator_cancel" or (
            leg.ended_at is not None
            and secs_between(leg.started_at, leg.ended_at) >= int(self._world.patience_secs.get(leg.id, 0.0))
        )
        himself = gave_up or leg.id in self._world.people.left
        if not himself and not self._conduct.ended_well(leg, talked=talked):
            self._world.complain(f"a caller's call ended ({leg.cause}) for no reason")


def written(ledger: Ledger) -> bytes:
    """Return a ledger as bytes that do not depend on the order in which its parts came."""
    picture = image.take(ledger, "", 0)
    head = msgspec.structs.replace(
        picture.head,
        timers=tuple(sorted(picture.head.timers, key=lambda timer: timer.event_id)),
        finished=tuple(sorted(picture.head.finished)),
    )
    return _states.encode([head, sorted(picture.states, key=lambda state: state.address)])


def kind_of(complaint: str) -> str:
    """Return what a complaint is about, without its time and whom it concerns."""
    return re.sub(r"\d+", "#", _VARIES.sub("…", complaint.partition(": ")[2]))
