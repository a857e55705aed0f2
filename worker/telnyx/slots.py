"""How many requests a worker has under way at once: in all, and for each tenant, so that none can starve another.

A place that falls free goes to the tenants in turn. Within a tenant, what ends something goes first, reads last; but
every fourth place goes to whoever has waited longest, so that nobody waits for ever.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import count

import anyio

from worker.telnyx.operation import OperationClass

#: However many tenants there are, each may have so large a part of all places: one of so many.
MOST_PARTS = 4
_LONGEST_EVERY = 4

_RANKS = {OperationClass.DELETE_LIKE: 0, OperationClass.READ: 2}
_OTHERS_RANK = 1


def share(most: int, tenants: int) -> int:
    """Return how many of *most* places each of *tenants* may have: with up to four of them, no two can take all."""
    return max(1, most // max(1, min(tenants, MOST_PARTS)))


class _Tenant:
    """One tenant's places, and who waits for one."""

    def __init__(self) -> None:
        self.used = 0
        self.granted = 0
        #: By rank; the numbers are in the order of coming.
        self.lines: tuple[OrderedDict[anyio.Event, int], ...] = (OrderedDict(), OrderedDict(), OrderedDict())

    def next(self) -> anyio.Event:
        """Take out and return who is served next."""
        self.granted += 1
        waiting = [line for line in self.lines if line]
        line = waiting[0]
        if self.granted % _LONGEST_EVERY == 0:
            line = min(waiting, key=lambda each: next(iter(each.values())))
        return line.popitem(last=False)[0]

    @property
    def waits(self) -> bool:
        return any(self.lines)


class Slots:
    """The places of one worker."""

    def __init__(self, most: int, *, most_per_tenant: int | None = None) -> None:
        """Make *most* places, of which each tenant has *most_per_tenant* at once; none: as many as there are."""
        self._free = most
        self._most_per_tenant = min(most, most_per_tenant or most)
        self._tenants: dict[str, _Tenant] = {}
        #: Tenants with somebody waiting, in turn.
        self._turns: OrderedDict[str, None] = OrderedDict()
        self._numbers = count()

    async def take(self, tenant: str, kind: OperationClass) -> None:
        """Return when *tenant* has a place for a request of *kind*."""
        mine = self._tenants.setdefault(tenant, _Tenant())
        if self._free and mine.used < self._most_per_tenant:
            self._free -= 1
            mine.used += 1
            return
        ticket = anyio.Event()
        line = mine.lines[_RANKS.get(kind, _OTHERS_RANK)]
        line[ticket] = next(self._numbers)
        self._turns.setdefault(tenant)
        try:
            await ticket.wait()
        except BaseException:
            if ticket.is_set():
                self.give_back(tenant)
            else:
                del line[ticket]
            raise

    def give_back(self, tenant: str) -> None:
        """Give a place of *tenant* to whoever is next."""
        self._tenants[tenant].used -= 1
        self._free += 1
        self._serve()

    def _serve(self) -> None:
        """Give away what is free, for as long as there is somebody who may have it."""
        for name in list(self._turns):
            if not self._tenants[name].waits:
                del self._turns[name]
        while self._free:
            turn = next((n for n in self._turns if self._tenants[n].used < self._most_per_tenant), None)
            if turn is None:
                return
            tenant = self._tenants[turn]
            tenant.used += 1
            self._free -= 1
            tenant.next().set()
            if tenant.waits:
                self._turns.move_to_end(turn)
            else:
                del self._turns[turn]
