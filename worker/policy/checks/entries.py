"""Goals, callers' rules, opening hours: that each leads to something that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from zoneinfo import available_timezones

from ingress.toml.lines import Place
from ingress.toml.mistakes import Mistake, nearest, written
from worker.policy.checks.parts import parts, ways_of
from worker.policy.mistakes import unknown
from worker.policy.model import CallerRule, Goal, Hours, Key, Menu, Tenant

#: Whom a rule can be about: a number, the beginning of numbers, or those who show none.
CALLERS = re.compile(r"^(\+[1-9][0-9]{4,14}|\+[0-9]{0,14}\*|anonymous)$")


def mistakes(tenant: Tenant, place: Place) -> Iterator[Mistake]:
    """Yield goals that lead nowhere or to two things, and hours that no clock can follow."""
    for where, goal in parts(tenant, Goal, place):
        yield from _goal(goal, tenant, where)
    for where, rule in parts(tenant, CallerRule, place):
        yield from _callers(rule, where)
    entries = [((*place, "numbers", number), entry.hours) for number, entry in tenant.numbers.items()]
    queues = [((*place, "queues", name), queue.hours) for name, queue in tenant.queues.items()]
    for where, used in (*entries, *queues):
        if used is not None and used not in tenant.hours:
            yield unknown((*where, "hours"), "table of hours", used, tenant.hours)
    for name, hours in tenant.hours.items():
        yield from _hours(hours, (*place, "hours", name))


def warnings(tenant: Tenant, place: Place) -> Iterator[str]:
    """Yield numbers that lead nowhere, and what nothing leads to."""
    for number, entry in tenant.numbers.items():
        if not ways_of(entry) and entry.rule is None:
            yield f"{written((*place, 'numbers', number))}: its callers hear the greeting, and are hung up on"
    goals = [goal for _, goal in parts(tenant, Goal, place)]
    # An own rule in Python can lead anywhere.
    if all(entry.rule is None for entry in tenant.numbers.values()):
        for kind, there, meant in (
            ("menus", set(tenant.menus), {goal.menu for goal in goals}),
            ("voicemails", set(tenant.voicemails), {goal.voicemail for goal in goals}),
        ):
            for name in sorted(there - meant):
                yield f"{written((*place, kind, name))}: no goal leads here"
    used = {entry.hours for entry in tenant.numbers.values()} | {queue.hours for queue in tenant.queues.values()}
    for name, hours in tenant.hours.items():
        if name not in used:
            yield f"{written((*place, 'hours', name))}: no number and no queue has these hours"
        if not any(hours.week.values()):
            yield f"{written((*place, 'hours', name))}: it has no spans in its week, so it is closed all week"
    for where, menu in parts(tenant, Menu, place):
        if not menu.choices:
            yield f"{written(where)}: there is nothing to choose"
    for where, goal in parts(tenant, Goal, place):
        if goal.number in tenant.numbers:
            yield f"{written((*where, 'number'))} is {goal.number!r}: that is this tenant's own number"


def _goal(goal: Goal, tenant: Tenant, place: Place) -> Iterator[Mistake]:
    ways = ways_of(goal)
    if isinstance(goal, Key) and goal.callback:
        ways.append("callback")
    if isinstance(goal, CallerRule) and goal.block:
        ways.append("block")
    if len(ways) > 1:
        yield Mistake(place, f"{written(place)} leads to {' and '.join(ways)}: a caller can go to one of them")
    if goal.queue is not None and goal.queue not in tenant.queues:
        yield unknown((*place, "queue"), "queue", goal.queue, tenant.queues)
    if goal.menu is not None and goal.menu not in tenant.menus:
        yield unknown((*place, "menu"), "menu", goal.menu, tenant.menus)
    if goal.voicemail is not None and goal.voicemail not in tenant.voicemails:
        yield unknown((*place, "voicemail"), "voicemail", goal.voicemail, tenant.voicemails)


def _callers(rule: CallerRule, place: Place) -> Iterator[Mistake]:
    if not rule.callers:
        yield Mistake(place, f"{written((*place, 'from'))} is missing or empty: the rule would be for nobody")
    for number, caller in enumerate(rule.callers):
        if not CALLERS.fullmatch(caller):
            where = (*place, "from", number)
            allowed = 'a number in E.164 form, the beginning of one with "*" at its end, or "anonymous"'
            yield Mistake(where, f"{written(where)} is {caller!r}, not {allowed}")


def _hours(hours: Hours, place: Place) -> Iterator[Mistake]:
    if hours.zone not in _zones():
        where = (*place, "zone")
        told = f'{nearest(hours.zone, _zones())}it is a name such as "Europe/Berlin"'
        yield Mistake(where, f"{written(where)} is {hours.zone!r}: there is no such time zone; {told}")
    days: list[tuple[tuple[str, str], tuple[str, ...]]] = [(("week", day), spans) for day, spans in hours.week.items()]
    for day, spans in hours.holidays.items():
        days.append((("holidays", day), spans))
        if not _is_day(day):
            where = (*place, "holidays", day)
            yield Mistake(where, f"{written(where)}: there is no such day")
    for key, spans in days:
        for number, span in enumerate(spans):
            begins, _, ends = span.partition("-")
            if begins == ends:
                where = (*place, *key, number)
                told = 'it ends when it begins; a whole day is "00:00-24:00"'
                yield Mistake(where, f"{written(where)} is {span!r}: {told}")


def _is_day(day: str) -> bool:
    # A day without a year may be one of leap years alone.
    try:
        date.fromisoformat(day if len(day) > len("12-25") else f"2024-{day}")
    except ValueError:
        return False
    return True


@cache
def _zones() -> frozenset[str]:
    # What the machine's own zone is differs from worker to worker.
    return frozenset(available_timezones() - {"localtime", "Factory"})
