"""What a partition's log is told when a policy comes into force: the policy, and what is new for its agents."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import lru_cache

import structlog

from ingress.envelope import Address, LogEntry
from ingress.errors import LogUnavailableError
from ingress.log import EventLog, Partition, partition_of
from worker.events.event import write_entry
from worker.events.intents import Enrol, Strike
from worker.events.policies import PolicyLoaded
from worker.ledger.governing import Governing, policy_of
from worker.policy.model import Policy
from worker.runtime.clock import RedisClock, monotonic
from worker.runtime.errors import UnavailableError
from worker.runtime.policies import Policies

log = structlog.get_logger(__name__)

#: What was appended and has not been read after so long is appended again: Redis may have lost it.
AGAIN_SECS = 5.0
#: No tenant is called so: a tenant's name has letters or digits.
NO_TENANT = "-"


class Bringer:
    """Sees to it that a partition's log has the policy in force. For its owner alone."""

    def __init__(self, partition: Partition, policies: Policies, event_log: EventLog, clock: RedisClock) -> None:
        self._partition = partition
        self._policies = policies
        self._log = event_log
        self._clock = clock
        self._brought = (0, 0.0)

    async def bring(self, governing: Governing) -> None:
        """Append the newest policy, unless the log, of which *governing* is known, has it.

        Raises:
            UnavailableError: Redis failed.
        """
        if self._policies.reading:
            return
        newest, ruling = self._policies.newest, governing.loaded
        if ruling is not None and (newest is None or newest.number <= ruling.number):
            if newest is None or (newest.number, newest.digest) != (ruling.number, ruling.digest):
                await self._policies.keep_up(ruling)
            return
        number, at = self._brought
        if newest is None or newest.number <= max(governing.number, number if monotonic() < at + AGAIN_SECS else 0):
            return
        policy = policy_of(newest.text)
        if policy is None:
            log.error("policy.unreadable", partition=self._partition, number=newest.number, digest=newest.digest)
        partitions = self._log.partitions
        new = entries_for(newest, policy, governing.policy, self._partition, partitions, self._clock.now_ms())
        try:
            await self._log.append(list(new))
        except LogUnavailableError as exc:
            raise UnavailableError(str(exc)) from exc
        self._brought = (newest.number, monotonic())
        log.info("policy.in-force", partition=self._partition, number=newest.number, digest=newest.digest)


def entries_for(
    new: PolicyLoaded, policy: Policy | None, before: Policy | None, partition: Partition, partitions: int, now_ms: int
) -> Iterator[LogEntry]:
    """Yield what a partition's log is to hold when *new* comes into force there, in order.

    First the policy; then an enrolment for each of its agents, and a strike for each agent and queue that only
    *before*, which ruled the partition until now, had. *policy* is what *new* reads as; None: this release cannot.
    """
    yield write_entry(f"policy:{new.number}:{partition}", policy_address(partition, partitions), new, now_ms)
    known = {
        Address(name, "agent", agent): rules
        for name, tenant in (policy.tenants.items() if policy else ())
        for agent, rules in tenant.agents.items()
    }
    for address, rules in known.items():
        if partition_of(address, partitions) == partition:
            enrol = Enrol("policy", log_in=rules.log_in == "policy", reach=rules.reach)
            yield write_entry(f"roster:{new.number}:{address}", address, enrol, now_ms)
    for address in _gone(before, policy) if before and policy else ():
        if partition_of(address, partitions) == partition:
            yield write_entry(f"strike:{new.number}:{address}", address, Strike("policy"), now_ms)


def _gone(before: Policy, policy: Policy) -> Iterator[Address]:
    """Yield the agents and queues that only *before* has."""
    for name, tenant in before.tenants.items():
        now = policy.tenants.get(name)
        yield from (Address(name, "agent", agent) for agent in tenant.agents if not now or agent not in now.agents)
        yield from (Address(name, "queue", queue) for queue in tenant.queues if not now or queue not in now.queues)


@lru_cache(maxsize=2048)
def policy_address(partition: Partition, partitions: int) -> Address:
    """Return the address of policies in *partition*: no aggregate's, and one that belongs there like any other."""
    addresses = (Address(NO_TENANT, "queue", f"policy-{number}") for number in itertools.count())
    return next(address for address in addresses if partition_of(address, partitions) == partition)
