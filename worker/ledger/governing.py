"""The policy that rules a partition, by its own log: what is decided there follows the policy of that time."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from worker.events.policies import PolicyLoaded
from worker.policy.load import read_policy
from worker.policy.mistakes import PolicyError
from worker.policy.model import Policy


class Governing(msgspec.Struct, frozen=True):
    """The policy in force in one partition. Before its log has one, whoever decides brings his own."""

    loaded: PolicyLoaded | None = None
    #: None: there is none, or this release cannot read it.
    policy: Policy | None = None

    @property
    def number(self) -> int:
        """The policy's number; 0: there is none yet."""
        return self.loaded.number if self.loaded else 0

    def after(self, loaded: PolicyLoaded | None) -> Governing:
        """Return what rules after *loaded*; one that is not newer changes nothing.

        One that this release cannot read, for another one wrote it, leaves the policy before it to rule on.
        """
        if loaded is None or loaded.number <= self.number:
            return self
        return Governing(loaded, policy_of(loaded.text) or self.policy)


@lru_cache(maxsize=8)
def policy_of(text: str) -> Policy | None:
    """Return the policy that *text* is, the same one for all partitions; None: this release cannot read it."""
    try:
        return read_policy(text, "the policy in the log")
    except PolicyError:
        return None
