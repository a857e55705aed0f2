"""Secrets stand in the environment or in files, never in a configuration: this reads what points to them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from ingress.errors import ConfigError


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
            raise ConfigError(f"{where}: the environment variable {ref.env} is not set")
        return environment[ref.env]
    try:
        return Path(ref.file or "").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{where}: the file {ref.file} cannot be read") from None
