"""Where callers and agents stand: every change of one goes through here, so that the orders are never out of date."""

from __future__ import annotations

from msgspec.structs import replace

from worker.aggregates.queue.ranks import Rank, Ranks
from worker.aggregates.queue.state import Caller, End, FreeAgent, Gone, Group, Known, Line, Offer, Queue

#: How long a caller who has left is remembered. Telnyx's retries end within a minute.
REMEMBERED_MS = 600_000
#: How many of those are forgotten at a time.
FORGET_AT_ONCE = 8


def rank_of(caller: Caller) -> Rank:
    """Return a caller's place: by priority, then by age in any queue."""
    return (-caller.priority, caller.since_ms, caller.call)


def put(queue: Queue, caller: Caller) -> Queue:
    """Return the queue with *caller* as he is now."""
    known = queue.callers.get(caller.call)
    callers = queue.callers.put(caller.call, caller)
    return _offers(_stand(replace(queue, callers=callers), known, caller), known, caller)


def change(queue: Queue, caller: Caller) -> Queue:
    """Return the queue with *caller* as he is now, and have the decision look at him."""
    agenda = queue.agenda if caller.call in queue.agenda else (*queue.agenda, caller.call)
    return replace(put(queue, caller), agenda=agenda)


def drop(queue: Queue, caller: Caller, at_ms: int, *, moved: bool) -> Queue:
    """Return the queue without *caller*, whose leg has ended or (*moved*) gone on."""
    queue = _offers(_stand(queue, caller, None), caller, None)
    legs = {leg: call for leg, call in queue.legs.items() if call != caller.call} if caller.callback else queue.legs
    agenda = tuple(call for call in queue.agenda if call != caller.call) if queue.agenda else ()
    return forget(
        replace(queue, callers=queue.callers.without(caller.call), legs=legs, agenda=agenda),
        caller.call,
        at_ms,
        moved=moved,
    )


def forget(queue: Queue, call: str, at_ms: int, *, moved: bool, counted: bool = True) -> Queue:
    """Remember that a leg has left, and forget those that did so long ago."""
    known = queue.departed.get(call)
    gone = Gone(at_ms, moved, counted)
    if known is not None:
        gone = Gone(max(at_ms, known.at_ms), moved and known.moved, counted or known.counted)
    departed, departures = queue.departed.put(call, gone), queue.departures
    if known is not None:
        departures = departures.drop((known.at_ms, 0, call))
    departures = departures.add((gone.at_ms, 0, call))
    for _ in range(FORGET_AT_ONCE):
        oldest_ms, _, oldest = departures.first
        if oldest_ms > at_ms - REMEMBERED_MS:
            break
        departed, departures = departed.without(oldest), departures.drop(departures.first)
        if not departures:
            break
    return replace(queue, departed=departed, departures=departures)


def with_offer(caller: Caller, offer: Offer) -> Caller:
    """Return *caller* with the offer of that id as it is now."""
    return replace(caller, offers=tuple(offer if known.id == offer.id else known for known in caller.offers))


def without_offer(caller: Caller, offer: str) -> Caller:
    """Return *caller* without that offer."""
    return replace(caller, offers=tuple(known for known in caller.offers if known.id != offer))


def offer_named(caller: Caller, ident: str) -> Offer | None:
    """Return the open offer of that id."""
    return next((offer for offer in caller.offers if offer.id == ident), None)


def count(queue: Queue, caller: Caller, end: End, waited_ms: int) -> tuple[Queue, Caller]:
    """Note how a caller's stay has ended. Only the first end of a stay counts."""
    if caller.end is not None:
        return queue, caller
    tally, field = queue.tally, end.replace("-", "_")
    counted = {field: getattr(tally, field) + 1, "longest_wait_ms": max(tally.longest_wait_ms, waited_ms)}
    if end in ("answered", "called-back"):
        counted["wait_total_ms"] = tally.wait_total_ms + waited_ms
    return replace(queue, tally=replace(tally, **counted)), replace(caller, end=end)


def put_agent(queue: Queue, name: str, known: Known) -> Queue:
    """Return the queue with what is known of an agent now."""
    before = queue.agents.get(name)
    groups = queue.groups
    if before is not None and before.free is not None and (before.free, before.tier) != (known.free, known.tier):
        groups = _regroup(groups, before.tier, before.free, here=False)
    if known.free is not None and (before is None or (before.free, before.tier) != (known.free, known.tier)):
        groups = _regroup(groups, known.tier, known.free, here=True)
    staff, working = queue.staff, queue.working
    if before is not None:
        staff, working = _counted(staff, working, before, -1)
    staff, working = _counted(staff, working, known, 1)
    return replace(queue, agents=queue.agents.put(name, known), groups=groups, staff=staff, working=working)


