"""A menu: the prompt, a key, and where it leads. Telnyx ends the prompt with the first key."""

from __future__ import annotations

from collections.abc import Iterator

from worker.aggregates.call.saying import ask, say
from worker.aggregates.call.state import Call, Course, mark
from worker.decisions.decision import Act, GoTo
from worker.events.event import Event
from worker.policy.model import Menu, Tenant

_KEYS = "#*0123456789"


def choose(call: Call, course: Course, menu: Menu, event: Event, policy: Tenant) -> Iterator[Act]:
    """Ask for a key until one is pressed that leads somewhere, as often as the menu says."""
    wrong = False
    for number in range(1, max(0, menu.retries) + 2):
        asking = mark(course.hop, "menu", number)
        if asking not in call.asked:
            yield from _ask(call, course, menu, number, event, policy, wrong=wrong)
            return
        keyed = call.keyed.get(asking)
        if keyed is None:
            return
        for key, goal in menu.choices.items():
            if key == keyed.digits:
                yield GoTo(goal, key)
                return
        wrong = bool(keyed.digits)
    yield GoTo(menu.otherwise)


def _ask(
    call: Call, course: Course, menu: Menu, number: int, event: Event, policy: Tenant, *, wrong: bool
) -> Iterator[Act]:
    correction = mark(course.hop, "wrong", number)
    if wrong and menu.invalid is not None and not call.heard(correction):
        if correction not in call.asked:
            yield from say(call, event, policy, correction, menu.invalid)
        return
    # The key that ends the input is never told of: it must not be one of the choices.
    terminating = next((key for key in _KEYS if key not in menu.choices), "#")
    asking = mark(course.hop, "menu", number)
    yield from ask(
        call, event, policy, asking, menu.prompt, digits=1, timeout_secs=menu.timeout_secs, terminating=terminating
    )
