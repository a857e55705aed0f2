"""Reading streams: what redis-py returns, and the order of ids."""

from __future__ import annotations

from ingress.envelope import Address
from ingress.log import encode_entry
from worker.events.event import write_entry
from worker.events.intents import Enrol
from worker.runtime.journal import Entries, entries_of, events_of, order_of

ENTRY = (b"1-0", {b"id": b"x"})


def test_a_read_gives_its_entries_in_either_shape_that_the_client_library_returns() -> None:
    assert entries_of(None) == entries_of([]) == entries_of({}) == []
    assert entries_of([[b"log", [ENTRY]]]) == entries_of({b"log": [[ENTRY]]}) == [ENTRY]


def test_ids_are_ordered_as_numbers_and_not_as_text() -> None:
    assert order_of("9-0") < order_of("10-0") < order_of("10-2") < order_of("10-11")


def test_what_cannot_be_read_is_counted_and_its_neighbours_are_read() -> None:
    entry = write_entry("good", Address("default", "agent", "alice"), Enrol("test"), 1)
    fields = [field if isinstance(field, bytes) else str(field).encode() for field in encode_entry(entry)]
    good = dict(zip(fields[::2], fields[1::2], strict=True))
    entries: Entries = [
        (b"1-0", {b"by": b"hand"}),
        (b"2-0", good),
        (b"3-0", {**good, b"addr": b"default/fax:1"}),
        (b"4-0", {**good, b"raw": b'{"type":"of-a-later-release"}'}),
        (b"5-0", {**good, b"raw": b"\xff"}),
    ]
    unread: list[None] = []
    assert [event.id for event in events_of(entries, unread=lambda: unread.append(None))] == ["2-0"]
    assert len(unread) == 4
