"""The commands of a partition whose account is refused. They take no room from what can be sent, for the log of a
partition is every tenant's; so each tenant's have a bound of their own.

Beyond it the oldest gives way: it would be given up first in any case, and its caller is the least likely to be there.
"""

from __future__ import annotations

from collections import Counter

import anyio
import msgspec

from ingress.envelope import Address


class Pause(msgspec.Struct):
    """An address whose first command was refused, until that is sent again."""

    #: Since when its account is known to be refused (monotonic seconds).
    since: float
    #: How many commands wait: it, and those behind it.
    commands: int
    #: Around the wait.
    scope: anyio.CancelScope


class Held:
    """What is held of one partition."""

    def __init__(self, most: int) -> None:
        """Hold at most so many commands of each tenant."""
        self._most = most
        self._counts: Counter[str] = Counter()
        self._pauses: dict[str, dict[Address, Pause]] = {}

    def __len__(self) -> int:
        """Return how many commands are held."""
        return self._counts.total()

    def hold(self, address: Address, pause: Pause) -> None:
        """Hold the commands of *address*; cut short the oldest pauses of its tenant if those are too many now."""
        self._pauses.setdefault(address.tenant, {})[address] = pause
        self._counts[address.tenant] += pause.commands
        self._keep_bound(address.tenant)

    def add(self, address: Address) -> None:
        """Count one more command of *address*, if that is held."""
        pause = self._pauses.get(address.tenant, {}).get(address)
        if pause is not None:
            pause.commands += 1
            self._counts[address.tenant] += 1
            self._keep_bound(address.tenant)

    def release(self, address: Address) -> bool:
        """Hold *address* no more; False: its pause was cut short, so its first command is to end."""
        pause = self._pauses.get(address.tenant, {}).pop(address, None)
        if pause is None:
            return False
        self._counts[address.tenant] -= pause.commands
        return True

    def _keep_bound(self, tenant: str) -> None:
        pauses = self._pauses[tenant]
        while self._counts[tenant] > self._most:
            oldest = min(pauses, key=lambda address: pauses[address].since)
            scope = pauses[oldest].scope
            self.release(oldest)
            scope.cancel()
