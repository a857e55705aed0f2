"""Whose turn it is, and which agent is offered: the strategies."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from worker.aggregates.queue import calling
from worker.aggregates.queue.desk import Desk
from worker.aggregates.queue.ranks import Rank, Ranks
from worker.aggregates.queue.state import Caller, FreeAgent, Group, Line
from worker.aggregates.queue.tiers import eligible, misfit
from worker.decisions.decision import SetTimer
from worker.events import notices as n
from worker.policy import rules as own

#: So many callers at most are put to an own strategy upon one event: each time it looks at all free agents.
ASKED_AT_MOST = 20


def offer(desk: Desk) -> None:
    """Offer callers to free agents, in turn, as long as there is somebody for somebody."""
    number, passed = 0, set[str]()
    while desk.queue.groups and len(passed) < ASKED_AT_MOST:
        caller = _next(desk, passed)
        if caller is None:
            return
        if calling.dials_first(desk, caller):
            calling.dial(desk, caller)
            continue
        agent = _agent_for(desk, caller)
        if agent is None:
            passed.add(caller.call)
            continue
        _offer(desk, caller, agent, f"{desk.queue.name}/{desk.event.id}/{number}")
        number += 1


def _offer(desk: Desk, caller: Caller, agent: str, ident: str) -> None:
    within_ms = round(desk.rules.offer_secs * 1000)
    desk.tell("agent", agent, n.OfferMade(ident, caller.call, desk.queue.name, caller.number, within_ms))
    desk.do(SetTimer(f"offer:{ident}", desk.now_ms + within_ms))


def _next(desk: Desk, passed: set[str]) -> Caller | None:
    """Return who is to be offered next: of those for whom there is an agent the first in rank."""
    first: Rank | None = None
    for line in desk.queue.lines.values():
        rank = _head(desk, line, passed)
        if rank is not None and (first is None or rank < first) and _has_agent(desk, line):
            first = rank
    return desk.queue.callers[first[2]] if first else None


def _head(desk: Desk, line: Line, passed: set[str]) -> Rank | None:
    """Return the first of a line who is not *passed* over, and who may be rung now, if he is to be called back."""
    if line.ringing and not (desk.rules.strategy == "ring-all" and line.ringing < desk.rules.ring_at_once):
        return None
    full = calling.is_full(desk)
    if not passed and not full:
        return line.ranks.first
    callers = desk.queue.callers
    for rank in line.ranks:
        if rank[2] not in passed and not (full and calling.dials_first(desk, callers[rank[2]])):
            return rank
    return None


def _has_agent(desk: Desk, line: Line) -> bool:
    if line.agent is not None:
        known = desk.queue.agents.get(line.agent)
        return known is not None and known.free is not None
    return next(iter(eligible(desk.queue, desk.rules, line.stage_ms)), None) is not None


def _agent_for(desk: Desk, caller: Caller) -> str | None:
    if caller.agent is not None:
        return caller.agent
    groups = list(eligible(desk.queue, desk.rules, caller.stage_ms))
    if desk.rules.rule is not None:
        wanted = own.preferred(desk.rules.rule, _shown(desk, caller), _all(desk, groups))
        if wanted is not None:
            return next(iter(wanted), None)
    lowest = min(group.tier for group in groups)
    return _chosen(desk, caller, [group for group in groups if group.tier == lowest])


def _chosen(desk: Desk, caller: Caller, groups: list[Group]) -> str:
    """Return the agent of one tier whom the strategy wants."""
    match desk.rules.strategy:
        case "fewest-calls":
            return _lowest(groups, lambda group: group.calls)
        case "least-talk-time":
            return _lowest(groups, lambda group: group.talk)
        case "top-down":
            return _lowest(groups, lambda group: group.place)
        case "round-robin":
            return _after(groups, desk.queue.turns.get(str(groups[0].tier)))
        case "random":
            return _any(groups, f"{desk.event.id}|{caller.call}|{len(caller.offers)}")
        case "skills":
            best = min(misfit(group, desk.rules) for group in groups)
            return _lowest([group for group in groups if misfit(group, desk.rules) == best], lambda group: group.idle)
        case _:
            return _lowest(groups, lambda group: group.idle)


def _lowest(groups: Iterable[Group], order: Callable[[Group], Ranks]) -> str:
    return min(order(group).first for group in groups)[2]


def _after(groups: list[Group], last: tuple[int, str] | None) -> str:
    """Return who comes after *last* in the order of positions, and after the end the first again."""
    if last is not None:
        later = (group.place.after((last[0], 0, last[1])) for group in groups)
        found = min((rank for rank in later if rank is not None), default=None)
        if found is not None:
            return found[2]
    return _lowest(groups, lambda group: group.place)


def _any(groups: list[Group], seed: str) -> str:
    """Return an agent who is as good as drawn, and the same at each replay."""
    groups = sorted(groups, key=lambda group: sorted(group.skills.items()))
    index = int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=8).digest(), "big")
    index %= sum(len(group.idle) for group in groups)
    for group in groups:
        if index < len(group.idle):
            return group.idle.at(index)[2]
        index -= len(group.idle)
    raise IndexError(index)


def _shown(desk: Desk, caller: Caller) -> own.WaitingCaller:
    return own.WaitingCaller(
        caller.call, caller.number, desk.queue.name, desk.now_ms - caller.arrived_ms, caller.priority, caller.attempts
    )  # fmt: skip


def _all(desk: Desk, groups: list[Group]) -> tuple[own.FreeAgent, ...]:
    """Return the agents of *groups* as an own strategy sees them, who has been idle longest first."""
    ranks = sorted((rank, group.tier) for group in groups for rank in group.idle)
    return tuple(_seen(desk, agent, tier) for (_, _, agent), tier in ranks)


def _seen(desk: Desk, agent: str, tier: int) -> own.FreeAgent:
    known = desk.queue.agents[agent].free or FreeAgent(agent, desk.now_ms, "")
    idle_ms = max(0, desk.now_ms - known.idle_since_ms)
    return own.FreeAgent(agent, idle_ms, tier, known.position, known.answered, known.talk_ms, known.skills)
