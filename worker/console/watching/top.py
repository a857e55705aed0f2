"""`switchhook top`: the wallboard on a terminal, drawn anew every second; without one, a single picture."""

from __future__ import annotations

import sys

import anyio
import msgspec
import typer
from rich.console import Console
from rich.live import Live

from ingress.errors import LogUnavailableError
from ingress.log import Keys
from ingress.redis_client import connect
from worker.console.exits import Exit
from worker.console.tenants import check_tenant
from worker.console.watching.board import Board, Boards
from worker.console.watching.keys import pressed
from worker.console.watching.picture import picture_of


def show_top(redis_url: str, prefix: str, *, tenant: str, every_secs: float, once: bool, as_json: bool) -> Exit:
    """Show the wallboard until `q` is pressed or it is interrupted, or once, and return the exit status.

    Raises:
        SwitchhookError: There is no such log, no such tenant, or Redis does not answer at the first time.
    """
    try:
        anyio.run(_show, redis_url, prefix, tenant, every_secs, once, as_json)
    except KeyboardInterrupt:
        # This is how it is left.
        return Exit.OK
    return Exit.OK


async def _show(redis_url: str, prefix: str, tenant: str, every_secs: float, once: bool, as_json: bool) -> None:
    redis = connect(redis_url)
    try:
        boards = Boards(redis, Keys(prefix))
        board = await boards.read(tenant)
        if not (board.queues or board.agents or board.conferences):
            await check_tenant(redis, Keys(prefix), tenant)
        if as_json:
            typer.echo(msgspec.json.encode(board))
        elif not sys.stdout.isatty():
            for line in picture_of(board, height=None).lines(None):
                typer.echo(line.plain)
        elif once:
            Console(highlight=False).print(picture_of(board, height=None))
        else:
            await _live(boards, board, every_secs)
    finally:
        await redis.aclose()


async def _live(boards: Boards, board: Board, every_secs: float) -> None:
    console, trouble = Console(highlight=False), ""
    with pressed() as keys, Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            live.update(picture_of(board, height=console.height, trouble=trouble), refresh=True)
            if await keys.quits(every_secs):
                return
            try:
                board, trouble = await boards.read(board.tenant), ""
            except LogUnavailableError as exc:
                trouble = f"this is not of now: {exc}"
