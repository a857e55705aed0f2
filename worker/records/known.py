"""All that is known of one caller, to be asked for by kind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from worker.records import facts as f

F = TypeVar("F", bound=f.AnyFact)


class Facts:
    """All that is known of one caller."""

    def __init__(self, facts: Iterable[f.AnyFact]) -> None:
        self._facts = sorted(facts, key=lambda fact: (fact.at_ms, repr(fact)))

    def of(self, kind: type[F]) -> list[F]:
        """Return the facts of a kind, the earliest first."""
        return [fact for fact in self._facts if isinstance(fact, kind)]

    @property
    def is_caller(self) -> bool:
        """Whether somebody rang at all: of a leg that we dialled there is no record."""
        return bool(self.of(f.Rang))

    @property
    def leg(self) -> str:
        """The leg with which the caller came."""
        called_back = {fact.leg for fact in self.of(f.CalledBack)}
        return next((rang.leg for rang in self.of(f.Rang) if rang.leg not in called_back), "")

    @property
    def legs(self) -> tuple[str, ...]:
        """All legs of the caller, the first one first."""
        return tuple(dict.fromkeys((self.leg, *(fact.leg for fact in self.of(f.CalledBack)))))

    @property
    def ends(self) -> dict[str, f.Ended | f.Vanished]:
        """How each leg that is over has ended; what Telnyx told of it goes before what was found out."""
        found: dict[str, f.Ended | f.Vanished] = {}
        for told in self.of(f.Ended):
            found.setdefault(told.leg, told)
        for seen in self.of(f.Vanished):
            found.setdefault(seen.leg, seen)
        return found

    @property
    def keeps_place(self) -> bool:
        """Whether the caller has hung up to be called back, and still may be."""
        if not any(sent.reason == "callback" for sent in self.of(f.SentOn)):
            return False
        if any(lapsed.what == "given-up" for lapsed in self.of(f.Lapsed)):
            return False
        answered = {fact.leg for fact in self.of(f.Answered)}
        return not any(back.leg in answered and back.leg in self.ends for back in self.of(f.CalledBack))

    @property
    def over(self) -> bool:
        """Whether nothing more is expected: the legs have ended, nobody is called back, wrap-ups are over."""
        began = {fact.offer for fact in self.of(f.Wrapped) if fact.began}
        done = {fact.offer for fact in self.of(f.Wrapped) if not fact.began}
        ends = self.ends
        legs = [leg for leg in self.legs if leg] or list(ends)
        return bool(legs) and all(leg in ends for leg in legs) and not self.keeps_place and began <= done
