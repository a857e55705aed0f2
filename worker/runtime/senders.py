"""One sender for each tenant of the policy: the client of its account, with its key read from where the policy says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from worker.policy.load import LoadedPolicy, read_secret
from worker.telnyx.client import TelnyxClient
from worker.telnyx.sender import Sender


class TenantSenders:
    """The senders by tenant."""

    def __init__(self, senders: dict[str, Sender]) -> None:
        self._senders = senders

    def of(self, tenant: str) -> Sender | None:
        """Return the tenant's sender, or None when the policy has no such tenant."""
        return self._senders.get(tenant)


@asynccontextmanager
async def open_senders(loaded: LoadedPolicy, *, api_base: str | None) -> AsyncIterator[TenantSenders]:
    """Open a client for each tenant. *api_base* goes before what the policy says.

    Raises:
        ConfigError: A tenant's key cannot be read.
    """
    async with AsyncExitStack() as stack:
        senders: dict[str, Sender] = {}
        for name, tenant in loaded.policy.tenants.items():
            key = read_secret(tenant.api_key, f"{loaded.path}: tenants.{name}.api_key")
            client = await stack.enter_async_context(TelnyxClient(key, base_url=api_base or tenant.api_base))
            senders[name] = Sender(client)
        yield TenantSenders(senders)
