"""The commands that look at the centre. What is behind them is loaded when it is asked for, and not before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer
from typer.core import TyperCommand

from worker.console.options import (
    DEFAULT_TENANT,
    JsonOption,
    PrefixOption,
    RedisOption,
    errors_for_people,
    prefix_of,
    redis_of,
)

TenantOption = Annotated[str, typer.Option("--tenant", help="Whose centre it is.")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Its name, or id.")]


def top(
    redis: RedisOption = None,
    prefix: PrefixOption = None,
    tenant: TenantOption = DEFAULT_TENANT,
    every_secs: Annotated[
        float, typer.Option("--every", metavar="SECONDS", min=0.2, max=60, help="How often it is drawn anew.")
    ] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="One picture, as in a pipe, and end.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the wallboard: queues, agents, conferences, and how far the workers are. `q` or Ctrl-C ends it."""
    from worker.console.watching.top import show_top

    with errors_for_people():
        status = show_top(
            redis_of(redis), prefix_of(prefix), tenant=tenant, every_secs=every_secs, once=once, as_json=as_json
        )
        raise typer.Exit(status)


def looking(word: str, group: str) -> TyperCommand:
    """Return `list` or `show` of a *group* of commands."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    command, told = _LOOKS[word]
    app.command(word, help=told.format(kind=group))(command)
    made = typer.main.get_command(app)
    assert isinstance(made, TyperCommand)
    return made


def _list(
    ctx: typer.Context, redis: RedisOption = None, prefix: PrefixOption = None, as_json: JsonOption = False
) -> None:
    from worker.console.watching.lists import list_views

    tenant, json = _asked(ctx)
    with errors_for_people():
        kind = _group(ctx)
        status = list_views(redis_of(redis), prefix_of(prefix), kind, tenant=tenant, as_json=as_json or json)  # type: ignore[arg-type]
        raise typer.Exit(status)


def _show(
    ctx: typer.Context,
    name: NameArgument,
    redis: RedisOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    from worker.console.watching.lists import show_view

    tenant, json = _asked(ctx)
    with errors_for_people():
        kind = _group(ctx)
        status = show_view(redis_of(redis), prefix_of(prefix), kind, name, tenant=tenant, as_json=as_json or json)  # type: ignore[arg-type]
        raise typer.Exit(status)


def _group(ctx: typer.Context) -> str:
    """Return the group's word, which is the kind of aggregate."""
    assert ctx.parent is not None
    return str(ctx.parent.info_name)


def _asked(ctx: typer.Context) -> tuple[str, bool]:
    """Return what the group's own options say of the tenant, and of JSON."""
    from worker.console.asking.door import Door

    door = ctx.obj
    assert isinstance(door, Door)
    return door.tenant, door.as_json


_LOOKS: dict[str, tuple[Callable[..., None], str]] = {
    "list": (_list, "Show every {kind} as it is now. From Redis; nothing is asked of the ingress."),
    "show": (_show, "Show all of one {kind} as it is now. From Redis; exits with 4 when there is none."),
}
