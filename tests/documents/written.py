"""Which tables there are, and in which document each stands."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.documents import emulator, meanings, operations, policy, uses, webhooks
from tests.documents.tables import section
from worker.testing.emulator import settings

Render = Callable[[str], str]

#: Made by asking an emulator, so that it takes an event loop.
OPERATIONS = "operations"

#: Name → document, and what makes the table out of the one that stands there; none: `operations.render`.
SECTIONS: dict[str, tuple[str, Render | None]] = {
    OPERATIONS: ("telnyx.md", None),
    "uses": ("telnyx.md", uses.render),
    "classes": ("telnyx.md", meanings.classes),
    "meanings": ("telnyx.md", meanings.meanings),
    "answers": ("telnyx.md", meanings.answers),
    "webhooks": ("telnyx.md", webhooks.render),
    "settings": ("emulator.md", partial(emulator.of, settings.EmulatorSettings)),
    "conditions": ("emulator.md", partial(emulator.of, settings.Conditions)),
    "unconfirmed": ("emulator.md", partial(emulator.of, settings.Unconfirmed)),
    "phones": ("emulator.md", partial(emulator.of, settings.Phone)),
    "endpoints": ("emulator.md", emulator.endpoints),
    "faults": ("emulator.md", emulator.faults),
    **{f"policy-{name}": ("policy.md", partial(policy.of, struct)) for name, (struct, _) in policy.TABLES.items()},
}


async def rendered(name: str, text: str) -> str:
    """Return what should stand in the section *name* of a document that says *text*."""
    render = SECTIONS[name][1]
    return await operations.render() if render is None else render(section(text, name))
