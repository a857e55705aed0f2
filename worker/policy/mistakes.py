"""What is wrong with a policy, said in the words of its file."""

from __future__ import annotations

from collections.abc import Iterable

from ingress.toml.lines import Place
from ingress.toml.mistakes import FileError, Mistake, nearest, written


class PolicyError(FileError):
    """Raised when a policy cannot be used. `mistakes` has one sentence for each mistake, `lines` where it stands."""


def unknown(place: Place, kind: str, name: str, known: Iterable[str]) -> Mistake:
    """Say that there is no *kind* called *name*, and which there are."""
    there = sorted(known)
    listed = ", ".join(there[:20]) + (f" and {len(there) - 20} more" if len(there) > 20 else "")
    hint = nearest(name, there)
    return Mistake(place, f"{written(place)} is {name!r}: there is no such {kind}; {hint}there are: {listed or 'none'}")
