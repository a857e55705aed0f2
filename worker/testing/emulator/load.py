"""An emulator's settings: from a TOML file, with flags before it."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import inspect as types

from ingress.errors import ConfigError
from ingress.toml.file import read_file
from ingress.toml.mistakes import refusal
from ingress.toml.shape import mistakes_in
from worker.testing.emulator.settings import EmulatorSettings

KIND = types.type_info(EmulatorSettings)
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
    settings = DEFAULTS
    if path is not None:
        text, document = read_file(str(path), "the emulator's settings")
        settings = _over(settings, document)
        mistakes = mistakes_in(settings, KIND)
        if mistakes:
            raise refusal(str(path), text, mistakes)
    settings = _over(settings, flags)
    wrong = mistakes_in(settings, KIND)
    if wrong:
        raise ConfigError("; ".join(f"the emulator's {one.text}" for one in wrong))
    return msgspec.convert(settings, EmulatorSettings)


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
