"""Queues: that somebody serves them, that overflow ends somewhere, that skills can be had."""

from __future__ import annotations

from collections.abc import Iterator

from ingress.toml.lines import Place
from ingress.toml.mistakes import Mistake, nearest, written
from worker.policy.checks.parts import ways_of
from worker.policy.model import Agent, Goal, Queue, Tenant

#: A queue or a menu, and the keys by which callers go on from there without doing anything.
Node = tuple[str, str]


def mistakes(tenant: Tenant, place: Place) -> Iterator[Mistake]:
    """Yield overflow that goes in a circle, and rules of a queue that contradict each other."""
    yield from _circles(tenant, place)
    for name, queue in tenant.queues.items():
        where = (*place, "queues", name)
        for skill, needed in queue.skills.items():
            after, level = -1.0, needed.level
            for number, step in enumerate(needed.relax):
                at = (*where, "skills", skill, "relax", number)
                if step.after_secs <= after:
                    yield Mistake(
                        at, f"{written(at)}.after_secs is {step.after_secs:g}: each step comes after the last"
                    )
                if step.level >= level:
                    yield Mistake(at, f"{written(at)}.level is {step.level}: each step needs less than {level}")
                after, level = step.after_secs, step.level
        recording = queue.recording
        if recording.pause_key is not None and recording.pause_key == recording.resume_key:
            at = (*where, "recording", "resume_key")
            yield Mistake(at, f"{written(at)} is {recording.resume_key!r}, which is the pause_key too")


def warnings(tenant: Tenant, place: Place) -> Iterator[str]:
    """Yield queues of which callers will wait for nothing."""
    staff: dict[str, list[Agent]] = {}
    for agent in tenant.agents.values():
        for served in agent.serves:
            staff.setdefault(served, []).append(agent)
    for name, queue in tenant.queues.items():
        where = (*place, "queues", name)
        if name not in staff:
            yield f"{written(where)}: no agent serves this queue"
        else:
            yield from _skills(staff[name], queue, where)
        if queue.max_wait_unstaffed_secs is not None and queue.max_wait_unstaffed_secs > queue.max_wait_secs:
            yield f"{written(where)}.max_wait_unstaffed_secs is above max_wait_secs, and so comes too late to matter"
        for digit, key in queue.keys.items():
            if not ways_of(key) and not key.callback:
                yield f"{written((*where, 'keys', digit))} leads nowhere: who presses it is hung up on"
        recording = queue.recording
        if recording.resume_key is not None and recording.pause_key is None:
            yield f"{written(where)}.recording.resume_key is set, and there is no pause_key"
        if recording.pause_key is not None and recording.resume_key is None:
            yield f"{written(where)}.recording.pause_key is set, and there is no resume_key: by phone nobody resumes"


def _skills(staff: list[Agent], queue: Queue, place: Place) -> Iterator[str]:
    for skill, needed in queue.skills.items():
        least = min([needed.level, *(step.level for step in needed.relax)])
        best = max(agent.skills.get(skill, 0) for agent in staff)
        where = written((*place, "skills", skill))
        if best == 0 and least > 0:
            there = {have for agent in staff for have in agent.skills}
            yield f"{where}: no agent of this queue has the skill; {nearest(skill, there)}nobody can take its callers"
        elif best < least:
            yield f"{where} is at least {least}: the best of its agents has {best}, so nobody can take its callers"


def _circles(tenant: Tenant, place: Place) -> Iterator[Mistake]:
    """Find each circle once, at its first queue or menu in the order of the file."""
    edges = {node: _onward(tenant, node) for node in _nodes(tenant)}
    told: set[frozenset[Node]] = set()
    for start in edges:
        way = _way_back(edges, start)
        if way is None or frozenset(node for node, _ in way) in told:
            continue
        told.add(frozenset(node for node, _ in way))
        steps = " → ".join(f"{written(node)}.{key}" for node, key in way)
        told_way = f"callers would go round for ever: {steps} → {written(start)}"
        first = (*place, *way[0][0], way[0][1])
        yield Mistake(first, f"{written(first)} begins a circle; {told_way}")


def _nodes(tenant: Tenant) -> Iterator[Node]:
    yield from (("queues", name) for name in tenant.queues)
    yield from (("menus", name) for name in tenant.menus)


def _onward(tenant: Tenant, node: Node) -> list[tuple[str, Node]]:
    """Return where callers go from *node* who press nothing, with the key that says so."""
    kind, name = node
    goals: dict[str, Goal | None]
    if kind == "queues":
        queue = tenant.queues[name]
        goals = {"waited": queue.waited, "full": queue.full, "unstaffed": queue.unstaffed, "closed": queue.closed}
    else:
        goals = {"otherwise": tenant.menus[name].otherwise}
    onward: list[tuple[str, Node]] = []
    for key, goal in goals.items():
        if goal is not None and goal.queue in tenant.queues:
            onward.append((key, ("queues", goal.queue)))
        if goal is not None and goal.menu in tenant.menus:
            onward.append((key, ("menus", goal.menu)))
    return onward


def _way_back(edges: dict[Node, list[tuple[str, Node]]], start: Node) -> list[tuple[Node, str]] | None:
    """Return the shortest way from *start* to itself, each node with the key by which it is left."""
    came: dict[Node, tuple[Node, str]] = {}
    level = [start]
    while level:
        following = []
        for node in level:
            for key, onward in edges[node]:
                if onward == start:
                    way = [(node, key)]
                    while way[0][0] != start:
                        way.insert(0, came[way[0][0]])
                    return way
                if onward not in came:
                    came[onward] = (node, key)
                    following.append(onward)
        level = following
    return None
