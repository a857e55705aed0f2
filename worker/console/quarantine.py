"""What `switchhook quarantine` says, and how its commands end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import anyio
import msgspec
import typer

from ingress.envelope import Address
from ingress.errors import ConfigError
from ingress.log import Keys
from ingress.redis_client import connect
from worker.console.aside import Asides, Held, Listed, NotQuarantinedError, Released, Shown, UndecidedError
from worker.console.exits import Exit
from worker.console.table import counted, show_table
from worker.console.telnyx.cells import readable
from worker.replay.render import describe_act, time_of
from worker.replay.source import LogReader

COLUMNS = ("aggregate", "partition", "since", "waiting", "error")

T = TypeVar("T")


def list_quarantined(redis_url: str, prefix: str, *, as_json: bool) -> Exit:
    """Show what is in quarantine, of all tenants.

    Raises:
        SwitchhookError: The log cannot be read.
    """
    found = anyio.run(_with, redis_url, prefix, Asides.list)
    if as_json:
        typer.echo(msgspec.json.encode(found))
    elif found:
        show_table(COLUMNS, [row_of(each) for each in found])
    else:
        typer.echo("nothing is in quarantine")
    return Exit.OK


def show_quarantined(redis_url: str, prefix: str, what: str, *, tenant: str, as_json: bool) -> Exit:
    """Show one aggregate in quarantine: why, where it was raised, what waits.

    Raises:
        SwitchhookError: *what* is no address, or the log cannot be read.
    """
    address = address_of(what, tenant)
    try:
        shown = anyio.run(_with, redis_url, prefix, lambda asides: asides.show(address))
    except NotQuarantinedError as error:
        return _say(error, Exit.NOT_FOUND)
    if as_json:
        typer.echo(msgspec.json.encode(shown))
    for line in () if as_json else lines_of(shown):
        typer.echo(line)
    return Exit.OK


def release(redis_url: str, prefix: str, what: str, *, tenant: str, by: str, drop: bool, wait_secs: float) -> Exit:
    """Have an aggregate released, and say what became of it.

    Raises:
        SwitchhookError: *what* is no address, or the log cannot be read or written.
    """
    address = address_of(what, tenant)

    async def act(asides: Asides) -> Released:
        return await asides.release(address, by=by, drop=drop, wait_secs=wait_secs)

    try:
        released = anyio.run(_with, redis_url, prefix, act)
    except NotQuarantinedError as error:
        return _say(error, Exit.NOT_FOUND)
    except UndecidedError as error:
        return _say(error, Exit.UNREACHABLE)
    for line in said_of(released):
        typer.echo(line)
    return Exit.OK if released.error is None else Exit.BROKEN


def address_of(what: str, tenant: str) -> Address:
    """Return the address that *what* is.

    Raises:
        ConfigError: It is none.
    """
    try:
        return Address.parse(what, default_tenant=tenant)
    except ValueError as exc:
        raise ConfigError(str(exc)) from None


def row_of(each: Listed) -> list[str]:
    """Return one aggregate as cells under `COLUMNS`."""
    return [each.address, str(each.partition), time_of(each.since_ms), str(each.events), each.error]


def lines_of(shown: Shown) -> Iterator[str]:
    """Yield what there is to say of one aggregate; what comes from outside cannot move the cursor."""
    yield f"{readable(shown.address)}, partition {shown.partition}, in quarantine since {time_of(shown.since_ms)}"
    yield f"    {readable(shown.error)}"
    for line in shown.trace.splitlines():
        yield f"        {readable(line)}"
    yield "the event that raised; drop leaves it out:"
    for held in shown.held:
        if held.id == shown.raised_at:
            yield f"    {_line(held)}"
            yield f"    {readable(held.raw)}"
    yield f"waiting with it: {len(shown.held) - 1}"
    for held in shown.held:
        if held.id != shown.raised_at:
            yield f"    {_line(held)}"


def said_of(released: Released) -> Iterator[str]:
    """Yield what became of a release."""
    if released.error is not None:
        yield f"{readable(released.address)} is in quarantine again: {readable(released.error)}"
        for line in released.trace.splitlines():
            yield f"    {readable(line)}"
        return
    yield f"{readable(released.address)} is released: {counted(released.taken, 'event')} that waited taken in"
    for act in released.decision.acts if released.decision else ():
        yield f"    → {readable(describe_act(act))}"


def _line(held: Held) -> str:
    return f"{time_of(held.received_ms)}  {held.id}  {readable(held.what)}"


async def _with(redis_url: str, prefix: str, act: Callable[[Asides], Awaitable[T]]) -> T:
    redis, keys = connect(redis_url), Keys(prefix)
    try:
        return await act(Asides(redis, keys, await LogReader(redis, keys).partitions()))
    finally:
        await redis.aclose()


def _say(error: Exception, status: Exit) -> Exit:
    typer.echo(f"switchhook: {readable(str(error))}", err=True)
    return status
