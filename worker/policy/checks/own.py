"""Own rules that the file names, and those that are installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ingress.toml.lines import Place
from ingress.toml.mistakes import Mistake, nearest, written
from worker.policy.checks.parts import parts
from worker.policy.model import Number, Queue, Recording, Tenant
from worker.policy.rules import GROUP, KINDS, EntryRule, RecordingRule, Rule, Strategy, Unusable


def mistakes(tenant: Tenant, place: Place, rules: Mapping[str, Rule | Unusable]) -> Iterator[Mistake]:
    """Yield rules that are named and not installed, or of another kind."""
    yield from _named(parts(tenant, Queue, place), Strategy, rules)
    yield from _named(parts(tenant, Number, place), EntryRule, rules)
    yield from _named(parts(tenant, Recording, place), RecordingRule, rules)


def _named(
    named: Iterator[tuple[Place, Queue]] | Iterator[tuple[Place, Number]] | Iterator[tuple[Place, Recording]],
    kind: type[Rule],
    rules: Mapping[str, Rule | Unusable],
) -> Iterator[Mistake]:
    for place, part in named:
        if part.rule is None:
            continue
        where, found = (*place, "rule"), rules.get(part.rule)
        if found is None:
            there = ", ".join(sorted(rules)) or "none"
            told = f"no installed package has it as an entry point of {GROUP}; {nearest(part.rule, rules)}"
            yield Mistake(where, f"{written(where)} is {part.rule!r}: {told}there are: {there}")
        elif isinstance(found, Unusable):
            yield Mistake(where, f"{written(where)} is {part.rule!r}: {found.reason}")
        elif not isinstance(found, kind):
            told = f"that is {KINDS[type(found)]}, and {KINDS[kind]} is needed here"
            yield Mistake(where, f"{written(where)} is {part.rule!r}: {told}")
