"""A client of a Redis Cluster that is used like that of one server: each command goes to the node of its key.

redis-py's own client repeats lost commands, asks the server for the keys of each XREAD, closes everybody's connections
when a slot has no master, and has errors that are no RedisError. Here a command is repeated only when a node has said
that it did not carry it out (MOVED, ASK, TRYAGAIN), which keeps the rule of the engine: a lost reply is for the caller.

Facts from Redis's Cluster specification: a slot is that of the key's hash tag; while one is being moved, commands with
several keys are answered TRYAGAIN until it has been; a pipeline to one node is carried out in order.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import anyio
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.client import Pipeline
from redis.crc import REDIS_CLUSTER_HASH_SLOTS
from redis.exceptions import (
    AskError,
    AuthenticationError,
    ClusterDownError,
    MovedError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from ingress.redis_cluster_keys import EVERYWHERE, least, slot_of

Host = tuple[str, int]
Command = tuple[Sequence[Any], Mapping[str, Any]]

#: How long the nodes are asked for the map of slots, and how soon it is asked for again at most.
MAP_SECS, MAP_GAP_SECS = 1.0, 0.2
#: How often a command that was not carried out is sent again, and how long between while a slot is being moved.
REDIRECTS, AGAIN_SECS = 16, 0.05


class ClusterRedis(Redis):
    """A Redis Cluster. *make* makes the pool of connections to one node; *seeds* are some of the nodes."""

    def __init__(self, seeds: Sequence[Host], make: Callable[[Host], ConnectionPool]) -> None:
        # The pool of the base is never used to send; it has the encoding that scripts are hashed by.
        super().__init__(connection_pool=make(seeds[0]))
        self._seeds = list(seeds)
        self._make = make
        self._nodes: dict[Host, Redis] = {}
        self._slots: list[Host | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        self._stale = True
        #: Nodes that did not answer the last time.
        self._silent: set[Host] = set()
        self._mapped_at = float("-inf")
        self._mapping = anyio.Lock()

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Close the connections to all nodes."""
        nodes, self._nodes = self._nodes, {}
        for node in nodes.values():
            await node.aclose()
        await self.connection_pool.aclose()
        await super().aclose(close_connection_pool)

    async def masters(self) -> list[Redis]:
        """Return a client of each master.

        Raises:
            RedisConnectionError: No node says which they are.
        """
        await self._know()
        return [self._node(host) for host in sorted({host for host in self._slots if host is not None})]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:  # noqa: ARG002
        """Return a pipeline; it is sent to all nodes at once, to each in order. *transaction* must be False."""
        if transaction:
            raise ValueError("a pipeline over the nodes of a Cluster is not a transaction")
        return ClusterPipeline(self)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send one command to the node of its key; without a key to any master, and SCRIPT LOAD to all."""
        if str(args[0]).upper() in EVERYWHERE:
            return await self._everywhere(args, options)
        if slot_of(args) is None:
            return await self._anywhere(args, options)
        (reply,) = await self.carry_out([(args, options)])
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def carry_out(self, commands: Sequence[Command]) -> list[object]:
        """Send *commands*, those of a node in their order, and return their replies, errors among them.

        One without a key (WAIT, WAITAOF) goes behind the others to each node that gets any; its reply is the least.
        """
        slots = [slot_of(args) for args, _ in commands]
        replies: list[object] = [None] * len(commands)
        keyless = [number for number, slot in enumerate(slots) if slot is None]
        todo = [number for number, slot in enumerate(slots) if slot is not None]
        asking: dict[int, Host] = {}
        for attempt in range(REDIRECTS + 1):
            await self._know()
            groups: dict[Host, list[int]] = {}
            for number in todo:
                where = asking.get(number) or self._slots[slots[number] or 0]
                if where is None:
                    self._stale = True
                    replies[number] = ClusterDownError(f"slot {slots[number]} has no master")
                else:
                    groups.setdefault(where, []).append(number)
            async with anyio.create_task_group() as tasks:
                for host, numbers in groups.items():
                    tasks.start_soon(self._send, host, commands, numbers, keyless, frozenset(asking), replies)
            todo = [n for n in todo if isinstance(replies[n], (AskError, TryAgainError))]
            if not todo or attempt == REDIRECTS:
                break
            asking = self._redirected(todo, replies)
            if any(isinstance(replies[n], TryAgainError) for n in todo):
                await anyio.sleep(AGAIN_SECS)
        return replies

    async def _send(
        self,
        host: Host,
        commands: Sequence[Command],
        numbers: Sequence[int],
        keyless: Sequence[int],
        asking: frozenset[int],
        replies: list[object],
    ) -> None:
        """Send some of *commands* to a node, in one round trip, and put what it replies to its place."""
        node = self._node(host)
        pipe = node.pipeline(transaction=False)
        places: list[int | None] = []
        for number in (*numbers, *keyless):
            args, options = commands[number]
            if number in asking:
                pipe.execute_command("ASKING")
                places.append(None)
            pipe.execute_command(*args, **options)
            places.append(number)
        try:
            found: Sequence[object] = await pipe.execute(raise_on_error=False)
        except (RedisError, OSError) as exc:
            if isinstance(exc, (RedisConnectionError, RedisTimeoutError, OSError)):
                self._stale = True
                self._silent.add(host)
            found = [exc] * len(places)
        for place, reply in zip(places, found, strict=True):
            if isinstance(reply, ClusterDownError):
                self._stale = True
            elif isinstance(reply, AskError) and not reply.host:
                # "The same host as this one", by another port.
                reply.host = host[0]
            if place is not None:
                replies[place] = least(replies[place], reply) if place in keyless else reply

    def _redirected(self, todo: Sequence[int], replies: Sequence[object]) -> dict[int, Host]:
        """Take in where nodes have sent us on to; return which commands are to be sent with ASKING, and where."""
        asking: dict[int, Host] = {}
        for number in todo:
            reply = replies[number]
            if isinstance(reply, MovedError):
                self._slots[reply.slot_id] = (reply.host, reply.port)
                self._stale = True
            elif isinstance(reply, AskError):
                asking[number] = (reply.host, reply.port)
        return asking

    async def _anywhere(self, args: Sequence[Any], options: Mapping[str, Any]) -> object:
        """Send a command without a key to a master, and to the next when it does not answer."""
        await self._know()
        hosts = list({host for host in self._slots if host is not None})
        random.shuffle(hosts)
        failed: Exception | None = None
        for host in sorted(hosts, key=self._silent.__contains__):
            # Noted before, for who asks may have no patience.
            self._silent.add(host)
            try:
                reply = await self._node(host).execute_command(*args, **options)  # type: ignore[no-untyped-call]
            except (RedisConnectionError, RedisTimeoutError, OSError) as exc:
                self._stale, failed = True, exc
            else:
                self._silent.discard(host)
                return reply
        raise failed or RedisConnectionError("the Redis Cluster has no master")

    async def _everywhere(self, args: Sequence[Any], options: Mapping[str, Any]) -> object:
        """Send a command to all masters; it has gone well when one of them has done it."""
        done: list[object] = []
        failed: list[Exception] = []

        async def send(node: Redis) -> None:
            try:
                done.append(await node.execute_command(*args, **options))  # type: ignore[no-untyped-call]
            except (RedisError, OSError) as exc:
                self._stale = True
                failed.append(exc)

        masters = await self.masters()
        async with anyio.create_task_group() as tasks:
            for node in masters:
                tasks.start_soon(send, node)
        if not done:
            raise failed[-1]
        return done[0]

    def _node(self, host: Host) -> Redis:
        if host not in self._nodes:
            self._nodes[host] = Redis.from_pool(self._make(host))
        return self._nodes[host]

    async def _know(self) -> None:
        """Ask for the map of slots if it is in doubt; an old one is kept when nobody answers."""
        if not self._stale or time.monotonic() - self._mapped_at < MAP_GAP_SECS:
            return
        async with self._mapping:
            if not self._stale or time.monotonic() - self._mapped_at < MAP_GAP_SECS:
                return
            try:
                self._slots = await self._map()
                self._stale = None in self._slots
                await self._forget(set(self._slots))
            except RedisConnectionError:
                if not any(self._slots):
                    raise
            finally:
                self._mapped_at = time.monotonic()

    async def _map(self) -> list[Host | None]:
        """Return the map of the node that is the first to know all slots, else of that which knows most."""
        found: list[list[Host | None]] = []
        failed: list[Exception] = []

        async def ask(host: Host, scope: anyio.CancelScope) -> None:
            try:
                # As two words, so that the library leaves the reply as it is.
                reply = await self._node(host).execute_command("CLUSTER", "SLOTS")  # type: ignore[no-untyped-call]
            except (RedisError, OSError) as exc:
                failed.append(exc)
                return
            found.append(_read_map(reply, host))
            if None not in found[-1]:
                scope.cancel()

        with anyio.move_on_after(MAP_SECS) as scope:
            async with anyio.create_task_group() as tasks:
                for host in {*self._seeds, *self._nodes}:
                    tasks.start_soon(ask, host, scope)
        if found:
            return min(found, key=lambda slots: slots.count(None))
        failed.sort(key=lambda exc: isinstance(exc, (ResponseError, AuthenticationError)))
        cause = failed[-1] if failed else None
        why = cause or f"none answers within {MAP_SECS:g} s"
        raise RedisConnectionError(f"no node of the Redis Cluster says who has which slots: {why}") from cause

    async def _forget(self, known: set[Host | None]) -> None:
        """Close idle connections to nodes that hold nothing any more; what is under way may end."""
        for host in [host for host in self._nodes if host not in known and host not in self._seeds]:
            await self._nodes[host].connection_pool.disconnect(inuse_connections=False)


class ClusterPipeline(Pipeline):
    """A pipeline over the nodes of a Cluster."""

    def __init__(self, cluster: ClusterRedis) -> None:
        super().__init__(cluster.connection_pool, cluster.response_callbacks, False, None)
        self._cluster = cluster

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Send all, and return the replies in order; raise the first error, unless they are to be among them."""
        stack = cast("list[Command]", self.command_stack)
        await self.reset()  # type: ignore[no-untyped-call]
        replies = await self._cluster.carry_out(stack) if stack else []
        if raise_on_error:
            for reply in replies:
                if isinstance(reply, Exception):
                    raise reply
        return replies


async def masters_of(redis: Redis) -> list[Redis]:
    """Return the servers behind a client that hold different data: of a Cluster all masters, else itself."""
    return await redis.masters() if isinstance(redis, ClusterRedis) else [redis]


def _read_map(reply: Sequence[Sequence[Any]], asked: Host) -> list[Host | None]:
    """Return who has which slot, from the reply to CLUSTER SLOTS; without a name it is the node that was asked."""
    slots: list[Host | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
    for first, last, (host, port, *_), *_ in reply:
        name = host.decode() if isinstance(host, bytes) else host
        if name != "?":
            slots[first : last + 1] = [(name or asked[0], int(port))] * (last - first + 1)
    return slots
