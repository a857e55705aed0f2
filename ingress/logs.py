"""How both processes log: one JSON object a line to standard error, an event's dotted name and its fields."""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from collections.abc import Callable

import structlog


def configure_logs(*, level: int = logging.INFO) -> None:
    """Set structlog up for this process."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


class SparseLog:
    """Warns of what strangers can cause as often as they like: at most once in so many seconds of each kind.

    The next warning of a kind says how many were not written; the metrics count them all.
    """

    def __init__(self, *, every_secs: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = structlog.get_logger(__name__)
        self._every_secs = every_secs
        self._clock = clock
        self._due: dict[tuple[str, str], float] = {}
        self._unwritten: Counter[tuple[str, str]] = Counter()

    def warning(self, event: str, *, tenant: str, reason: str) -> None:
        """Write the warning, or count it. A kind is an event of a tenant."""
        kind, now = (event, tenant), self._clock()
        if now < self._due.get(kind, now):
            self._unwritten[kind] += 1
            return
        self._due[kind] = now + self._every_secs
        self._log.warning(event, tenant=tenant, reason=reason, unwritten=self._unwritten.pop(kind, 0))
