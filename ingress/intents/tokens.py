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
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from ingress.envelope import DEFAULT_TENANT
from ingress.errors import ConfigError
from ingress.secrets import SecretRef, read_secret

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
        ConfigError: The file cannot be read, or a token in it is wrong; the sentence names it.
    """
    try:
        entries = msgspec.convert(tomllib.loads(Path(path).read_text(encoding="utf-8-sig")), dict[str, _Entry])
    except OSError as exc:
        raise ConfigError(f"{path}: the tokens cannot be read: {exc.strerror}") from None
    except (ValueError, RecursionError) as exc:
        raise ConfigError(f"{path}: {exc}") from None
    tokens = [_token(path, name, entry, tenants, environment) for name, entry in entries.items()]
    by_digest: dict[bytes, str] = {}
    for token in tokens:
        other = by_digest.setdefault(token.digest, token.name)
        if other != token.name:
            raise ConfigError(
                f"{path}: {token.name} and {other} have the same secret: the log could not tell them apart"
            )
    return Tokens(tokens)


def _token(path: str, name: str, entry: _Entry, tenants: Collection[str], environment: Mapping[str, str]) -> Token:
    where = f"{path}: {name}"
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{where}: a token's name is of letters, digits and . _ @ -, at most 63 of them")
    if entry.tenant not in tenants:
        raise ConfigError(f"{where}: there is no tenant {entry.tenant!r}; there are {', '.join(sorted(tenants))}")
    if not entry.scopes:
        raise ConfigError(f"{where}: scopes is empty: name some of agent, supervisor, operator")
    if entry.agents and "agent" not in entry.scopes:
        raise ConfigError(f'{where}: agents are named, and the scope "agent" is not: add it, or leave them out')
    if "agent" in entry.scopes and not entry.agents and len(entry.scopes) == 1:
        raise ConfigError(f'{where}: the scope "agent" is about nobody: name them, as in agents = ["alice"]')
    secret = read_secret(entry.secret, f"{where}.secret", environment).strip()
    if len(secret) < MIN_SECRET_CHARS:
        raise ConfigError(
            f"{where}.secret is shorter than {MIN_SECRET_CHARS} characters: make one with openssl rand -hex 32"
        )
    if not _ONE_WORD.fullmatch(secret):
        raise ConfigError(f"{where}.secret holds more than a secret: it has spaces, lines or letters that none has")
    digest = hashlib.sha256(secret.encode()).digest()
    return Token(name, entry.tenant, frozenset(entry.scopes), frozenset(entry.agents), digest)
