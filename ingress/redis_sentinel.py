"""Connections to the master that Sentinels name at the moment; after a failover, to the one that was promoted.

As Redis's guide for such clients wants it, a new connection asks the server for its role before it is used: a Sentinel
may name a master that has just been demoted.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

import anyio
from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoPermissionError, RedisError

from ingress.redis_connection import TcpConnection, TlsConnection, pool_of
from ingress.redis_url import RedisAddress

#: How long all Sentinels together are waited for: two of three suffice, and one may hang.
FIND_SECS = 0.5


class MasterFinder:
    """Asks all Sentinels at once, and takes what most of them say."""

    def __init__(self, address: RedisAddress) -> None:
        self._address = address

    async def find(self) -> tuple[str, int]:
        """Return where the master is.

        Raises:
            RedisConnectionError: No Sentinel knows; its cause is the last error.
        """
        hosts, answers = self._address.hosts, Counter[tuple[str, int]]()
        failures: list[Exception] = []

        async def ask(host: tuple[str, int], scope: anyio.CancelScope) -> None:
            try:
                found = await self._ask(host)
            except (RedisError, OSError) as exc:
                failures.append(exc)
                return
            if found is not None:
                answers[found] += 1
                if answers[found] > len(hosts) // 2:
                    scope.cancel()

        with anyio.move_on_after(FIND_SECS) as scope:
            async with anyio.create_task_group() as tasks:
                for host in hosts:
                    tasks.start_soon(ask, host, scope)
        if answers:
            return answers.most_common(1)[0][0]
        named = ", ".join(f"{host}:{port}" for host, port in hosts)
        why = f": {failures[-1]}" if failures else " in time, or by that name"
        raise RedisConnectionError(f"no Sentinel of {named} knows a master {self._address.service!r}{why}") from (
            failures[-1] if failures else None
        )

    async def _ask(self, host: tuple[str, int]) -> tuple[str, int] | None:
        address = self._address
        pool = pool_of(address, address.sentinel_login, timeout_secs=FIND_SECS, host=host)
        redis: Redis = Redis.from_pool(pool)
        try:
            # As separate words, so that the library leaves the reply as it is.
            reply = await redis.execute_command(  # type: ignore[no-untyped-call]
                "SENTINEL", "get-master-addr-by-name", address.service
            )
        finally:
            with anyio.CancelScope(shield=True):
                await redis.aclose()
        return (_text(reply[0]), int(reply[1])) if reply else None


class _ToMaster(TcpConnection):
    """A connection that finds out where the master is each time that it is opened."""

    def __init__(self, *, finder: MasterFinder, **options: Any) -> None:
        self._finder = finder
        super().__init__(**options)

    async def _connect(self) -> None:
        self.host, self.port = await self._finder.find()
        await super()._connect()  # type: ignore[no-untyped-call]

    async def connect(self) -> None:
        """Open it, if it is not open, and see that the other end is a master."""
        if self.is_connected:
            return
        await super().connect()  # type: ignore[no-untyped-call]
        try:
            await self.send_command("ROLE", check_health=False)
            reply = cast("list[object]", await self.read_response())
        except NoPermissionError:
            # Then the first write tells.
            return
        if _text(reply[0]) != "master":
            await self.disconnect(nowait=True)
            raise RedisConnectionError(f"{self.host}:{self.port} is named as the master, and is a replica")


class _TlsToMaster(_ToMaster, TlsConnection):
    """To rediss+sentinel://."""


def sentinel_pool(address: RedisAddress, *, timeout_secs: float) -> ConnectionPool:
    """Return a pool of connections to the master of *address*."""
    kind = _TlsToMaster if address.tls else _ToMaster
    return pool_of(
        address, address.login, timeout_secs=timeout_secs, db=address.db, kind=kind, finder=MasterFinder(address)
    )


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
