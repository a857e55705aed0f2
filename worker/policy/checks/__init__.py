"""What the parts of a policy must and should say of each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ingress.toml.mistakes import Mistake
from worker.policy.checks import entries, own, people, queues, sounds, tenants
from worker.policy.model import Policy
from worker.policy.rules import Rule, Unusable


def mistakes_in(policy: Policy, rules: Mapping[str, Rule | Unusable] | None) -> Iterator[Mistake]:
    """Yield what keeps *policy* from being used. *rules* are those that are installed; None: not looked at."""
    yield from tenants.mistakes(policy)
    for name, tenant in policy.tenants.items():
        place = ("tenants", name)
        yield from sounds.mistakes(tenant, place)
        yield from entries.mistakes(tenant, place)
        yield from queues.mistakes(tenant, place)
        yield from people.mistakes(tenant, place)
        if rules is not None:
            yield from own.mistakes(tenant, place, rules)


def warnings_of(policy: Policy) -> Iterator[str]:
    """Yield what is allowed and probably not meant, a sentence each."""
    yield from tenants.warnings(policy)
    for name, tenant in policy.tenants.items():
        place = ("tenants", name)
        yield from entries.warnings(tenant, place)
        yield from queues.warnings(tenant, place)
        yield from people.warnings(tenant, place)
