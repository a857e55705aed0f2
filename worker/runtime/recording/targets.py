"""Where records are POSTed to: a file of targets, each with an address and a secret that stands elsewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from ingress.errors import PlacedError
from ingress.secrets import SecretRef, read_secret
from ingress.toml.file import load_file
from worker.runtime.recording.signing import read_key

Kind = Literal["interaction", "agent-state"]
_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$")
#: Where a request may go without TLS.
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class TargetRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A target as the file has it."""

    url: str
    secret: SecretRef
    kinds: tuple[Kind, ...] = ("interaction", "agent-state")
    #: Those whose records it gets; none: all.
    tenants: tuple[str, ...] = ()


class TargetsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: a table `[targets.NAME]` for each."""

    targets: dict[str, TargetRules] = {}


class Target(msgspec.Struct, frozen=True):
    """A target, with its key."""

    name: str
    rules: TargetRules
    key: bytes

    def __repr__(self) -> str:
        """Show no key."""
        return f"Target({self.name!r})"


def load_targets(path: str, environment: Mapping[str, str] = os.environ) -> tuple[Target, ...]:
    """Return the targets of a file; none where *path* is empty.

    Raises:
        ConfigError: Something of it is wrong; the sentence says what and where.
    """
    if not path:
        return ()
    file = load_file(path, "the webhooks' targets", TargetsFile)
    return tuple(
        _target(file.where("targets", name), name, rules, environment) for name, rules in file.content.targets.items()
    )


def _target(file: str, name: str, rules: TargetRules, environment: Mapping[str, str]) -> Target:
    where = f"{file}: targets.{name}"
    if not _NAME.fullmatch(name):
        raise PlacedError(f"{where}: a target's name is of small letters, digits and hyphens")
    parts = urlsplit(rules.url)
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise PlacedError(f"{where}.url: write an address such as https://example.com/hooks")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise PlacedError(f"{where}.url: without TLS records go to this machine alone: write https://")
    return Target(name, rules, read_key(read_secret(rules.secret, f"{where}.secret", environment), f"{where}.secret"))
