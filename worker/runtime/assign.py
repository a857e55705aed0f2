"""Which worker should hold which partition: a pure function that every worker computes alike.

Rendezvous hashing with a load bound: each partition ranks the workers by a hash, and takes the best one that has
room; nobody gets more than ceil(partitions / workers). The leases decide who does hold it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from ingress.log import Partition


def assign(workers: Collection[str], partitions: int) -> dict[Partition, str]:
    """Return the rightful owner of each partition; empty when there are no workers."""
    if not workers:
        return {}
    least, rest = divmod(partitions, len(workers))
    room = dict.fromkeys(workers, least)
    #: So many workers get one more than the others.
    extra = rest
    owners: dict[Partition, str] = {}
    for number in range(partitions):
        for worker in sorted(workers, key=lambda w: (_weight(w, number), w)):
            if room[worker] > 0 or (room[worker] == 0 and extra > 0):
                if room[worker] == 0:
                    extra -= 1
                room[worker] -= 1
                owners[Partition(number)] = worker
                break
    return owners


def _weight(worker: str, partition: int) -> bytes:
    return hashlib.blake2b(f"{partition}|{worker}".encode(), digest_size=8).digest()
