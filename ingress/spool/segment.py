"""The form of a spool's file: a line that names it, then records, each checked. Reading never raises for what it finds.

A record is its length (4 bytes, big-endian), a BLAKE2b digest of 8 bytes over its offset in the file and its payload,
and the payload: a `LogEntry` as MessagePack. The offset is part of the digest, so that a record is good only where it
was written. Whatever is not so is damage: what lies before it is read, what lies behind it is not trusted.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from ingress.envelope import LogEntry

#: The version is in the name: a file of another one is set aside, never guessed at.
MAGIC = b"switchhook spool 1\n"
#: A webhook's body has at most a mebibyte; a longer record is a length that was damaged.
MAX_PAYLOAD_BYTES = 4 * 1024 * 1024
DIGEST_BYTES = 8
HEAD = struct.Struct(f">I{DIGEST_BYTES}s")
_OFFSET = struct.Struct(">Q")

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(LogEntry).decode


class Record(msgspec.Struct, frozen=True):
    """One whole record, and the offset of the byte behind it."""

    entry: LogEntry
    end: int


class Damage(msgspec.Struct, frozen=True):
    """Where a file ceases to be readable, and why."""

    offset: int
    reason: str


def encode_payload(entry: LogEntry) -> bytes:
    """Return what a record of *entry* holds. The record is `HEAD.size` bytes longer."""
    return _encode(entry)


def encode_record(payload: bytes, offset: int) -> bytes:
    """Return the record of *payload*, to be written at *offset*."""
    return HEAD.pack(len(payload), _digest(payload, offset)) + payload


def read_records(source: BinaryIO, *, start: int = 0, end: int | None = None) -> Iterator[Record | Damage]:
    """Yield the records from *start*, which is 0 or a record's end, up to *end* or the file's own.

    The last that is yielded may be a `Damage`. A file that ends within its first line holds nothing, and is none.

    Raises:
        OSError: The disk cannot be read.
    """
    source.seek(start)
    if start == 0:
        magic = source.read(len(MAGIC))
        if magic != MAGIC:
            if not MAGIC.startswith(magic):
                yield Damage(0, "it does not begin as a spool file of this version")
            return
        start = len(MAGIC)
    while end is None or start < end:
        found = _read_record(source, start)
        if found is None:
            return
        yield found
        if isinstance(found, Damage):
            return
        start = found.end


def _read_record(source: BinaryIO, offset: int) -> Record | Damage | None:
    head = source.read(HEAD.size)
    if not head:
        return None
    if len(head) < HEAD.size:
        return Damage(offset, "the file ends within a record")
    length, digest = HEAD.unpack(head)
    if not 0 < length <= MAX_PAYLOAD_BYTES:
        return Damage(offset, f"a record cannot be {length} bytes long")
    payload = source.read(length)
    if len(payload) < length:
        return Damage(offset, "the file ends within a record")
    if _digest(payload, offset) != digest:
        return Damage(offset, "a record is not as it was written")
    try:
        return Record(_decode(payload), offset + HEAD.size + length)
    except (msgspec.DecodeError, msgspec.ValidationError) as exc:
        return Damage(offset, f"a record is not an event: {exc}")


def _digest(payload: bytes, offset: int) -> bytes:
    return hashlib.blake2b(_OFFSET.pack(offset) + payload, digest_size=DIGEST_BYTES).digest()
