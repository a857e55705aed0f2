"""A policy that came into force: an event of each partition, so that its log says by which policy it was decided."""

from __future__ import annotations

import msgspec


class PolicyLoaded(msgspec.Struct, frozen=True, tag="policy-loaded"):
    """From here on this policy rules the partition, unless a later one does already.

    `number` grows with each policy that comes into force, over all partitions; `digest` is the SHA-256 of `text`, which
    is the file's. `by` says who loaded it.
    """

    number: int
    digest: str
    text: str
    by: str
