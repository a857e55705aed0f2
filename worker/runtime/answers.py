"""What is asked of the process itself, and of no aggregate: to read its policy file again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from ingress.intents.model import Asked, ReloadPolicy
from worker.decisions.decision import Act, Refuse
from worker.events.event import Event

#: Reads the policy file again for somebody who asks for it, and returns the answer.
Reload = Callable[[ReloadPolicy, str], Awaitable[tuple[Act, ...]]]


async def no_file(_intent: ReloadPolicy, _by: str) -> tuple[Act, ...]:
    """Answer for a process that has no policy file."""
    return (Refuse("this worker was started without a policy file"),)


async def answers_to(events: Iterable[Event], reload: Reload) -> dict[str, tuple[Act, ...]]:
    """Do what *events* ask of this process, and return what is to be journaled of it, by their entries' ids."""
    found: dict[str, tuple[Act, ...]] = {}
    for event in events:
        if isinstance(event.body, Asked) and isinstance(event.body.intent, ReloadPolicy):
            found[event.id] = await reload(event.body.intent, event.body.by)
    return found
