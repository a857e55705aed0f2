"""A pytest plugin that holds own rules in Python against the laws of `worker.testing.laws`.

`pytest --switchhook-rules` holds every installed rule, one test each; the fixture `rule_laws` holds one that is handed
to it. With `--switchhook-policy=FILE` they are asked about the agents, queues and numbers of that policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingress.errors import ConfigError
from worker.policy.installed import installed_rules
from worker.policy.load import load_policy
from worker.policy.model import Tenant
from worker.policy.rules import Rule, Unusable
from worker.testing.laws import BrokenLawError, hold

POLICY = "--switchhook-policy"
_TENANTS = pytest.StashKey[list[Tenant | None]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's options."""
    group = parser.getgroup("switchhook", "own rules of Switchhook")
    group.addoption("--switchhook-rules", action="store_true", help="hold each installed own rule against the laws")
    group.addoption(POLICY, metavar="FILE", help=f"ask rules about what this policy file has; write {POLICY}=FILE")


def pytest_load_initial_conftests(args: list[str]) -> None:
    """Refuse a policy behind a space: pytest knows no plugin's options yet when it looks for its settings' file.

    It would take the policy for a test, and the settings of whatever project the policy lies in for those of the tests.

    Raises:
        UsageError: The option was written so.
    """
    if POLICY in args:
        raise pytest.UsageError(f"write {POLICY}=FILE, with =: behind a space, pytest takes the file for a test")


def pytest_configure(config: pytest.Config) -> None:
    """Read the policy.

    Raises:
        UsageError: There is none in that file.
    """
    path = config.getoption(POLICY)
    try:
        tenants: list[Tenant | None] = [*load_policy(path).policy.tenants.values()] if path else [None]
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[_TENANTS] = tenants


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add a test for each installed rule, if that is asked for."""
    if config.getoption("--switchhook-rules"):
        items.extend(_items(session, config))


@pytest.fixture
def rule_laws(pytestconfig: pytest.Config) -> Callable[[Rule], None]:
    """Return what holds a rule against the laws, and raises BrokenLawError."""
    tenants = pytestconfig.stash[_TENANTS]

    def held(rule: Rule) -> None:
        for tenant in tenants:
            hold(rule, tenant)

    return held


class RuleItem(pytest.Item):
    """The test of one installed rule."""

    rule: Rule | Unusable
    tenants: list[Tenant | None]

    def runtest(self) -> None:
        """Hold the rule."""
        if isinstance(self.rule, Unusable):
            raise BrokenLawError(self.rule.reason)
        for tenant in self.tenants:
            hold(self.rule, tenant)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> str:  # type: ignore[override]
        """Say a broken law in its own sentence."""
        return str(excinfo.value if isinstance(excinfo.value, BrokenLawError) else excinfo.getrepr())

    def reportinfo(self) -> tuple[Path, None, str]:
        """Say which rule it is."""
        return self.path, None, self.name


def _items(session: pytest.Session, config: pytest.Config) -> Iterator[RuleItem]:
    tenants = config.stash[_TENANTS]
    for name, rule in sorted(installed_rules().items(), key=lambda pair: pair[0]):
        item = RuleItem.from_parent(session, name=f"switchhook-rule[{name}]")
        item.rule, item.tenants = rule, tenants
        yield item
