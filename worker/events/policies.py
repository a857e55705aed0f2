"""A policy that came into force: an event of each partition, so that its log says by which policy it was decided."""

from __future__ import annotations

import zlib

import msgspec

#: A longer text is compressed in the log: each partition has all of it, and ten thousand agents are a megabyte.
LONG = 16_384


class PolicyLoaded(msgspec.Struct, frozen=True, tag="policy-loaded"):
    """From here on this policy rules the partition, unless a later one does already.

    `number` grows with each policy that comes into force, over all partitions; `digest` is the SHA-256 of `text`, which
    is the file's. `by` says who loaded it.
    """

    number: int
    digest: str
    text: str
    by: str


class PackedPolicy(msgspec.Struct, frozen=True, tag="policy-packed"):
    """A `PolicyLoaded` as the log has one with a long text: `packed` is that text in UTF-8, compressed by zlib."""

    number: int
    digest: str
    packed: bytes
    by: str


def pack(loaded: PolicyLoaded) -> PolicyLoaded | PackedPolicy:
    """Return *loaded* as the log is to have it."""
    if len(loaded.text) < LONG:
        return loaded
    return PackedPolicy(loaded.number, loaded.digest, zlib.compress(loaded.text.encode()), loaded.by)


def unpack(packed: PackedPolicy) -> PolicyLoaded:
    """Return what was packed.

    Raises:
        ValueError: It is damaged.
    """
    try:
        text = zlib.decompress(packed.packed).decode()
    except zlib.error as exc:
        raise ValueError(f"the policy {packed.number} cannot be unpacked: {exc}") from None
    return PolicyLoaded(packed.number, packed.digest, text, packed.by)
