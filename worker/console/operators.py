"""The commands for those who run Switchhook. What is behind them is loaded when it is asked for, and not before."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Annotated

import typer

from worker.console.options import (
    DEFAULT_TENANT,
    JsonOption,
    PrefixOption,
    RedisOption,
    TenantOption,
    errors_for_people,
    prefix_of,
    redis_of,
)

AddressArgument = Annotated[str, typer.Argument(metavar="ADDRESS", help="queue:NAME, agent:NAME, call:ID, …")]
ByOption = Annotated[
    str | None, typer.Option("--by", help="Who asks, as the log will say; the user's name.", show_default=False)
]
WaitOption = Annotated[
    float, typer.Option("--wait", metavar="SECONDS", min=0.1, max=600, help="How long the partition's owner may take.")
]
DirectoryArgument = Annotated[
    Path, typer.Argument(metavar="DIR", envvar="SWITCHHOOK_ARCHIVE", help="The directory that the workers archive in.")
]

quarantine_group = typer.Typer(
    name="quarantine",
    help="Calls, queues, conferences and agents that stand still because an event could not be handled.",
    no_args_is_help=True,
)
archive_group = typer.Typer(
    name="archive", help="Events that were archived before they were trimmed from the log.", no_args_is_help=True
)


def replay(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="ADDRESS|PARTITION", help="queue:NAME, agent:NAME, call:ID, conference:ID, or a partition's number."
        ),
    ],
    redis: RedisOption = None,
    prefix: PrefixOption = None,
    tenant: TenantOption = DEFAULT_TENANT,
    quiet: Annotated[bool, typer.Option("--quiet", help="Leave out events that changed and decided nothing.")] = False,
    archive: Annotated[
        Path | None,
        typer.Option(
            "--archive", metavar="DIR", envvar="SWITCHHOOK_ARCHIVE", help="Begin with what the workers archived there."
        ),
    ] = None,
) -> None:
    """Show the history of an aggregate from the log: events, what changed, what was decided, outcomes. Never acts.

    Exits with 1 when events are missing from it, 4 when there are none.
    """
    from worker.console.replaying import show_history

    source = context.get_parameter_source("archive")
    with errors_for_people():
        status = show_history(
            redis_of(redis),
            prefix_of(prefix),
            what,
            tenant=tenant,
            quiet=quiet,
            archive=archive,
            archive_is_there=source is not None and source.name == "COMMANDLINE",
        )
        raise typer.Exit(status)


def partitions(redis: RedisOption = None, prefix: PrefixOption = None, as_json: JsonOption = False) -> None:
    """Show each partition: its owner, how far it is, what waits in it, its newest snapshot. Changes nothing."""
    from worker.console.partitions import show_partitions

    with errors_for_people():
        raise typer.Exit(show_partitions(redis_of(redis), prefix_of(prefix), as_json=as_json))


def verify(
    places: Annotated[
        list[str] | None,
        typer.Argument(metavar="PARTITION", help="Its number, or an address in it (call:ID); or several."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All partitions.")] = False,
    redis: RedisOption = None,
    prefix: PrefixOption = None,
    tenant: TenantOption = DEFAULT_TENANT,
    wait: WaitOption = 10.0,
    as_json: JsonOption = False,
) -> None:
    """Replay the log, and compare with the live state of the owners and with the newest snapshots, byte for byte.

    Exits with 0 when all agree, 1 when something differs, 5 when an owner does not answer.
    """
    from worker.console.verifying import verify_partitions

    with errors_for_people():
        raise typer.Exit(
            verify_partitions(
                redis_of(redis),
                prefix_of(prefix),
                places or (),
                tenant=tenant,
                every=every,
                wait_secs=wait,
                as_json=as_json,
            )
        )


@quarantine_group.command("list")
def quarantine_list(redis: RedisOption = None, prefix: PrefixOption = None, as_json: JsonOption = False) -> None:
    """Show what is in quarantine, of all tenants."""
    from worker.console.quarantine import list_quarantined

    with errors_for_people():
        raise typer.Exit(list_quarantined(redis_of(redis), prefix_of(prefix), as_json=as_json))


@quarantine_group.command("show")
def quarantine_show(
    address: AddressArgument,
    redis: RedisOption = None,
    prefix: PrefixOption = None,
    tenant: TenantOption = DEFAULT_TENANT,
    as_json: JsonOption = False,
) -> None:
    """Show why one is in quarantine, where the error was raised, and the events that wait.

    Exits with 4 when it is not in quarantine.
    """
    from worker.console.quarantine import show_quarantined

    with errors_for_people():
        status = show_quarantined(redis_of(redis), prefix_of(prefix), address, tenant=tenant, as_json=as_json)
        raise typer.Exit(status)


@quarantine_group.command("retry")
def quarantine_retry(
    address: AddressArgument,
    redis: RedisOption = None,
    prefix: PrefixOption = None,
    tenant: TenantOption = DEFAULT_TENANT,
    by: ByOption = None,
    wait: WaitOption = 10.0,
) -> None:
    """Take in all events that wait, for when the code has been mended, and say what became of it.

    Exits with 1 when it raised again, 4 when it is not in quarantine, 5 when nobody has decided it in time.
    """
    _release(address, redis, prefix, tenant, by, wait, drop=False)


@quarantine_group.command("drop")
def quarantine_drop(
    address: AddressArgument,
    redis: RedisOption = None,
    prefix: PrefixOption = None,
    tenant: TenantOption = DEFAULT_TENANT,
    by: ByOption = None,
    wait: WaitOption = 10.0,
) -> None:
    """Leave out the event that raised, take in the others that wait, and say what became of it. The log keeps it.

    Exits with 1 when another one raised, 4 when it is not in quarantine, 5 when nobody has decided it in time.
    """
    _release(address, redis, prefix, tenant, by, wait, drop=True)


@archive_group.command("list")
def archive_list(directory: DirectoryArgument, as_json: JsonOption = False) -> None:
    """Show the files of an archive."""
    from worker.console.archives import list_archive

    with errors_for_people():
        raise typer.Exit(list_archive(directory, as_json=as_json))


@archive_group.command("verify")
def archive_verify(directory: DirectoryArgument) -> None:
    """Read every file, and say which are damaged or renamed, and where events are missing.

    Exits with 1 when anything is wrong.
    """
    from worker.console.archives import verify_archive

    with errors_for_people():
        raise typer.Exit(verify_archive(directory))


def user_name() -> str:
    """Return who runs this: the user's name, or the number where, as in a container, there is no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _release(
    address: str,
    redis: str | None,
    prefix: str | None,
    tenant: str,
    by: str | None,
    wait: float,
    *,
    drop: bool,
) -> None:
    from worker.console.quarantine import release

    with errors_for_people():
        raise typer.Exit(
            release(
                redis_of(redis),
                prefix_of(prefix),
                address,
                tenant=tenant,
                by=by or user_name(),
                drop=drop,
                wait_secs=wait,
            )
        )
