"""A stage whose aggregates are far apart: what one tells another comes later, and everybody reads in his own time.

What is kept is what the logs promise: the notices of one aggregate are appended in the order in which it told them,
and each aggregate takes in its log in order. Nothing else is: between telling and appending, and between appending and
taking in, anything may happen; a timer that is cancelled may have been appended before; and a notice may be appended
twice.
"""

from __future__ import annotations

from collections import deque

import msgspec

from ingress.envelope import Address
from worker.aggregates import machine
from worker.events.event import Body
from worker.events.notices import Told
from worker.policy.model import Tenant
from worker.testing.stage import Sent, Stage


class Entry(msgspec.Struct, frozen=True):
    """An event in a log; a policy that comes into force there."""

    body: Body | Tenant
    received_ms: int
    occurred_ms: int


class Apart(Stage):
    """The aggregates of one tenant, each with its log."""

    def __init__(self, policy: Tenant) -> None:
        super().__init__(policy)
        self.logs: dict[Address, deque[Entry]] = {}
        self.owed: dict[Address, deque[tuple[Address, Told]]] = {}
        #: Which policy rules an aggregate by now.
        self.policies: dict[Address, Tenant] = {}

    def deliver(self, to: Address, told: Told) -> None:
        """Owe a notice to its receiver."""
        self.owed.setdefault(told.sender, deque()).append((to, told))

    def load(self, policy: Tenant) -> None:
        """Bring a policy into the logs of all who are there; whoever is new is ruled by it from the beginning."""
        self.policy = policy
        for address, state in sorted(self.states.items(), key=str):
            if not machine.finished(state):
                self._append(address, policy, self.now_ms)

    def ruling(self, address: Address) -> Tenant:
        """Return the policy that has come into force for *address*."""
        return self.policies.setdefault(address, self.policy)

    def next_commands(self) -> list[Sent]:
        """Return the commands that are carried out next: those of an aggregate one after another."""
        self.sent = [sent for sent in self.sent if not sent.ended]
        first = {sent.address: sent for sent in reversed(self.sent)}
        return list(first.values())

    def next_due_ms(self) -> int | None:
        """Return when the next timer comes due."""
        return min(self._timers.values(), default=None)

    def tellers(self) -> list[Address]:
        """Return whose notices have not all been appended."""
        return list(self.owed)

    def readers(self) -> list[Address]:
        """Return who has something to read."""
        return list(self.logs)

    def carry(self, sender: Address) -> tuple[Address, Told]:
        """Append the oldest notice that *sender* owes, and return it."""
        to, told = self.owed[sender].popleft()
        if not self.owed[sender]:
            del self.owed[sender]
        self.repeat(to, told)
        return to, told

    def repeat(self, to: Address, told: Told) -> None:
        """Append a notice that may have been appended before."""
        self.notices.append((to, told))
        self._append(to, told, self.now_ms)

    def read(self, reader: Address) -> None:
        """Let an aggregate take in the oldest entry of its log."""
        entry = self.logs[reader].popleft()
        if not self.logs[reader]:
            del self.logs[reader]
        if isinstance(entry.body, Tenant):
            self.policies[reader] = entry.body
        else:
            self._take(reader, entry.body, entry.received_ms, entry.occurred_ms)

    def _append(self, to: Address, body: Body | Tenant, occurred_ms: int) -> None:
        self.logs.setdefault(to, deque()).append(Entry(body, self.now_ms, occurred_ms))

    def _drain(self) -> None:
        while self._inbox:
            self._append(*self._inbox.popleft())
