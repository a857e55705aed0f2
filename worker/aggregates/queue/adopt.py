"""The queue after its own decision."""

from __future__ import annotations

from msgspec.structs import replace

from worker.aggregates.queue import coming, offering, parting, places
from worker.aggregates.queue.state import Caller, Closed, End, Offer, Queue, TimerKind
from worker.commands import command as c
from worker.decisions.decision import Act, CancelTimer, Note, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events.notices import GoOnReason

#: The timers of one caller.
TIMERS: frozenset[TimerKind] = frozenset(
    {"max-wait", "unstaffed", "stage", "personal", "say", "left", "dial", "retry"}
)  # fmt: skip


def adopt(queue: Queue, acts: tuple[Act, ...]) -> Queue:
    """Return the queue after it has decided *acts*."""
    queue = cleared(queue)
    for act in acts:
        queue = adopt_one(queue, act)
    return queue


def cleared(queue: Queue) -> Queue:
    """Return the queue without what the fold has left for the decision."""
    return replace(
        queue,
        agenda=(),
        sweep=False,
        emptied=False,
        left=(),
        met=(),
        releases=(),
        undos=(),
        renamed=(),
        presences=(),
        strays=(),
    )


def adopt_one(queue: Queue, act: Act) -> Queue:
    """Return the queue after one act of its decision."""
    match act:
        case Tell(to=to, notice=notice):
            return _told(queue, to.id, notice)
        case SetTimer(key=key, due_ms=due_ms):
            return _timed(queue, key, due_ms)
        case CancelTimer(key=key):
            caller, kind = _whose(queue, key)
            return places.put(queue, _untimed(caller, kind)) if caller and kind else queue
        case Note(what=what, of=of, value=value):
            return _noted(queue, what, of, value)
        case Send(command=c.ReadParticipants(conference=conference)):
            for caller, offer in offering.doubts(queue, conference, "doubted"):
                queue = places.put(queue, places.with_offer(caller, replace(offer, step="checking")))
            return queue
        case Send(command=c.Dial(client_state=state)):
            return _dials(queue, coming.called_back(queue, state.purpose or ""))
        case _:
            return queue


def _told(queue: Queue, to: str, notice: n.AnyNotice) -> Queue:
    match notice:
        case n.OfferMade(offer=offer, call=call):
            return _offered(queue, to, offer, call)
        case n.OfferWithdrawn(offer=offer):
            caller = queue.caller_of(offer)
            return places.put(queue, places.without_offer(caller, offer)) if caller else queue
        case n.OfferAssigned(offer=offer):
            caller = queue.caller_of(offer)
            known = places.offer_named(caller, offer) if caller else None
            if caller is None or known is None:
                return queue
            return places.put(queue, places.with_offer(caller, replace(known, step="assigned")))
        case n.GoOn(reason=reason, goal=goal):
            caller = queue.caller_on(to)
            return _sent_on(queue, caller, reason, further=goal is not None) if caller else queue
        case n.Announce(announcement=announcement):
            caller = queue.callers.get(to)
            if caller is None:
                return queue
            return places.put(queue, replace(caller, saying=announcement, said=caller.said + 1, put_off=0))
        case _:
            return queue


def _offered(queue: Queue, agent: str, ident: str, call: str) -> Queue:
    """The agent is not free any more until he says so; round-robin goes on after him."""
    known, caller = queue.agents.get(agent), queue.callers[call]
    if known is None or known.free is None:
        return queue
    offer = Offer(ident, agent, known.free.conference)
    turns = {**queue.turns, str(known.tier): (known.free.position, agent)}
    tally = replace(queue.tally, offers=queue.tally.offers + 1)
    queue = places.put_agent(
        replace(queue, turns=turns, tally=tally), agent, replace(known, state="reserved", free=None)
    )
    return places.put(queue, replace(caller, offers=(*caller.offers, offer)))


