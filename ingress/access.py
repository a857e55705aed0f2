"""Who is believed: Telnyx's public keys and the tokens of people and programs, read anew at SIGHUP."""

from __future__ import annotations

import signal

import anyio
import structlog

from ingress.errors import ConfigError
from ingress.intents.tokens import Tokens, read_tokens
from ingress.settings import IngressSettings, tenant_agents, tenant_keys
from ingress.signature import Verifier

log = structlog.get_logger(__name__)


class Access:
    """The keys and tokens of one ingress."""

    def __init__(self, settings: IngressSettings) -> None:
        """Read them.

        Raises:
            ConfigError: One is missing or wrong.
        """
        self._settings = settings
        #: What checks each tenant's webhooks.
        self.verifiers: dict[str, Verifier] = {}
        self._tokens = Tokens(())
        self._read()

    def tokens(self) -> Tokens:
        """Return the tokens of this moment."""
        return self._tokens

    async def watch(self) -> None:
        """Read them anew at each SIGHUP, for ever. A file with a mistake changes nothing, and is said."""
        with anyio.open_signal_receiver(signal.SIGHUP) as received:
            async for _ in received:
                try:
                    self._read()
                except ConfigError as exc:
                    log.error("reload.refused", reason=str(exc), help="what was read before is still in force")
                else:
                    log.info("reloaded", tenants=sorted(self.verifiers), tokens=len(self._tokens))

    def _read(self) -> None:
        verifiers = {tenant: Verifier(keys) for tenant, keys in tenant_keys(self._settings).items()}
        path = self._settings.tokens
        tokens = read_tokens(path, verifiers) if path else Tokens(())
        agents = tenant_agents(self._settings) if len(tokens) else None
        # An agent may be about to come with the next policy: this is no mistake.
        for token, agent in tokens.strangers(agents) if agents is not None else ():
            log.warning("token.agent_unknown", token=token, agent=agent, help="the policy has no agent of this name")
        self.verifiers.clear()
        self.verifiers.update(verifiers)
        self._tokens = tokens