def is_free(queue: Queue, agent: str) -> bool:
    """Return whether *agent* can be offered a caller."""
    known = queue.agents.get(agent)
    return known is not None and known.free is not None


def _line_of(caller: Caller) -> tuple[str, Line] | None:
    """Return in which line *caller* stands; None: he is not to be offered to anybody now."""
    if not caller.admitted or caller.gone or caller.ending or caller.overdue or caller.held:
        return None
    if caller.callback is not None and caller.callback.step not in ("kept", "up"):
        return None
    if caller.agent is not None:
        return None if caller.offers else (f"@{caller.agent}", Line(0, 0, caller.agent))
    return f"{caller.stage_ms}/{len(caller.offers)}", Line(caller.stage_ms, len(caller.offers))


def _is_present(caller: Caller) -> bool:
    talks = any(offer.step == "connected" for offer in caller.offers)
    return caller.admitted and caller.gone is None and caller.ending is None and not talks


def _stand(queue: Queue, before: Caller | None, after: Caller | None) -> Queue:
    lines, present = queue.lines, queue.present
    was = (_line_of(before), rank_of(before)) if before else (None, None)
    now = (_line_of(after), rank_of(after)) if after else (None, None)
    if was != now:
        if was[0] and was[1]:
            name, line = was[0][0], lines[was[0][0]]
            ranks = line.ranks.drop(was[1])
            lines = {known: each for known, each in lines.items() if known != name}
            if ranks:
                lines[name] = replace(line, ranks=ranks)
        if now[0] and now[1]:
            name, line = now[0]
            line = lines.get(name, line)
            lines = {**lines, name: replace(line, ranks=line.ranks.add(now[1]))}
    here, there = before is not None and _is_present(before), after is not None and _is_present(after)
    if was[1] and here and (not there or was[1] != now[1]):
        present = present.drop(was[1])
    if now[1] and there and (not here or was[1] != now[1]):
        present = present.add(now[1])
    return replace(queue, lines=lines, present=present, ringing=_ringing(queue.ringing, before, after))


def _ringing(ringing: frozenset[str], before: Caller | None, after: Caller | None) -> frozenset[str]:
    caller = after or before
    if caller is None or caller.callback is None:
        return ringing
    busy = caller.held or caller.gone is not None or caller.ending is not None
    if after is not None and not busy and caller.callback.step in ("dialling", "up"):
        return ringing | {caller.call}
    return ringing - {caller.call}


def _offers(queue: Queue, before: Caller | None, after: Caller | None) -> Queue:
    old = before.offers if before else ()
    new = after.offers if after else ()
    if old == new:
        return queue
    offered, doubts = queue.offered, queue.doubts
    now = {offer.id for offer in new}
    for offer in old:
        if offer.id not in now:
            offered = offered.without(offer.id)
    for offer in new:
        if after is not None and offered.get(offer.id) is None:
            offered = offered.put(offer.id, after.call)
    looked_for = {offer.id: offer.conference for offer in new if offer.step in ("doubted", "checking")}
    if looked_for or any(offer.id in doubts for offer in old):
        known = {offer.id for offer in old}
        doubts = {ident: room for ident, room in doubts.items() if ident not in known} | looked_for
    return replace(queue, offered=offered, doubts=doubts)


def _counted(
    staff: tuple[tuple[int, int], ...], working: int, known: Known, by: int
) -> tuple[tuple[tuple[int, int], ...], int]:
    if known.state == "offline":
        return staff, working
    many = dict(staff)
    many[known.tier] = many.get(known.tier, 0) + by
    staff = tuple(sorted((tier, number) for tier, number in many.items() if number))
    return staff, working + (by if known.state not in ("paused", "unreached") else 0)


def _regroup(groups: dict[str, Group], tier: int, free: FreeAgent, *, here: bool) -> dict[str, Group]:
    name = f"{tier}/{','.join(f'{skill}={level}' for skill, level in sorted(free.skills.items()))}"
    group = groups.get(name) or Group(tier, free.skills)

    def moved(ranks: Ranks, first: int, second: int) -> Ranks:
        rank = (first, second, free.agent)
        return ranks.add(rank) if here else ranks.drop(rank)

    group = replace(
        group,
        idle=moved(group.idle, free.idle_since_ms, free.position),
        calls=moved(group.calls, free.answered, free.idle_since_ms),
        talk=moved(group.talk, free.talk_ms, free.idle_since_ms),
        place=moved(group.place, free.position, 0),
    )
    groups = {known: each for known, each in groups.items() if known != name}
    if group.idle:
        groups[name] = group
    return groups
