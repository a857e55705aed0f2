"""Signs the agents of the policy in: each worker says so at its start, and the log takes it once."""

from __future__ import annotations

from ingress.envelope import Address
from ingress.log import EventLog
from worker.events.event import write_entry
from worker.events.intents import SignIn
from worker.policy.load import LoadedPolicy
from worker.runtime.clock import wall_ms


async def sign_in_agents(event_log: EventLog, loaded: LoadedPolicy) -> None:
    """Append a sign-in for each agent, named by the policy's digest, so that a new policy is a new sign-in.

    Raises:
        LogUnavailableError: Redis did not take them.
    """
    now_ms = wall_ms()
    await event_log.append(
        [
            write_entry(
                f"roster:{loaded.digest[:16]}:{tenant}:{agent}",
                Address(tenant, "agent", agent),
                SignIn(by="policy"),
                now_ms,
            )
            for tenant, policy in loaded.policy.tenants.items()
            for agent in policy.agents
        ]
    )
