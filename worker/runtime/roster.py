"""Tells the agents that the policy has them: each worker does so at its start, and the log takes it once."""

from __future__ import annotations

from collections.abc import Iterator

from ingress.envelope import Address, LogEntry
from ingress.log import EventLog
from worker.events.event import write_entry
from worker.events.intents import Enrol, Strike
from worker.policy.load import LoadedPolicy
from worker.policy.model import Policy
from worker.runtime.clock import wall_ms


async def enrol_agents(
    event_log: EventLog, loaded: LoadedPolicy, before: Policy | None = None, *, reload: str = ""
) -> None:
    """Append what `roster` says.

    Raises:
        LogUnavailableError: Redis did not take them.
    """
    await event_log.append(list(roster(loaded, before, wall_ms(), reload=reload)))


def roster(loaded: LoadedPolicy, before: Policy | None, now_ms: int, *, reload: str = "") -> Iterator[LogEntry]:
    """Yield an enrolment for each agent of *loaded*, and a strike for each whom only *before* had.

    They are named by the policy's digest, so that each policy enrols anew; and by *reload*, which tells apart that
    one policy came into force twice.
    """
    version = f"{loaded.digest[:16]}:{reload}" if reload else loaded.digest[:16]
    tenants = loaded.policy.tenants
    for tenant, policy in tenants.items():
        for name, rules in policy.agents.items():
            enrol = Enrol("policy", log_in=rules.log_in == "policy", reach=rules.reach)
            event_id = f"roster:{version}:{tenant}:{name}"
            yield write_entry(event_id, Address(tenant, "agent", name), enrol, now_ms)
    for tenant, policy in (before.tenants if before else {}).items():
        known = tenants[tenant].agents if tenant in tenants else {}
        for name in policy.agents:
            if name not in known:
                event_id = f"strike:{version}:{tenant}:{name}"
                yield write_entry(event_id, Address(tenant, "agent", name), Strike("policy"), now_ms)
