"""Secrets stand in the environment or in files, never in a configuration: this reads what points to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ingress.errors import ConfigError

#: Long hexadecimal digits, as `openssl rand -hex` makes them, and Telnyx's own keys.
_LIKE_A_SECRET = re.compile(r"[0-9A-Fa-f]{24,}|KEY[0-9A-Za-z_-]{20,}")
_MISPLACED = "; what stands there looks like the secret itself, and is not repeated"


class SecretRef(msgspec.Struct, frozen=True):
    """Where one is: exactly one of the two."""

    env: str | None = None
    file: str | None = None


def read_secret(ref: SecretRef, where: str, environment: Mapping[str, str]) -> str:
    """Return what *ref* points to; *where* names the setting for messages.

    Raises:
        ConfigError: It points nowhere, or to nothing that can be read.
    """
    if (ref.env is None) == (ref.file is None):
        raise ConfigError(f'{where}: write {{ env = "VARIABLE" }} or {{ file = "path" }}, and one of them')
    if ref.env is not None:
        if not environment.get(ref.env):
            named = f"variable {ref.env} is not set" if _may_be_said(ref.env) else f"variable is not set{_MISPLACED}"
            raise ConfigError(f"{where}: the environment {named}")
        return environment[ref.env]
    try:
        return Path(ref.file or "").read_text(encoding="utf-8")
    except (OSError, ValueError):
        named = f"{ref.file} cannot be read" if _may_be_said(ref.file or "") else f"cannot be read{_MISPLACED}"
        raise ConfigError(f"{where}: the file {named}") from None


def _may_be_said(name: str) -> bool:
    """Return whether *name* is no secret that was put where its variable's or file's name belongs."""
    return not _LIKE_A_SECRET.fullmatch(name)
