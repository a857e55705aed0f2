"""Reads what the owners of all partitions have published: the views of a tenant, one view, what has changed since."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from typing import cast

import msgspec
from msgspec.structs import replace
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.envelope import Address, AggregateKind
from ingress.errors import LogUnavailableError
from ingress.log import Keys, Partition, partition_of
from worker.runtime.journal import START, entries_of, order_of
from worker.runtime.publisher import Head, read_head
from worker.views.model import AnyView, decode_view

#: Partitions, or views, that are asked for in one round trip.
AT_ONCE = 128
#: Entries of the stream of changes that are read at a time.
PAGE = 100
#: Where a name is not there, so many that are there are told at most.
MOST_NAMES = 20


class Listing(msgspec.Struct, frozen=True):
    """The views of one kind.

    `as_of_ms` is the oldest moment of all partitions; None where nothing has been published yet. `unpublished` says of
    how many partitions nothing has been: no worker has held them since the log began.
    """

    as_of_ms: int | None
    unpublished: int
    views: list[AnyView]


class Changes(msgspec.Struct, frozen=True):
    """The views that have changed, each once, up to the entry `last` of the stream."""

    last: str
    addresses: list[Address]


class Published:
    """The views of one log."""

    def __init__(self, redis: Redis, keys: Keys, partitions: int) -> None:
        self._redis = redis
        self._keys = keys
        self._partitions = partitions

    async def listing(self, tenant: str, kind: AggregateKind) -> Listing:
        """Return the views of a tenant's aggregates of *kind*, by name.

        Raises:
            LogUnavailableError: Redis failed.
        """
        heads: list[Head | None] = []
        views: list[AnyView] = []
        for start in range(0, self._partitions, AT_ONCE):
            pipe = self._redis.pipeline(transaction=False)
            for number in range(start, min(self._partitions, start + AT_ONCE)):
                pipe.get(self._keys.published(Partition(number)))
                pipe.hgetall(self._keys.views(Partition(number), kind))
            replies = await _asked(pipe.execute())
            for raw, found in zip(replies[::2], replies[1::2], strict=True):
                head = _head(raw)
                heads.append(head)
                if head is not None:
                    views += _views(cast("dict[bytes, bytes]", found), f"{tenant}/", head)
        known = [head.as_of_ms for head in heads if head is not None]
        return Listing(min(known, default=None), len(heads) - len(known), sorted(views, key=lambda view: view.name))

    async def get(self, addresses: Sequence[Address]) -> list[AnyView | None]:
        """Return the views of *addresses*, None for one that there is not.

        Raises:
            LogUnavailableError: Redis failed.
        """
        found: list[AnyView | None] = []
        for start in range(0, len(addresses), AT_ONCE):
            pipe = self._redis.pipeline(transaction=False)
            for address in addresses[start : start + AT_ONCE]:
                partition = partition_of(address, self._partitions)
                pipe.get(self._keys.published(partition))
                pipe.hget(self._keys.views(partition, address.kind), str(address))
            replies = await _asked(pipe.execute())
            for raw, view in zip(replies[::2], replies[1::2], strict=True):
                head = _head(raw)
                found.append(_view(view, head) if head is not None and isinstance(view, bytes) else None)
        return found

    async def newest(self, tenant: str) -> str:
        """Return the id of the newest change; `0-0` when there was none.

        Raises:
            LogUnavailableError: Redis failed.
        """
        return await self._end(tenant, newest=True)

    async def reaches(self, tenant: str, last: str) -> bool:
        """Return whether all changes after *last* are still there.

        Raises:
            LogUnavailableError: Redis failed.
        """
        oldest, newest = await self._end(tenant, newest=False), await self._end(tenant, newest=True)
        return order_of(oldest) <= order_of(last) <= order_of(newest)

    async def changes(self, tenant: str, after: str, *, wait_secs: float) -> Changes:
        """Return what has changed after the entry *after*; wait so long if nothing has. Needs a client for that.

        Raises:
            LogUnavailableError: Redis failed.
        """
        key = self._keys.changes(tenant)
        try:
            reply = await self._redis.xread({key: after}, count=PAGE, block=max(1, round(wait_secs * 1000)))
        except (RedisError, OSError) as exc:
            raise LogUnavailableError(f"Redis does not answer: {exc}") from exc
        names: dict[Address, None] = {}
        for entry_id, fields in entries_of(reply):
            after = entry_id.decode()
            for name in _names.decode(fields[b"of"]):
                address = Address.parse(name, default_tenant=tenant)
                names.pop(address, None)
                names[address] = None
        return Changes(after, list(names))

    async def _end(self, tenant: str, *, newest: bool) -> str:
        key = self._keys.changes(tenant)
        try:
            found = await (self._redis.xrevrange(key, count=1) if newest else self._redis.xrange(key, count=1))
        except (RedisError, OSError) as exc:
            raise LogUnavailableError(f"Redis does not answer: {exc}") from exc
        return cast("list[tuple[bytes, object]]", found)[0][0].decode() if found else START


def absent(kind: str, plural: str, name: str, there: list[str]) -> str:
    """Return the sentence that says that there is none of that name, and which there are."""
    if not there:
        return f"There is no {kind} {name}; there are no {plural} at all."
    more = f" and {len(there) - MOST_NAMES} more" if len(there) > MOST_NAMES else ""
    return f"There is no {kind} {name}; there are {', '.join(there[:MOST_NAMES])}{more}."


async def _asked(request: Awaitable[list[object]]) -> list[object]:
    try:
        return await request
    except (RedisError, OSError) as exc:
        raise LogUnavailableError(f"Redis does not answer: {exc}") from exc


def _head(raw: object) -> Head | None:
    return read_head(raw) if isinstance(raw, bytes) else None


def _views(found: dict[bytes, bytes], prefix: str, head: Head) -> Iterable[AnyView]:
    for address, raw in found.items():
        view = _view(raw, head) if address.decode().startswith(prefix) else None
        if view is not None:
            yield view


def _view(raw: bytes, head: Head) -> AnyView | None:
    """Return a view; None: another release has written it."""
    try:
        return replace(decode_view(raw), as_of_ms=head.as_of_ms)
    except msgspec.DecodeError:
        return None


_names = msgspec.json.Decoder(list[str])
