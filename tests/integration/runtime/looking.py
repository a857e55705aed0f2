"""Looks at what the owners of a bench have published."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import anyio.to_thread

from ingress.envelope import AGGREGATE_KINDS
from tests.integration.runtime.conftest import PARTITIONS, Bench
from worker.runtime.published import Published
from worker.views.model import AnyView


async def eventually(check: Callable[[], Awaitable[bool]], *, secs: float = 15.0) -> None:
    """Wait until *check* says yes."""
    with anyio.fail_after(secs):
        while not await check():
            await anyio.sleep(0.05)


def published(bench: Bench) -> Published:
    return Published(bench.redis, bench.keys, PARTITIONS)


async def views(bench: Bench) -> dict[str, AnyView]:
    """Return all views of the default tenant, by kind and name."""
    found = [view for kind in AGGREGATE_KINDS for view in (await published(bench).listing("default", kind)).views]
    return {f"{view.kind}:{view.name}": view for view in found}


async def has(bench: Bench, *names: str) -> bool:
    return set(names) <= set(await views(bench))


async def lacks(bench: Bench, name: str) -> bool:
    return name not in await views(bench)
