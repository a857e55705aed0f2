"""Appends to the spool's newest file. Blocks: belongs into a thread. What failed leaves nothing that is read later."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from ingress.spool.directory import SpoolDirectory
from ingress.spool.segment import MAGIC, encode_record


class SpoolWriter:
    """Writes files of about *segment_bytes*, one after another. One thread at a time."""

    def __init__(self, directory: SpoolDirectory, *, segment_bytes: int, sync_each: bool) -> None:
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._sync_each = sync_each
        self._file: int | None = None
        self._dirty = False
        #: The number of the file that is written, or None between two.
        self.number: int | None = None
        #: Up to where that file is whole, and durable if each write is.
        self.end = 0

    def begin(self) -> int:
        """Have a file to write to, and return its number.

        Raises:
            OSError: The disk does not take one.
        """
        if self.number is not None and self.end >= self._segment_bytes:
            self.finish()
        if self.number is not None:
            return self.number
        number = self._directory.next_number()
        path = self._directory.file(number)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            _write_all(file, MAGIC)
            self._directory.sync()
        except OSError:
            os.close(file)
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        self._file, self.number, self.end, self._dirty = file, number, len(MAGIC), True
        return number

    def write(self, payloads: Sequence[bytes]) -> None:
        """Append *payloads* to the file that was begun; all of them, or none.

        Raises:
            OSError: The disk did not take them. The file has ended where it was whole.
        """
        if self._file is None:
            raise RuntimeError("there is no file to write to: call begin first")
        records = bytearray()
        for payload in payloads:
            records += encode_record(payload, self.end + len(records))
        try:
            self._dirty = True
            _write_all(self._file, records)
            if self._sync_each:
                self._fsync()
        except OSError:
            self._give_up()
            raise
        self.end += len(records)

    def sync(self) -> None:
        """Make what was written durable.

        Raises:
            OSError: It may not be, and a second try would not tell: after a failed fsync(2) the kernel may hold the
                pages for clean. The file has ended.
        """
        try:
            self._fsync()
        except OSError:
            self._close()
            raise

    def finish(self) -> None:
        """Make the file durable and begin no other; the next write does.

        Raises:
            OSError: As `sync`.
        """
        self.sync()
        self._close()

    @property
    def dirty(self) -> bool:
        """Whether something is written that `sync` would make durable."""
        return self._dirty and self._file is not None

    def discard(self) -> None:
        """Begin no other file, as `finish`, for one that is about to be deleted or holds nothing."""
        self._close()

    def _fsync(self) -> None:
        if self._file is not None and self._dirty:
            os.fsync(self._file)
            self._dirty = False

    def _give_up(self) -> None:
        # What was half written is cut off, lest it look like damage after a restart. If the disk refuses even this, it
        # is found and said then; the webhook was not answered 2xx, so nothing that was promised is in it.
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self.end)
        self._close()

    def _close(self) -> None:
        file, number = self._file, self.number
        self._file = self.number = None
        if file is not None:
            with contextlib.suppress(OSError):
                os.close(file)
        if number is not None and self.end == len(MAGIC):
            with contextlib.suppress(OSError):
                self._directory.remove(number)


def _write_all(file: int, data: bytes | bytearray) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
