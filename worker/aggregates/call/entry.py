"""Where a caller goes who rings a number: own rules, the file's rules, opening hours. Pure; the policy's words."""

from __future__ import annotations

import re

from msgspec.structs import replace

from worker.aggregates.call.state import Call
from worker.policy.model import CallerRule, Goal, Number, Tenant, is_open
from worker.policy.rules import Arriving, goal_by

ANONYMOUS = "anonymous"
#: What a goal's priority can be; two of them added can be more.
LEAST_PRIORITY, MOST_PRIORITY = -999, 999
#: What networks send instead of a number that is not shown.
_HIDDEN = frozenset({"", "anonymous", "unknown", "restricted", "private", "unavailable", "withheld"})
_SIP = re.compile(r"^sips?:", re.IGNORECASE)


def number_of(shown: str | None) -> str:
    """Return the caller's number or SIP URI, or "" where none is shown."""
    text = (shown or "").strip()
    user = _SIP.sub("", text).partition("@")[0].lstrip("+").lower()
    return "" if user in _HIDDEN else text


def fits(rule: CallerRule, shown: str | None) -> bool:
    """Return whether *rule* is about a caller who shows this number."""
    number = number_of(shown)
    for caller in rule.callers:
        if caller == ANONYMOUS:
            if not number:
                return True
        elif caller.endswith("*"):
            if number.startswith(caller[:-1]) and number:
                return True
        elif number == caller:
            return True
    return False


def entry_goal(call: Call, number: Number, policy: Tenant) -> Goal | None:
    """Return where the caller goes by the policy of now; None: he is refused unanswered.

    All of it is of the moment at which he rang, however long the greeting is.
    """
    at_ms = call.initiated_ms or 0
    hours = policy.hours.get(number.hours) if number.hours is not None else None
    opened = hours is None or is_open(hours, at_ms)
    own = None
    if number.rule is not None:
        arriving = Arriving(number_of(call.number), call.dialled or "", at_ms, opened)
        own = goal_by(number.rule, arriving, policy)
    rule = own or next((each for each in number.rules if fits(each, call.number)), None)
    if isinstance(rule, CallerRule) and rule.block:
        return None
    if own is not None:
        return _plain(own)
    if not opened:
        return _plain(number.closed, more=rule.priority if rule else 0)
    if rule is None or leads_on(rule):
        return _plain(rule or number)
    return replace(_plain(number, more=rule.priority), say=rule.say or number.say)


def leads_on(goal: Goal) -> bool:
    """Return whether *goal* is somewhere, rather than the end."""
    return bool(goal.queue or goal.menu or goal.voicemail or goal.number or goal.login)


def _plain(goal: Goal, *, more: int = 0) -> Goal:
    """Return a number's or a rule's goal without what else they say, and with *more* priority."""
    priority = max(LEAST_PRIORITY, min(MOST_PRIORITY, goal.priority + more))
    return Goal(goal.queue, goal.menu, goal.voicemail, goal.number, goal.login, goal.say, priority)