def _sent_on(queue: Queue, caller: Caller, reason: GoOnReason, *, further: bool) -> Queue:
    if reason == "callback":
        return places.put(queue, coming.kept(caller))
    end: End | None = None
    if reason in ("key", "moved", "transferred"):
        end = "moved"
    elif not caller.admitted:
        end = "refused"
    elif reason != "finished":
        end = "overflowed" if further else "dismissed"
    if end is not None:
        queue, caller = places.count(queue, caller, end, 0)
    return places.put(queue, replace(caller, gone=reason, pressed=None))


def _timed(queue: Queue, key: str, due_ms: int) -> Queue:
    caller, kind = _whose(queue, key)
    if caller is None or kind is None:
        return queue
    caller = replace(caller, timers=caller.timers | {kind})
    match kind:
        case "max-wait":
            caller = replace(caller, admitted=True)
        case "stage":
            caller = replace(caller, next_stage_ms=due_ms - caller.arrived_ms)
        case "left":
            caller = replace(caller, ending="timed")
        case "say":
            caller = replace(caller, say_due=False)
        case _:
            pass
    return places.put(queue, caller)


def _untimed(caller: Caller, kind: TimerKind) -> Caller:
    return replace(caller, timers=caller.timers - {kind}, next_stage_ms=0 if kind == "stage" else caller.next_stage_ms)


def _noted(queue: Queue, what: str, of: str, value: str) -> Queue:
    """Adopt what the policy has made of a fact."""
    caller, tally = queue.callers.get(of), queue.tally
    if what in ("abandoned", "abandoned-late", "short-abandoned"):
        queue = parting.counted(queue, what, of)
    match what:
        case "abandoned":
            waited_ms = int(value)
            longest_ms = max(tally.longest_wait_ms, waited_ms)
            return replace(queue, tally=replace(tally, abandoned=tally.abandoned + 1, longest_wait_ms=longest_ms))
        case "abandoned-late":
            return replace(queue, tally=replace(tally, abandoned_late=tally.abandoned_late + 1))
        case "short-abandoned":
            return replace(queue, tally=replace(tally, short_abandoned=tally.short_abandoned + 1))
        case "moved":
            return replace(queue, tally=replace(tally, moved=tally.moved + 1))
        case "met" | "met-in-time":
            return parting.corrected(queue, of, int(value), in_time=what == "met-in-time")
        case "lapsed":
            return replace(queue, lapsed={**queue.lapsed, of: int(value)})
        case "in-time" | "late" if caller:
            in_time = tally.answered_in_time + (what == "in-time")
            return places.put(
                replace(queue, tally=replace(tally, answered_in_time=in_time)), replace(caller, judged=True)
            )
        case "closed":
            return replace(queue, closed=Closed(value, of))
        case "opened":
            return replace(queue, closed=None)
        case "meant" if caller:
            return places.put(queue, replace(caller, agent=value))
        case "taken-up" if caller:
            queue = replace(queue, tally=replace(tally, resumed=tally.resumed + 1))
            return places.put(queue, replace(caller, since_ms=min(caller.since_ms, int(value))))
        case "given-up" if caller:
            queue, caller = places.count(queue, caller, "dismissed", 0)
            return places.drop(queue, caller, caller.arrived_ms, moved=False)
        case _:
            return queue


def _dials(queue: Queue, caller: Caller | None) -> Queue:
    if caller is None or caller.callback is None:
        return queue
    offers = tuple(replace(o, step="dialling") if o.step == "accepted" else o for o in caller.offers)
    dialling = replace(caller.callback, step="dialling", leg=None, tries=caller.callback.tries + 1)
    return places.put(queue, replace(caller, callback=dialling, offers=offers))


def _whose(queue: Queue, key: str) -> tuple[Caller | None, TimerKind | None]:
    what, _, call = key.partition(":")
    kind = next((each for each in TIMERS if each == what), None)
    return (queue.callers.get(call) if kind else None), kind
