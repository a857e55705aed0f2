"""The spool's folder: locked for one process, its files in the order of their numbers, the damaged ones set aside.

Everything here blocks, and belongs into a thread once the ingress serves.
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

import structlog

from ingress.errors import ConfigError

log = structlog.get_logger(__name__)

_NAME = re.compile(r"(\d{10})\.spool")
_ANY_NAME = re.compile(r"(\d{10})\.spool(\.damaged)?")
_SETTING = "SWITCHHOOK_SPOOL_DIR"


class SpoolDirectory:
    """One process's folder, from `open` to `close`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    def open(self) -> None:
        """Make the folder if there is none, which is said, for it may be a slip of the pen; and lock it.

        Raises:
            ConfigError: It cannot be written, or another process has it.
        """
        try:
            is_new = not self.path.exists()
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise ConfigError(
                f"{_SETTING}: {self.path} cannot be written ({exc.strerror}): "
                "name a folder on a local disk that this user may write"
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            os.close(lock)
            if not isinstance(exc, BlockingIOError):
                raise ConfigError(
                    f"{_SETTING}: {self.path} cannot be locked ({exc.strerror}): name a folder on a local disk"
                ) from None
            raise ConfigError(
                f"{_SETTING}: {self.path} is in use by another ingress: give each its own folder"
            ) from None
        self._lock = lock
        if is_new:
            log.info("spool.made", directory=str(self.path))

    def numbers(self) -> list[int]:
        """Return the numbers of the files that are there, oldest first."""
        return sorted(int(match[1]) for path in self.path.iterdir() if (match := _NAME.fullmatch(path.name)))

    def next_number(self) -> int:
        """Return a number that no file has, and none that was set aside."""
        taken = (int(match[1]) for path in self.path.iterdir() if (match := _ANY_NAME.fullmatch(path.name)))
        return 1 + max(taken, default=0)

    def file(self, number: int) -> Path:
        """Return the path of a file."""
        return self.path / f"{number:010}.spool"

    def set_aside(self, number: int) -> Path:
        """Rename a damaged file, so that it is kept and not read again; return its new path."""
        path = self.file(number)
        aside = path.with_name(f"{path.name}.damaged")
        path.rename(aside)
        return aside

    def remove(self, number: int) -> None:
        """Delete a file that is wholly in Redis."""
        self.file(number).unlink(missing_ok=True)

    def sync(self) -> None:
        """Make the names in the folder durable, as fsync(2) of a file alone does not."""
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Let go of the lock."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
