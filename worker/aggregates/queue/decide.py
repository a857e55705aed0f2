"""What a queue does now: whom it offers to whom, and what it owes to those whom an end concerns."""

from __future__ import annotations

from collections.abc import Iterator

from ingress.envelope import Address, AggregateKind
from worker.aggregates.queue.state import Caller, FreeAgent, Queue
from worker.commands import command as c
from worker.decisions.decision import Act, CancelTimer, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events.event import Event
from worker.events.outcomes import Observed, Queued, QueueSeen
from worker.policy.model import Queue as QueuePolicy
from worker.policy.model import Tenant

#: A caller who left the agent's conference has hung up as a rule; after so long without word of it the leg is ended.
ENDS_WITHIN_MS = 5_000


def decide(queue: Queue, event: Event, policy: Tenant) -> tuple[Act, ...]:
    """Return what the queue does after *event*. A queue that is not in the policy offers nothing."""
    rules = policy.queues.get(queue.name)
    if rules is None:
        return ()
    return (*_owed(queue), *_looked(queue, event), *_callers(queue, event, rules), *_offers(queue, event, rules))


def longest_idle(agents: dict[str, FreeAgent | None]) -> list[FreeAgent]:
    """Return the free agents, the one who has been idle longest first."""
    return sorted((a for a in agents.values() if a is not None), key=lambda a: (a.idle_since_ms, a.agent))


def in_turn(callers: dict[str, Caller], *, max_attempts: int) -> list[Caller]:
    """Return the callers to be offered: by priority, then by age."""
    waiting = (x for x in callers.values() if x.waits and not x.overdue and x.attempts < max_attempts)
    return sorted(waiting, key=lambda x: (-x.priority, x.arrived_ms, x.call))


def _owed(queue: Queue) -> Iterator[Act]:
    for release in queue.releases:
        yield CancelTimer(f"offer:{release.offer}")
        yield CancelTimer(f"connect:{release.offer}")
        yield Tell(_to(queue, "agent", release.agent), n.OfferWithdrawn(release.offer, release.reason))
    for undo in queue.undos:
        yield CancelTimer(f"connect:{undo.offer}")
        yield Tell(_to(queue, "call", undo.call), n.Disconnect(undo.offer))
    for presence in queue.presences:
        notice = n.CallerSeen if presence.inside else n.LegGone
        yield Tell(_to(queue, "conference", presence.conference), notice(presence.call, presence.at_ms))


def _looked(queue: Queue, event: Event) -> Iterator[Act]:
    """Tell those legs of which Telnyx's own queue shows something else than we know."""
    if not isinstance(event.body, Observed):
        return
    look = event.body
    for found in unknown(queue, look):
        notice = n.InQueue(found.number, found.dialled, look.at_ms or event.received_ms)
        yield Tell(_to(queue, "call", found.call), notice)
    for call in missing(queue, look):
        yield Tell(_to(queue, "call", call), n.OutOfQueue())


def unknown(queue: Queue, look: Observed) -> tuple[Queued, ...]:
    """Return the callers whom *look* found in Telnyx's queue and we know nothing of."""
    found = look.seen.callers if isinstance(look.seen, QueueSeen) else ()
    return tuple(x for x in found if x.call not in queue.callers and x.call not in queue.departed)


def missing(queue: Queue, look: Observed) -> tuple[str, ...]:
    """Return the callers who had come before *look* and wait, and were not found in Telnyx's queue."""
    if not isinstance(look.seen, QueueSeen) or look.at_ms is None:
        return ()
    found = {x.call for x in look.seen.callers}
    at_ms = look.at_ms
    return tuple(x.call for x in queue.callers.values() if x.waits and x.arrived_ms < at_ms and x.call not in found)


def _callers(queue: Queue, event: Event, rules: QueuePolicy) -> Iterator[Act]:
    for caller in queue.callers.values():
        if not caller.timed:
            yield SetTimer(f"max-wait:{caller.call}", caller.arrived_ms + round(rules.max_wait_secs * 1000))
        if caller.ending == "left":
            yield SetTimer(f"left:{caller.call}", event.received_ms + ENDS_WITHIN_MS)
        elif caller.ending == "due" and not caller.dismissed:
            yield Tell(_to(queue, "call", caller.call), n.GoOn("finished"))
        elif caller.waits and caller.overdue:
            yield Tell(_to(queue, "call", caller.call), n.GoOn("max-wait"))
        elif caller.waits and caller.attempts >= rules.max_attempts:
            yield Tell(_to(queue, "call", caller.call), n.GoOn("failed"))
        elif caller.offer is not None and caller.offer.step == "accepted":
            yield from _assign(queue, caller, event, rules)
        elif caller.offer is not None and caller.offer.step == "doubted":
            yield Send(c.ReadParticipants(caller.offer.conference))


def _assign(queue: Queue, caller: Caller, event: Event, rules: QueuePolicy) -> Iterator[Act]:
    """The agent is reserved: send the caller into the agent's conference. The one place from which a join follows."""
    offer = caller.offer
    if offer is None:
        return
    yield CancelTimer(f"offer:{offer.id}")
    yield SetTimer(f"connect:{offer.id}", event.received_ms + round(rules.connect_secs * 1000))
    yield Tell(_to(queue, "agent", offer.agent), n.OfferAssigned(offer.id, caller.call))
    expected = n.CallerExpected(offer.id, caller.call, queue.name, offer.agent)
    yield Tell(_to(queue, "conference", offer.conference), expected)
    yield Tell(_to(queue, "call", caller.call), n.Connect(offer.id, offer.conference))


def _offers(queue: Queue, event: Event, rules: QueuePolicy) -> Iterator[Act]:
    waiting = in_turn(queue.callers, max_attempts=rules.max_attempts)
    for number, (caller, agent) in enumerate(zip(waiting, longest_idle(queue.agents), strict=False)):
        offer = f"{queue.name}/{event.id}/{number}"
        yield Tell(_to(queue, "agent", agent.agent), n.OfferMade(offer, caller.call, queue.name))
        yield SetTimer(f"offer:{offer}", event.received_ms + round(rules.offer_secs * 1000))


def _to(queue: Queue, kind: AggregateKind, ident: str) -> Address:
    return Address(queue.address.tenant, kind, ident)
