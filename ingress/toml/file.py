"""Reads a file in TOML as a type: all that is wrong with its form is said at once, each mistake with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec import inspect as types

from ingress.errors import ConfigError
from ingress.toml.lines import Place, line_of, lines_of
from ingress.toml.mistakes import FileError, refusal
from ingress.toml.reading import TomlError, read_toml
from ingress.toml.shape import mistakes_in

T = TypeVar("T")


class TomlFile(msgspec.Struct, Generic[T], frozen=True):
    """What a file says, and where."""

    path: str
    text: str
    content: T

    def where(self, *place: str | int) -> str:
        """Return the file and the line of *place*, as a message begins."""
        found: Place = place
        return f"{self.path}:{line_of(lines_of(self.text), found) or 1}"


def read_file(path: str, what: str) -> tuple[str, dict[str, object]]:
    """Return a file's text, and the document that it is; *what* it has is for messages.

    Raises:
        ConfigError: It cannot be read, or is no TOML.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"{path}: {what} cannot be read: {reason}") from None
    try:
        return text, read_toml(text)
    except TomlError as exc:
        raise FileError(path, [str(exc)], [exc.line]) from None


def load_file(path: str, what: str, kind: type[T]) -> TomlFile[T]:
    """Return the file at *path* as a *kind*; *what* it has is for messages.

    Raises:
        ConfigError: It cannot be read, or is no TOML.
        FileError: It is not of that form.
    """
    text, document = read_file(path, what)
    mistakes = mistakes_in(document, types.type_info(kind))
    if mistakes:
        raise refusal(path, text, mistakes)
    return TomlFile(path, text, msgspec.convert(document, kind))
