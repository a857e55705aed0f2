"""Which agents a caller may be offered by now: tiers and skills, which both widen with the time that he has waited."""

from __future__ import annotations

from collections.abc import Iterator

from worker.aggregates.queue.state import Group, Queue
from worker.policy.model import Queue as QueuePolicy
from worker.policy.model import Requirement


def eligible(queue: Queue, rules: QueuePolicy, stage_ms: int) -> Iterator[Group]:
    """Yield the groups of free agents who can be offered somebody who has waited so long."""
    required = {skill: level_at(requirement, stage_ms) for skill, requirement in rules.skills.items()}
    for group in queue.groups.values():
        if _tier_from_ms(queue, rules, group.tier) <= stage_ms and all(
            group.skills.get(skill, 0) >= level for skill, level in required.items()
        ):
            yield group


def next_stage_ms(queue: Queue, rules: QueuePolicy, stage_ms: int) -> int | None:
    """Return after which wait more agents can be offered than after *stage_ms*; None: these are all."""
    times = {round(relaxed.after_secs * 1000) for r in rules.skills.values() for relaxed in r.relax}
    times |= {round(number * rules.tier_secs * 1000) for number in range(1, queue.highest_tier)}
    return min((time for time in times if time > stage_ms), default=None)


def level_at(requirement: Requirement, waited_ms: int) -> int:
    """Return the level that is enough after such a wait."""
    level = requirement.level
    for relaxed in sorted(requirement.relax, key=lambda each: each.after_secs):
        if relaxed.after_secs * 1000 <= waited_ms:
            level = relaxed.level
    return level


def misfit(group: Group, rules: QueuePolicy) -> tuple[int, int]:
    """Return how much the group lacks of the full requirement, and by how much it surpasses that: less fits better."""
    over = [group.skills.get(skill, 0) - requirement.level for skill, requirement in rules.skills.items()]
    return -sum(by for by in over if by < 0), sum(by for by in over if by > 0)


def _tier_from_ms(queue: Queue, rules: QueuePolicy, tier: int) -> int:
    """Return from which wait on a tier is asked: so long for each tier below, unless nobody of that is logged in."""
    below = sum(known < tier for known, _ in queue.staff) if rules.skip_empty_tiers else tier - 1
    return round(below * rules.tier_secs * 1000)
