"""What a queue does now: whom it offers to whom, and what it owes to those whom an end concerns."""

from __future__ import annotations

from ingress.intents.model import Asked
from worker.aggregates.queue import asking, choosing, staying
from worker.aggregates.queue.desk import Desk
from worker.aggregates.queue.state import Departure, Queue
from worker.aggregates.queue.tally import Met
from worker.commands import command as c
from worker.decisions.decision import Act, CancelTimer, Note, Send, SetTimer
from worker.events import notices as n
from worker.events.event import Event
from worker.events.outcomes import Observed, Queued, QueueSeen
from worker.policy.model import Tenant

#: Callers whose number is one of these cannot be told from each other.
NO_NUMBER = frozenset({"", "anonymous", "restricted", "unknown", "unavailable"})


def decide(queue: Queue, event: Event, policy: Tenant) -> tuple[Act, ...]:
    """Return what the queue does after *event*. One that the policy no longer has sends its callers away."""
    desk = Desk(queue, event, policy)
    _owed(desk, queue)
    _looked(desk, queue)
    for departure in queue.left:
        _departed(desk, departure)
    for met in queue.met:
        _met(desk, met)
    if isinstance(event.body, Asked):
        asking.answer(desk, event.body.intent, event.body.by)
    everybody = queue.sweep or desk.removed or queue.emptied
    callers = [call for _, _, call in queue.present] if everybody else []
    for call in dict.fromkeys((*callers, *queue.agenda)):
        staying.see_to(desk, call, emptied=queue.emptied)
    if not desk.removed:
        choosing.offer(desk)
    return tuple(desk.acts)


def unknown(queue: Queue, look: Observed) -> tuple[Queued, ...]:
    """Return the callers whom *look* found in Telnyx's queue and we know nothing of."""
    found = look.seen.callers if isinstance(look.seen, QueueSeen) else ()
    at_ms = look.at_ms
    return tuple(x for x in found if x.call not in queue.callers and not _has_left(queue, x.call, at_ms))


def missing(queue: Queue, look: Observed) -> tuple[str, ...]:
    """Return the callers who had come before *look* and wait, and were not found in Telnyx's queue."""
    if not isinstance(look.seen, QueueSeen) or look.at_ms is None:
        return ()
    found = {x.call for x in look.seen.callers}
    waiting = (queue.callers[call] for _, _, call in queue.present)
    here = (x for x in waiting if not x.held and x.callback is None and x.arrived_ms < look.at_ms)
    return tuple(sorted(x.call for x in here if x.call not in found))


def _has_left(queue: Queue, call: str, at_ms: int | None) -> bool:
    gone = queue.departed.get(call)
    return gone is not None and not (gone.moved and at_ms is not None and at_ms > gone.at_ms)


def _owed(desk: Desk, queue: Queue) -> None:
    for release in queue.releases:
        desk.do(CancelTimer(f"offer:{release.offer}"))
        desk.do(CancelTimer(f"connect:{release.offer}"))
        desk.tell("agent", release.agent, n.OfferWithdrawn(release.offer, release.reason))
    for undo in queue.undos:
        desk.do(CancelTimer(f"connect:{undo.offer}"))
        desk.tell("call", undo.call, n.Disconnect(undo.offer))
    for renamed in queue.renamed:
        desk.tell("call", renamed.call, renamed.handed)
    for presence in queue.presences:
        notice = n.CallerSeen if presence.inside else n.LegGone
        desk.tell("conference", presence.conference, notice(presence.call, presence.at_ms))
    for stray in queue.strays:
        desk.do(Send(c.Hangup(stray)))


def _looked(desk: Desk, queue: Queue) -> None:
    """Tell those legs of which Telnyx's own queue shows something else than we know."""
    if not isinstance(desk.event.body, Observed):
        return
    look = desk.event.body
    for found in unknown(queue, look):
        notice = n.InQueue(found.number, found.dialled, look.at_ms or desk.now_ms)
        desk.tell("call", found.call, notice)
    for call in missing(queue, look):
        desk.tell("call", call, n.OutOfQueue())


def _departed(desk: Desk, departure: Departure) -> None:
    """Say what the end of a stay was, and keep the place of one who may ring again."""
    caller = departure.caller
    desk.cancel_all(caller)
    if caller.end is not None:
        return
    if departure.moved:
        desk.do(Note("moved", caller.call))
        return
    waited_ms = max(0, departure.at_ms - caller.arrived_ms)
    short = caller.callback is None and waited_ms < desk.rules.short_abandon_secs * 1000
    desk.do(Note("short-abandoned" if short else "abandoned", caller.call, str(waited_ms)))
    if not short and waited_ms > desk.rules.service_level_secs * 1000:
        desk.do(Note("abandoned-late", caller.call))
    if desk.rules.resume_secs > 0 and caller.number.lower() not in NO_NUMBER:
        desk.do(Note("lapsed", caller.number, str(caller.since_ms)))
        desk.do(SetTimer(f"resume:{caller.number}", desk.now_ms + round(desk.rules.resume_secs * 1000)))


def _met(desk: Desk, met: Met) -> None:
    """Say what the policy makes of a meeting that was heard of after the end of the stay."""
    parted = desk.queue.parted.get(met.offer)
    if parted is None:
        return
    waited_ms = max(0, met.at_ms - parted.arrived_ms)
    in_time = not parted.called_back and waited_ms <= desk.rules.service_level_secs * 1000
    desk.do(Note("met-in-time" if in_time else "met", met.offer, str(waited_ms)))
