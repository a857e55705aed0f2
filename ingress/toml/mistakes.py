"""What is wrong with a file in TOML, said in the words of the file."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable

import msgspec

from ingress.errors import PlacedError
from ingress.toml.lines import Place, line_of, lines_of

BARE_KEY = re.compile(r"^[A-Za-z0-9_-]+$")


class Mistake(msgspec.Struct, frozen=True):
    """One thing that is wrong: `text` is a sentence that begins with the key. The place is where its line is found."""

    place: Place
    text: str


class FileError(PlacedError):
    """Raised when a file cannot be used. `mistakes` has one sentence for each mistake, `lines` where it stands."""

    def __init__(self, path: str, mistakes: list[str], lines: list[int | None] | None = None) -> None:
        where = lines or [None] * len(mistakes)
        told = (f"{path}{f':{line}' if line else ''}: {text}" for text, line in zip(mistakes, where, strict=True))
        super().__init__("\n".join(told))
        self.path = path
        self.mistakes = tuple(mistakes)
        self.lines = tuple(where)


def refusal(path: str, text: str, mistakes: Iterable[Mistake]) -> FileError:
    """Return the error that says *mistakes* in the order of the file, whose text is TOML."""
    lines = lines_of(text)
    told = sorted(((line_of(lines, one.place) or 1, one.text) for one in mistakes), key=lambda pair: pair[0])
    return FileError(path, [one for _, one in told], [line for line, _ in told])


def written(place: Place) -> str:
    """Write a key as TOML does, `tenants.default.numbers."+1…".rules[0]`: a part that is not bare is quoted."""
    told = ""
    for part in place:
        if isinstance(part, int):
            told += f"[{part}]"
        else:
            told += ("." if told else "") + (part if BARE_KEY.fullmatch(part) else quoted(part))
    return told


def quoted(text: str) -> str:
    """Write *text* as a TOML string: it is JSON's, but for DEL, which TOML wants escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `did you mean …? ` for the one of *known* that is like *name*, if there is one."""
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"did you mean {near[0]}? " if near else ""
