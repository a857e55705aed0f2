"""Agents and supervisors: whom they serve, and that nobody is taken for another."""

from __future__ import annotations

from collections.abc import Iterator

from ingress.toml.lines import Place
from ingress.toml.mistakes import Mistake, written
from worker.policy.checks.parts import parts
from worker.policy.mistakes import unknown
from worker.policy.model import Goal, Serves, Tenant


def mistakes(tenant: Tenant, place: Place) -> Iterator[Mistake]:
    """Yield queues that are not there, and addresses and extensions that two agents have."""
    addresses: dict[str, str] = {}
    extensions: dict[str, str] = {}
    for name, agent in tenant.agents.items():
        where = (*place, "agents", name)
        seen: set[str] = set()
        for number, one in enumerate(agent.queues):
            queue = one.queue if isinstance(one, Serves) else one
            at = (*where, "queues", number)
            if queue not in tenant.queues:
                yield unknown((*at, "queue") if isinstance(one, Serves) else at, "queue", queue, tenant.queues)
            elif queue in seen:
                yield Mistake(at, f"{written(at)} is {queue!r}, which is in the list already")
            seen.add(queue)
        other = addresses.setdefault(agent.address, name)
        if other != name:
            at = (*where, "address")
            yield Mistake(at, f"{written(at)} is {agent.address!r}, which is {other}'s too")
        if agent.address in tenant.numbers:
            at = (*where, "address")
            yield Mistake(at, f"{written(at)} is {agent.address!r}, which is one of the numbers that callers ring")
        if agent.extension is not None:
            other = extensions.setdefault(agent.extension, name)
            if other != name:
                at = (*where, "extension")
                yield Mistake(at, f"{written(at)} is {agent.extension!r}, which is {other}'s too")
    for name, supervisor in tenant.supervisors.items():
        for number, queue in enumerate(supervisor.queues):
            if queue not in tenant.queues:
                yield unknown((*place, "supervisors", name, "queues", number), "queue", queue, tenant.queues)


def warnings(tenant: Tenant, place: Place) -> Iterator[str]:
    """Yield agents who cannot log in as they were meant to."""
    doors = [goal for _, goal in parts(tenant, Goal, place) if goal.login]
    keys = [name for name, agent in tenant.agents.items() if agent.pin is not None]
    own = any(entry.rule is not None for entry in tenant.numbers.values())
    if keys and not doors and not own:
        yield f"{written((*place, 'agents', keys[0], 'pin'))} is set, and no goal has login: nobody can log in by phone"
    if doors and not keys:
        yield f"{written(place)} has a goal with login, and no agent has a pin: nobody can log in there"
    for name, agent in tenant.agents.items():
        if agent.extension is not None and agent.pin is None:
            yield f"{written((*place, 'agents', name, 'extension'))} is set, and there is no pin to log in with"
