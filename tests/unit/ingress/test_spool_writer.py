"""The spool's folder and files on a real disk, and on one that refuses."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ingress.envelope import Address, LogEntry
from ingress.errors import ConfigError
from ingress.spool.directory import SpoolDirectory
from ingress.spool.reader import summarise
from ingress.spool.segment import MAGIC, encode_payload
from ingress.spool.writer import SpoolWriter

PAYLOAD = encode_payload(LogEntry("e", Address("t", "call", "c"), "webhook", 7, b"raw"))


@pytest.fixture
def directory(tmp_path: Path) -> SpoolDirectory:
    directory = SpoolDirectory(tmp_path / "spool")
    directory.open()
    return directory


@pytest.fixture
def writer(directory: SpoolDirectory) -> SpoolWriter:
    return SpoolWriter(directory, segment_bytes=1000, sync_each=True)


def write(writer: SpoolWriter, count: int = 1) -> int:
    number = writer.begin()
    writer.write([PAYLOAD] * count)
    return number


def refusing(number: int, after: int = 0) -> Callable[..., int]:
    """Return an os.write, or os.fsync, that does *after* bytes of its work and then fails."""
    write = os.write

    def refuse(file: int, data: bytes = b"") -> int:
        nonlocal after
        if after and data:
            done, after = write(file, data[:after]), 0
            return done
        raise OSError(number, os.strerror(number))

    return refuse


def test_a_folder_is_of_one_process_at_a_time(directory: SpoolDirectory) -> None:
    with pytest.raises(ConfigError, match="in use by another ingress: give each its own folder"):
        SpoolDirectory(directory.path).open()
    directory.close()
    SpoolDirectory(directory.path).open()


def test_a_folder_that_cannot_be_made_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"SWITCHHOOK_SPOOL_DIR: .*/file/spool cannot be written \(Not a directory\)"):
        SpoolDirectory(tmp_path / "file" / "spool").open()


def test_only_the_ingresss_own_user_reads_what_callers_said(directory: SpoolDirectory, writer: SpoolWriter) -> None:
    number = write(writer)
    assert directory.path.stat().st_mode & 0o777 == 0o700
    assert directory.file(number).stat().st_mode & 0o777 == 0o600


def test_a_new_file_begins_when_one_is_large_enough(directory: SpoolDirectory, writer: SpoolWriter) -> None:
    numbers = [write(writer, 20) for _ in range(3)]
    assert numbers == [1, 2, 3] == directory.numbers()
    assert [summarise(directory.file(number)).records for number in numbers] == [20, 20, 20]


def test_a_number_that_was_set_aside_is_not_used_again(directory: SpoolDirectory, writer: SpoolWriter) -> None:
    number = write(writer)
    writer.finish()
    aside = directory.set_aside(number)
    assert write(writer) == number + 1
    assert aside.name == "0000000001.spool.damaged"


def test_a_summary_says_when_the_first_event_was_received_and_what_is_wrong(
    directory: SpoolDirectory, writer: SpoolWriter
) -> None:
    path = directory.file(write(writer, 3))
    with path.open("ab") as file:
        file.write(b"torn")
    found = summarise(path)
    assert (found.records, found.end, found.oldest_ms, found.size) == (3, writer.end, 7, writer.end + 4)
    assert found.damage is not None
    assert found.damage.offset == writer.end


@pytest.mark.parametrize("call", ["write", "fsync"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_what_the_disk_did_not_take_is_not_read_later_and_the_next_write_begins_anew(
    directory: SpoolDirectory, writer: SpoolWriter, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    first = write(writer, 2)
    with monkeypatch.context() as patch:
        patch.setattr(os, call, refusing(number, after=10))
        with pytest.raises(OSError, match=os.strerror(number)):
            write(writer)
    found = summarise(directory.file(first))
    assert (found.records, found.damage) == (2, None)
    assert summarise(directory.file(write(writer))).records == 1


def test_a_file_that_could_not_be_begun_is_not_left(
    directory: SpoolDirectory, writer: SpoolWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refusing(errno.ENOSPC))
        with pytest.raises(OSError, match="No space left"):
            writer.begin()
    assert directory.numbers() == []


def test_a_file_that_holds_nothing_is_not_left(directory: SpoolDirectory, writer: SpoolWriter) -> None:
    assert directory.file(writer.begin()).read_bytes() == MAGIC
    writer.finish()
    assert directory.numbers() == []


def test_a_write_that_the_system_does_in_parts_is_done_whole(
    directory: SpoolDirectory, writer: SpoolWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda file, data: whole(file, data[:7]))
    assert summarise(directory.file(write(writer, 5))).records == 5
