"""The whole centre at one moment, as a wallboard shows it."""

from __future__ import annotations

from typing import cast

import msgspec
from redis.asyncio import Redis

from ingress.log import Keys
from worker.console.look import Beat, overview
from worker.replay.source import LogReader
from worker.runtime.published import Published
from worker.views.model import AgentView, ConferenceView, QueueView


class Partitions(msgspec.Struct, frozen=True):
    """How the log is: its partitions, those that a worker holds, those with undecided events, and the longest wait."""

    total: int
    owned: int
    behind: int
    lag_secs: float


class Board(msgspec.Struct, frozen=True):
    """One moment. `as_of_ms` is that of the partition which was published longest ago."""

    tenant: str
    at_ms: int
    as_of_ms: int | None
    unpublished: int
    workers: list[Beat]
    partitions: Partitions
    queues: list[QueueView]
    agents: list[AgentView]
    conferences: list[ConferenceView]


class Boards:
    """Reads the boards of one log."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._partitions: int | None = None

    async def read(self, tenant: str) -> Board:
        """Return what *tenant*'s centre is like now.

        Raises:
            NoLogError: There is no log.
            LogUnavailableError: Redis does not answer.
        """
        if self._partitions is None:
            self._partitions = await LogReader(self._redis, self._keys).partitions()
        seen = await overview(self._redis, self._keys, self._partitions)
        published = Published(self._redis, self._keys, self._partitions)
        queues = await published.listing(tenant, "queue")
        agents = await published.listing(tenant, "agent")
        conferences = await published.listing(tenant, "conference")
        looks = seen.partitions
        return Board(
            tenant=tenant,
            at_ms=seen.at_ms,
            as_of_ms=queues.as_of_ms,
            unpublished=queues.unpublished,
            workers=seen.workers,
            partitions=Partitions(
                len(looks),
                sum(look.owner is not None for look in looks),
                sum(look.lag > 0 for look in looks),
                max((look.lag_secs for look in looks), default=0.0),
            ),
            queues=cast("list[QueueView]", queues.views),
            agents=cast("list[AgentView]", agents.views),
            conferences=cast("list[ConferenceView]", conferences.views),
        )
