"""Says that a partition was lost, once and with the reason that tells most, however many of its tasks noticed it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import structlog

from ingress.log import Partition
from worker.runtime.errors import FencedError, LapsedError, UnavailableError
from worker.runtime.metrics import Metrics
from worker.runtime.snapshots import UnreadableSnapshotError

log = structlog.get_logger(__name__)

BACKOFF_SECS = (0.05, 5.0)
#: What Redis has said goes before what it did not say, and that before what only our clock knows.
RANKS: tuple[type[Exception], ...] = (UnreadableSnapshotError, FencedError, UnavailableError, LapsedError)


def say_loss(
    partition: Partition, group: BaseExceptionGroup[BaseException], metrics: Metrics, *, again: bool = False
) -> bool:
    """Say and count what ended the holding of *partition*; return whether to be slower in trying anew.

    With *again* nothing was held, and the try before this one failed too: that Redis is away has been said then.
    """
    errors = sorted(_leaves(group), key=_rank)
    reason = str(errors[0])
    if isinstance(errors[0], UnreadableSnapshotError):
        log.error("partition.unreadable", partition=partition, reason=reason)
    elif any(isinstance(error, FencedError) for error in errors):
        metrics.fenced.inc()
        log.warning("partition.fenced", partition=partition, reason=reason)
    elif not again:
        log.warning("partition.interrupted", partition=partition, reason=reason)
    return any(not isinstance(error, FencedError) for error in errors)


def backoff(failures: int) -> float:
    """Return how long to wait before the next try: full jitter, so that workers do not come back all at once."""
    least, most = BACKOFF_SECS
    return random.uniform(least, min(most, least * 2 ** min(failures, 10)))


def _rank(error: BaseException) -> int:
    return max(rank for rank, kind in enumerate(RANKS) if isinstance(error, kind))


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
