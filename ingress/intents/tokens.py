"""Who may ask: bearer tokens, each of one tenant, with scopes, in a file of their own; the secrets stand elsewhere.

[wallboard]
tenant = "default"
scopes = ["supervisor"]
secret = { env = "WALLBOARD_TOKEN" }

[alice]
scopes = ["agent"]
agents = ["alice"]
secret = { file = "/run/secrets/alice" }
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Collection, Mapping
from typing import Literal

import msgspec

from ingress.envelope import DEFAULT_TENANT
from ingress.errors import PlacedError
from ingress.secrets import SecretRef, read_secret
from ingress.toml.file import load_file

Scope = Literal["agent", "supervisor", "operator"]

#: Shorter ones can be tried out.
MIN_SECRET_CHARS = 16
#: What can stand in a header.
_ONE_WORD = re.compile(r"[\x21-\x7e]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token as the file has it."""

    secret: SecretRef
    scopes: tuple[Scope, ...]
    tenant: str = DEFAULT_TENANT
    agents: tuple[str, ...] = ()


class Token(msgspec.Struct, frozen=True):
    """Who asks, as the log will name him, and what he may ask. Of the secret only the SHA-256 is kept."""

    name: str
    tenant: str
    scopes: frozenset[Scope]
    #: Whom the scope `agent` is about.
    agents: frozenset[str]
    digest: bytes

    def __repr__(self) -> str:
        """Say who it is, and nothing of the secret."""
        return f"Token({self.name!r}, tenant={self.tenant!r}, scopes={sorted(self.scopes)})"


class Tokens:
    """All tokens of one ingress."""

    def __init__(self, tokens: Collection[Token]) -> None:
        self._tokens = tuple(tokens)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._tokens)

    def strangers(self, agents: Mapping[str, Collection[str]]) -> list[tuple[str, str]]:
        """Return each token with an agent of its own who is not among his tenant's *agents*: he cannot be asked for."""
        return [
            (token.name, agent)
            for token in self._tokens
            for agent in sorted(token.agents)
            if agent not in agents.get(token.tenant, ())
        ]

    def of(self, secret: str) -> Token | None:
        """Return whose *secret* is, comparing with all, each in constant time."""
        digest = hashlib.sha256(secret.encode(errors="surrogateescape")).digest()
        found = None
        for token in self._tokens:
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found


def read_tokens(path: str, tenants: Collection[str], environment: Mapping[str, str] = os.environ) -> Tokens:
    """Return the tokens that the file at *path* says; *tenants* are those that there are.

    Raises:
        ConfigError: The file cannot be read, or a token in it is wrong; the sentence names it, and its line.
    """
    file = load_file(path, "the tokens", dict[str, _Entry])
    tokens = [_token(file.where(name), name, entry, tenants, environment) for name, entry in file.content.items()]
    by_digest: dict[bytes, str] = {}
    for token in tokens:
        other = by_digest.setdefault(token.digest, token.name)
        if other != token.name:
            raise PlacedError(
                f"{file.where(token.name)}: {token.name} and {other} have the same secret: the log could not tell them "
                "apart"
            )
    return Tokens(tokens)


def _token(file: str, name: str, entry: _Entry, tenants: Collection[str], environment: Mapping[str, str]) -> Token:
    where = f"{file}: {name}"
    if not _NAME.fullmatch(name):
        raise PlacedError(f"{where}: a token's name is of letters, digits and . _ @ -, at most 63 of them")
    if entry.tenant not in tenants:
        raise PlacedError(f"{where}: there is no tenant {entry.tenant!r}; there are {', '.join(sorted(tenants))}")
    if not entry.scopes:
        raise PlacedError(f"{where}: scopes is empty: name some of agent, supervisor, operator")
    if entry.agents and "agent" not in entry.scopes:
        raise PlacedError(f'{where}: agents are named, and the scope "agent" is not: add it, or leave them out')
    if "agent" in entry.scopes and not entry.agents and len(entry.scopes) == 1:
        raise PlacedError(f'{where}: the scope "agent" is about nobody: name them, as in agents = ["alice"]')
    secret = read_secret(entry.secret, f"{where}.secret", environment).strip()
    if len(secret) < MIN_SECRET_CHARS:
        raise PlacedError(
            f"{where}.secret is shorter than {MIN_SECRET_CHARS} characters: make one with openssl rand -hex 32"
        )
    if not _ONE_WORD.fullmatch(secret):
        raise PlacedError(f"{where}.secret holds more than a secret: it has spaces, lines or letters that none has")
    digest = hashlib.sha256(secret.encode()).digest()
    return Token(name, entry.tenant, frozenset(entry.scopes), frozenset(entry.agents), digest)
