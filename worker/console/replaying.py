"""How `switchhook replay` ends, and what it says then of a history that is not there, or not whole."""

from __future__ import annotations

from pathlib import Path

import typer

from worker.console.exits import Exit
from worker.console.table import counted
from worker.replay.command import Told, moment_of, replay_to
from worker.runtime.journal import START


def show_history(
    redis_url: str, prefix: str, what: str, *, tenant: str, quiet: bool, archive: Path | None, archive_is_there: bool
) -> Exit:
    """Say the history of *what*, an address or a partition's number, and return the exit status.

    Raises:
        SwitchhookError: *what* is neither, or there is no such log or archive, or Redis does not answer.
    """
    told = replay_to(
        typer.echo, what, redis_url, prefix, tenant=tenant, quiet=quiet, archive=archive,
        archive_is_there=archive_is_there,
    )  # fmt: skip
    status, why = ending_of(told, what)
    if why:
        typer.echo(f"switchhook: {why}", err=True)
    return status


def ending_of(told: Told, what: str) -> tuple[Exit, str]:
    """Return how it ends, and what there is to say then."""
    if told.gaps:
        nothing = "" if told.events or what.isdigit() else f"nothing of {what} is in what is left, and "
        return Exit.BROKEN, f"{nothing}the history is not whole: it has {counted(told.gaps, 'gap')}, told above"
    if told.events or what.isdigit():
        return Exit.OK, ""
    if told.after == START:
        return Exit.NOT_FOUND, f"nothing has happened to {what}"
    return Exit.NOT_FOUND, (
        f"nothing of {what} is in the log since {moment_of(told.after)}; older events may be in the archive: "
        "--archive DIR"
    )
