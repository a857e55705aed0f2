"""The commands for what has been recorded. What is behind them is loaded when it is asked for, and not before."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ingress.errors import ConfigError
from worker.console.options import JsonOption, PrefixOption, RedisOption, errors_for_people, prefix_of, redis_of

WebhooksOption = Annotated[
    Path | None,
    typer.Option("--webhooks", metavar="FILE", envvar="SWITCHHOOK_WEBHOOKS", help="The workers' file of targets."),
]
TargetArgument = Annotated[str, typer.Argument(metavar="TARGET", help="A target's name in the file.")]
IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="ID…", help="As `list` shows them.")]
AllOption = Annotated[bool, typer.Option("--all", help="All that the target has not taken.")]

deliveries_group = typer.Typer(
    name="deliveries", help="Records that are POSTed to webhook targets, and those that were not taken.",
    no_args_is_help=True,
)  # fmt: skip


class By(StrEnum):
    """What each line is of."""

    QUEUE = "queue"
    AGENT = "agent"


class Size(StrEnum):
    """How long an interval is."""

    QUARTER = "15min"
    HOUR = "hour"
    DAY = "day"


class Format(StrEnum):
    """How the report is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def report(
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="The first day, as 2026-11-30.")],
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day; default: the first.")] = None,
    by: Annotated[By, typer.Option(help="What each line is of.")] = By.QUEUE,
    interval: Annotated[Size, typer.Option(help="How long an interval is.")] = Size.DAY,
    tz: Annotated[str, typer.Option(help="Whose days, by the name of a time zone.")] = "UTC",
    threshold: Annotated[
        float | None, typer.Option(min=0, help="The service level's threshold in seconds; default: each queue's own.")
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Of this tenant alone.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TABLE,
    database: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Read the database of SWITCHHOOK_RECORDS_URL instead of Redis."),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Make the records anew, of this archive of trimmed events and the log."),
    ] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Say what there is where some is missing.")] = False,
    redis: RedisOption = None,
    prefix: PrefixOption = None,
) -> None:
    """Say how queues, or agents, did: counts, service level, waits, handling times, occupancy (docs/records.md).

    Exit 4 where not all is there of the time asked for.
    """
    from worker.console.reports import say_report
    from worker.console.sources import Source

    with errors_for_people():
        if database is not None and archive is not None:
            raise ConfigError("--database and --archive: name one of them")
        say_report(
            first,
            last or first,
            by.value,
            interval.value,
            tz,
            form.value,
            threshold_secs=threshold,
            tenant=tenant,
            source=Source(redis, prefix_of(prefix), database, archive),
            partial=partial,
        )


@deliveries_group.command("list")
def list_deliveries(
    webhooks: WebhooksOption = None, redis: RedisOption = None, prefix: PrefixOption = None, as_json: JsonOption = False
) -> None:
    """Show for each target what is tried again, and what was given up with the last error."""
    from worker.console.deliveries import show

    with errors_for_people():
        show(webhooks, redis_of(redis), prefix_of(prefix), as_json=as_json)


@deliveries_group.command()
def retry(
    target: TargetArgument,
    ids: IdsArgument = None,
    everything: AllOption = False,
    webhooks: WebhooksOption = None,
    redis: RedisOption = None,
    prefix: PrefixOption = None,
) -> None:
    """Have what was given up tried again, from the first try on; exit 4 where there is no such."""
    from worker.console.deliveries import settle

    with errors_for_people():
        settle(webhooks, redis_of(redis), prefix_of(prefix), target, ids or [], everything=everything, again=True)


@deliveries_group.command()
def drop(
    target: TargetArgument,
    ids: IdsArgument = None,
    everything: AllOption = False,
    webhooks: WebhooksOption = None,
    redis: RedisOption = None,
    prefix: PrefixOption = None,
) -> None:
    """Forget what was given up; the records themselves stay."""
    from worker.console.deliveries import settle

    with errors_for_people():
        settle(webhooks, redis_of(redis), prefix_of(prefix), target, ids or [], everything=everything, again=False)
