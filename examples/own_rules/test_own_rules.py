"""`pytest --switchhook-rules` holds the installed rules too; this holds them as they stand here."""

from __future__ import annotations

from collections.abc import Callable

import own_rules
import pytest

from worker.policy.rules import Rule


@pytest.mark.parametrize("rule", [own_rules.same_agent, own_rules.german_line, own_rules.no_sales])
def test_the_laws_are_kept(rule_laws: Callable[[Rule], None], rule: Rule) -> None:
    """Each rule answers rightly, the same each time, and does nothing else."""
    rule_laws(rule)
