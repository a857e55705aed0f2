"""Who may see the centre's state: whoever reaches a loopback address, or those who have a token."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

import msgspec
import structlog

from ingress.envelope import AggregateKind
from ingress.errors import ConfigError
from ingress.intents.tokens import Token, Tokens, read_tokens
from worker.views.model import AnyView

log = structlog.get_logger(__name__)


class Denied(msgspec.Struct, frozen=True):
    """A no: the HTTP status, and a sentence for who asked."""

    status: int
    reason: str


class Reader(msgspec.Struct, frozen=True):
    """Somebody who may look. `agents` are those whom he may see; None: all, and conferences and calls."""

    agents: frozenset[str] | None = None

    def sees(self, kind: AggregateKind, name: str) -> bool:
        """Return whether he may see that one."""
        return self.agents is None or kind == "queue" or (kind == "agent" and name in self.agents)

    def sees_view(self, view: AnyView) -> bool:
        """Return whether he may see *view*."""
        return self.sees(view.kind, view.name)


class Readers:
    """Those who may look at one worker's state."""

    def __init__(self, path: str | None, tenants: Collection[str], *, host: str) -> None:
        """Read the tokens at *path*; *host* is where the worker listens.

        Raises:
            ConfigError: The file cannot be read, or a token in it is wrong.
        """
        self.tenants = tuple(sorted(tenants))
        self._path = path
        self._loopback = _is_loopback(host)
        self._tokens = read_tokens(path, self.tenants) if path else Tokens(())

    def reload(self) -> None:
        """Read the tokens anew. A file with a mistake changes nothing, and is said."""
        if self._path is None:
            return
        try:
            self._tokens = read_tokens(self._path, self.tenants)
        except ConfigError as exc:
            log.error("reload.refused", reason=str(exc), help="what was read before is still in force")
        else:
            log.info("reloaded", tokens=len(self._tokens))

    def admit(self, tenant: str, authorization: str | None) -> Reader | Denied:
        """Return who asks with this Authorization header for *tenant*'s state, or why he is not told."""
        if self._path is None and not self._loopback:
            return Denied(
                403, "without tokens only a worker that listens on a loopback address tells: set SWITCHHOOK_TOKENS"
            )
        token: Token | None = None
        if self._path is not None:
            scheme, _, secret = (authorization or "").partition(" ")
            if scheme.lower() != "bearer" or not secret.strip():
                return Denied(401, "Send a token: Authorization: Bearer …")
            token = self._tokens.of(secret.strip())
            if token is None:
                return Denied(401, "This token is not known here.")
            if token.tenant != tenant:
                return Denied(403, f"This token is of another tenant than {tenant}.")
        if tenant not in self.tenants:
            return Denied(404, f"There is no tenant {tenant}; there are {', '.join(self.tenants)}.")
        if token is None or token.scopes & {"supervisor", "operator"}:
            return Reader()
        return Reader(token.agents)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
