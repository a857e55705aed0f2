"""The policy that rules a partition, by its own log: what is decided there follows the policy of that time."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from ingress.intents.model import Asked, ReloadPolicy
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

    def after(self, loaded: object) -> Governing:
        """Return what rules after *loaded*; what is no policy, or none that is newer, changes nothing.

        One that this release cannot read, for another one wrote it, leaves the policy before it to rule on.
        """
        if not isinstance(loaded, PolicyLoaded) or loaded.number <= self.number:
            return self
        return Governing(loaded, policy_of(loaded.text) or self.policy)


def is_about_policy(body: object) -> bool:
    """Return whether an event of this *body* is about the policy of all, and for no aggregate."""
    return isinstance(body, PolicyLoaded) or (isinstance(body, Asked) and isinstance(body.intent, ReloadPolicy))


@lru_cache(maxsize=8)
def policy_of(text: str) -> Policy | None:
    """Return the policy that *text* is, the same one for all partitions; None: this release cannot read it."""
    try:
        return read_policy(text, "the policy in the log")
    except PolicyError:
        return None
