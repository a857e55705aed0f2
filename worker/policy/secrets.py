"""Secrets: the policy says where they are, never what they are."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ingress.errors import ConfigError
from worker.policy.model import Secret

#: A Telnyx API key, which may have been put where the name of its variable or its file belongs.
API_KEY = re.compile(r"^KEY[0-9A-F]{20,}")
#: What can name an environment variable.
VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


def read_secret(secret: Secret, where: str) -> str:
    """Return the secret that *secret* points to.

    Raises:
        ConfigError: The variable is not set, or the file cannot be read; *where* says which key asked for it.
    """
    if secret.env is not None:
        value = os.environ.get(secret.env, "").strip()
        if not value:
            raise ConfigError(f"{where}: the environment variable {secret.env} is not set: set it to the secret")
        return _one_word(value, f"{where}: the environment variable {secret.env}")
    path = Path(secret.file or "")
    try:
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not text"
        raise ConfigError(f"{where}: the file {path} cannot be read: {reason}") from None
    if not value:
        raise ConfigError(f"{where}: the file {path} is empty: put the secret into it")
    return _one_word(value, f"{where}: the file {path}")


def _one_word(value: str, what: str) -> str:
    """Return a secret that can stand in an HTTP header."""
    if not (value.isascii() and value.isprintable() and " " not in value):
        raise ConfigError(f"{what} holds more than a secret: it has spaces, lines or letters that no key has")
    return value
