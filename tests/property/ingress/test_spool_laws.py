"""Whatever happens to a spool's file: what was written is read, in order, up to the damage; and never an error."""

from __future__ import annotations

import io
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from ingress.envelope import AGGREGATE_KINDS, Address, EntryKind, LogEntry
from ingress.spool.segment import HEAD, MAGIC, Damage, Record, encode_payload, encode_record, read_records

ENTRIES = st.builds(
    LogEntry,
    event_id=st.text(max_size=40),
    address=st.builds(
        Address, tenant=st.text(max_size=8), kind=st.sampled_from(AGGREGATE_KINDS), id=st.text(max_size=20)
    ),
    kind=st.sampled_from(get_args(EntryKind)),
    received_ms=st.integers(0, 2**52),
    raw=st.binary(max_size=200),
)


def written(entries: list[LogEntry]) -> tuple[bytes, list[int]]:
    """Return a file of *entries*, and the offset behind each."""
    file, ends = MAGIC, []
    for entry in entries:
        file += encode_record(encode_payload(entry), len(file))
        ends.append(len(file))
    return file, ends


def read(file: bytes, start: int = 0, end: int | None = None) -> tuple[list[LogEntry], Damage | None]:
    found = list(read_records(io.BytesIO(file), start=start, end=end))
    damage = found.pop() if found and isinstance(found[-1], Damage) else None
    records = [record for record in found if isinstance(record, Record)]
    assert len(records) == len(found)
    return [record.entry for record in records], damage if isinstance(damage, Damage) else None


@given(st.lists(ENTRIES, max_size=8))
def test_what_is_written_is_read(entries: list[LogEntry]) -> None:
    assert read(written(entries)[0]) == (entries, None)


@given(st.lists(ENTRIES, min_size=1, max_size=8), st.data())
def test_reading_goes_on_where_it_ceased_and_stops_where_it_is_told(
    entries: list[LogEntry], data: st.DataObject
) -> None:
    file, ends = written(entries)
    first = data.draw(st.integers(0, len(entries) - 1))
    last = data.draw(st.integers(first, len(entries) - 1))
    start = ends[first - 1] if first else 0
    assert read(file, start, ends[last]) == (entries[first : last + 1], None)


@given(st.lists(ENTRIES, max_size=4))
def test_a_file_cut_off_anywhere_is_read_up_to_its_last_whole_record(entries: list[LogEntry]) -> None:
    file, ends = written(entries)
    whole = [0, len(MAGIC), *ends]
    for length in range(len(file) + 1):
        kept, damage = read(file[:length])
        assert kept == entries[: sum(end <= length for end in ends)]
        if length in whole or length < len(MAGIC):
            assert damage is None
        else:
            assert damage is not None
            assert damage.offset == max(end for end in whole if end <= length)


@given(st.lists(ENTRIES, min_size=1, max_size=6), st.data())
def test_what_lies_before_a_changed_byte_is_read_and_nothing_false_behind_it(
    entries: list[LogEntry], data: st.DataObject
) -> None:
    file, ends = written(entries)
    at = data.draw(st.integers(0, len(file) - 1))
    changed = file[:at] + bytes([file[at] ^ data.draw(st.integers(1, 255))]) + file[at + 1 :]
    kept, damage = read(changed)
    assert kept == ([] if at < len(MAGIC) else entries[: sum(end <= at for end in ends)])
    assert damage is not None
    assert damage.offset <= at


@given(st.lists(ENTRIES, max_size=4), st.binary(min_size=1, max_size=400))
def test_what_stands_behind_the_last_record_harms_none_of_them(entries: list[LogEntry], rest: bytes) -> None:
    file, _ = written(entries)
    kept, damage = read(file + rest)
    assert kept == entries
    assert damage is not None
    assert damage.offset == len(file)


@given(st.lists(ENTRIES, min_size=2, max_size=4))
def test_a_record_is_good_only_where_it_was_written(entries: list[LogEntry]) -> None:
    file, ends = written(entries)
    moved = file[: len(MAGIC)] + file[ends[0] :]
    kept, damage = read(moved)
    assert kept == []
    assert damage is not None


@given(st.binary(max_size=600))
def test_any_bytes_can_be_read(content: bytes) -> None:
    read(content)
    read(MAGIC + content)


def test_zeros_behind_the_records_as_a_power_failure_leaves_them_are_damage() -> None:
    kept, damage = read(MAGIC + bytes(4096))
    assert kept == []
    assert damage is not None
    assert damage.offset == len(MAGIC)


def test_a_length_that_no_record_has_is_not_read_into_memory() -> None:
    _, damage = read(MAGIC + HEAD.pack(2**32 - 1, bytes(8)) + b"x")
    assert damage is not None
    assert "4294967295 bytes" in damage.reason


def test_a_file_of_another_version_is_not_guessed_at() -> None:
    file, _ = written([LogEntry("a", Address("t", "call", "c"), "webhook", 1, b"raw")])
    kept, damage = read(file.replace(b"spool 1\n", b"spool 2\n"))
    assert kept == []
    assert damage is not None
    assert damage.offset == 0


def test_a_record_that_is_no_event_is_damage() -> None:
    _, damage = read(MAGIC + encode_record(b"\x01", len(MAGIC)))
    assert damage is not None
    assert "not an event" in damage.reason
