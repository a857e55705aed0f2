"""An emulator's settings: from a TOML file, with flags before it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from ingress.errors import ConfigError
from worker.testing.emulator.settings import EmulatorSettings

DEFAULTS: dict[str, object] = {
    "webhook_url": "http://127.0.0.1:8080/webhooks",
    "port": 4010,
    "traffic": {"to": "+13125550131"},
}


def load_settings(path: Path | None, flags: dict[str, object]) -> EmulatorSettings:
    """Return the settings; a flag that is None says nothing.

    Raises:
        ConfigError: The file cannot be read, or a value in it or a flag is wrong.
    """
    settings = _over(_over(DEFAULTS, _read(path)), flags)
    try:
        return msgspec.convert(settings, EmulatorSettings)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"the emulator's settings{f' ({path})' if path else ''}: {exc}") from None


def _over(before: dict[str, object], after: dict[str, object]) -> dict[str, object]:
    """Return settings with others before them, table by table; what is None says nothing."""
    settings = dict(before)
    for name, value in after.items():
        known = settings.get(name)
        if isinstance(value, dict):
            settings[name] = _over(known if isinstance(known, dict) else {}, value)
        elif value is not None:
            settings[name] = value
    return settings


def _read(path: Path | None) -> dict[str, object]:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ConfigError(f"the emulator's settings {path} cannot be read: {exc}") from None
