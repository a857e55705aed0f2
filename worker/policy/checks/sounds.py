"""What is heard: each sound is one thing, and what is said may only hold what is known."""

from __future__ import annotations

import string
from collections.abc import Iterator

from ingress.toml.lines import Place
from ingress.toml.mistakes import Mistake, written
from worker.policy.checks.parts import parts
from worker.policy.model import Announcements, Music, Sound, Tenant

#: What a text that is said while waiting may hold.
KNOWN = ("position", "minutes")


def mistakes(tenant: Tenant, place: Place) -> Iterator[Mistake]:
    """Yield sounds that are nothing or two things, and placeholders that nobody fills."""
    for where, sound in parts(tenant, Sound, place):
        if sum(one is not None for one in (sound.text, sound.audio, sound.media)) != 1:
            yield Mistake(where, f"{written(where)} needs exactly one of text, audio and media")
        elif sound.voice is not None and sound.text is None:
            yield Mistake((*where, "voice"), f"{written(where)}.voice is for a text, and there is none")
    for where, music in parts(tenant, Music, place):
        if music.audio is not None and music.media is not None:
            yield Mistake(where, f"{written(where)} has audio and media: it can be one of them")
    for where, said in parts(tenant, Announcements, place):
        for key, text in (("position", said.position), ("wait", said.wait)):
            if text is not None:
                yield from _placeholders((*where, key), text)


def _placeholders(place: Place, text: str) -> Iterator[Mistake]:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError as exc:
        yield Mistake(place, f"{written(place)} has a brace that does not fit: {exc}")
        return
    for name in names:
        if name not in KNOWN:
            told = "only {position} and {minutes} are known there"
            yield Mistake(place, f"{written(place)} has {{{name}}}, which nothing fills in: {told}")
