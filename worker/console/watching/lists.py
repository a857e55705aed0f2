"""`list` and `show`: views as a table, in full, or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import anyio
import msgspec
import typer
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.envelope import Address, AggregateKind
from ingress.errors import LogUnavailableError, NotThereError
from ingress.log import Keys
from ingress.redis_client import connect
from worker.console.exits import Exit
from worker.console.table import plain_lines, show_table
from worker.console.telnyx.cells import readable
from worker.console.tenants import check_tenant
from worker.console.watching.words import (
    AGENT_COLUMNS,
    CALL_COLUMNS,
    CONFERENCE_COLUMNS,
    QUEUE_COLUMNS,
    age_of,
    is_old,
    row_of,
    span,
)
from worker.replay.render import time_of
from worker.replay.source import LogReader
from worker.runtime.published import Listing, Published, absent
from worker.views.model import AnyView, QueueView

COLUMNS = {
    "queue": QUEUE_COLUMNS,
    "agent": AGENT_COLUMNS,
    "conference": CONFERENCE_COLUMNS,
    "call": CALL_COLUMNS,
}


def list_views(redis_url: str, prefix: str, kind: AggregateKind, *, tenant: str, as_json: bool) -> Exit:
    """Show all of a kind, and return the exit status.

    Raises:
        SwitchhookError: There is no such log, no such tenant, or Redis does not answer.
    """
    listing, now_ms = anyio.run(_listing, redis_url, prefix, kind, tenant)
    if as_json:
        typer.echo(msgspec.json.encode(listing))
        return Exit.OK
    # For people, and in a pipe only when something is wrong: beside the table, which a program may read.
    if sys.stdout.isatty() or is_old(listing, now_ms):
        typer.echo(f"{tenant}, {time_of(now_ms)}, {age_of(listing, now_ms)}", err=True)
    show_table(COLUMNS[kind], [row_of(view, now_ms) for view in listing.views])
    return Exit.OK


def show_view(redis_url: str, prefix: str, kind: AggregateKind, name: str, *, tenant: str, as_json: bool) -> Exit:
    """Show one, and return the exit status.

    Raises:
        NotThereError: There is none of that name.
        SwitchhookError: There is no such log, or Redis does not answer.
    """
    view, now_ms = anyio.run(_one, redis_url, prefix, Address(tenant, kind, name))
    if as_json:
        typer.echo(msgspec.json.encode(view))
        return Exit.OK
    for line in lines_of(view, now_ms):
        typer.echo(line)
    return Exit.OK


def lines_of(view: AnyView, now_ms: int) -> Iterator[str]:
    """Yield all that a view says, a field a line; a time with how long ago it was."""
    fields = {name: getattr(view, name) for name in view.__struct_fields__ if name != "callers"}
    width = max(map(len, fields))
    for name, value in fields.items():
        yield f"{name:{width}}  {_told(name, value, now_ms)}".rstrip()
    if isinstance(view, QueueView) and view.callers:
        yield ""
        rows = [
            [str(each.position), each.number or each.call, str(each.priority), span(now_ms - each.since_ms),
             "yes" if each.callback else "", ", ".join(each.offered_to), each.call]
            for each in view.callers
        ]  # fmt: skip
        yield from plain_lines(("position", "number", "priority", "waits", "called back", "offered to", "call"), rows)


def _told(name: str, value: object, now_ms: int) -> str:
    if value is None:
        return ""
    if name in ("since_ms", "as_of_ms", "answered_ms", "until_ms") or name.endswith("_since_ms"):
        return _moment(value, now_ms)
    if isinstance(value, int) and name.endswith("_ms"):
        return span(value)
    if isinstance(value, msgspec.Struct):
        return ", ".join(f"{key} {_told(key, getattr(value, key), now_ms)}" for key in value.__struct_fields__)
    if isinstance(value, tuple):
        return "; ".join(_told("", each, now_ms) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{number} {key}" for key, number in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    return readable(str(value))


def _moment(value: object, now_ms: int) -> str:
    if not isinstance(value, int) or not value:
        return ""
    away = now_ms - value
    return f"{time_of(value)} ({span(abs(away))} {'ago' if away >= 0 else 'from now'})"


async def _listing(redis_url: str, prefix: str, kind: AggregateKind, tenant: str) -> tuple[Listing, int]:
    redis, keys = connect(redis_url), Keys(prefix)
    try:
        published = Published(redis, keys, await LogReader(redis, keys).partitions())
        listing = await published.listing(tenant, kind)
        if not listing.views:
            await check_tenant(redis, keys, tenant)
        return listing, await _now_ms(redis)
    finally:
        await redis.aclose()


async def _one(redis_url: str, prefix: str, address: Address) -> tuple[AnyView, int]:
    redis, keys = connect(redis_url), Keys(prefix)
    try:
        published = Published(redis, keys, await LogReader(redis, keys).partitions())
        (view,) = await published.get([address])
        if view is None:
            there = await published.listing(address.tenant, address.kind)
            raise NotThereError(absent(address.kind, f"{address.kind}s", address.id, [v.name for v in there.views]))
        return view, await _now_ms(redis)
    finally:
        await redis.aclose()


async def _now_ms(redis: Redis) -> int:
    try:
        seconds, micros = await redis.time()
    except (RedisError, OSError) as exc:
        raise LogUnavailableError(f"Redis does not answer: {exc}") from exc
    return int(seconds) * 1000 + int(micros) // 1000
