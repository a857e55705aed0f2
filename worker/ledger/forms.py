"""The forms that a kept state has had, and the steps between them: how a release reads what an earlier one kept.

Most changes need no step. A field that is added has a default, and one that is removed is ignored, when a state of
before is read. A step says what that leaves unsaid: a field that has another name or another meaning, a command or a
kind of aggregate that is no more. Steps are never removed: a partition without calls may begin with a state of any age.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

#: A head, or an aggregate's state (its kind is under `type`), as msgpack has it.
Plain = dict[str, object]


def same(plain: Plain) -> Plain:
    """Return *plain*: nothing is to be done."""
    return plain


class Step(msgspec.Struct, frozen=True):
    """What leads from one form to the next, for the head of an image and for each aggregate in it."""

    head: Callable[[Plain], Plain] = same
    state: Callable[[Plain], Plain] = same


#: The first one leads from form 1 to form 2.
STEPS: tuple[Step, ...] = ()


def newest() -> int:
    """Return the number of today's form."""
    return len(STEPS) + 1


def head_of(plain: Plain, form: int) -> Plain:
    """Return in today's form the head of an image of *form*.

    Raises:
        ValueError: A step could not be taken.
    """
    return _led(plain, form, [step.head for step in STEPS[form - 1 :]])


def state_of(plain: Plain, form: int) -> Plain:
    """Return in today's form an aggregate's state of *form*.

    Raises:
        ValueError: A step could not be taken.
    """
    return _led(plain, form, [step.state for step in STEPS[form - 1 :]])


def _led(plain: Plain, form: int, steps: list[Callable[[Plain], Plain]]) -> Plain:
    for number, step in enumerate(steps, form):
        try:
            plain = step(plain)
        except Exception as exc:
            # Whatever it is, what was kept cannot be read, and that is said of the snapshot.
            raise ValueError(f"the step from form {number} to {number + 1}: {type(exc).__name__}: {exc}") from exc
    return plain
