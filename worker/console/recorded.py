"""The commands for what has been recorded. What is behind them is loaded when it is asked for, and not before."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from worker.console.options import PrefixOption, RedisOption, errors_for_people, prefix_of, redis_of


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
    threshold: Annotated[float, typer.Option(min=0, help="The service level's threshold in seconds.")] = 20.0,
    tenant: Annotated[str | None, typer.Option(help="Of this tenant alone.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TABLE,
    redis: RedisOption = None,
    prefix: PrefixOption = None,
) -> None:
    """Say how queues, or agents, did: counts, service level, waits, handling times, occupancy (docs/records.md)."""
    from worker.console.reports import say_report

    with errors_for_people():
        say_report(
            first,
            last or first,
            by.value,
            interval.value,
            tz,
            form.value,
            threshold_secs=threshold,
            tenant=tenant,
            redis_url=redis_of(redis),
            prefix=prefix_of(prefix),
        )
