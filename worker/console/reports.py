"""`switchhook report`: statistics per queue or per agent, by interval."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import anyio
import msgspec
import typer
from msgspec.structs import asdict

from ingress.errors import ConfigError
from worker.console.sources import IncompleteError, Known, Source, doubts, read
from worker.console.table import show_table
from worker.console.tenants import check_tenant_at
from worker.statistics.compute import Cell, agent_figures, queue_figures
from worker.statistics.figures import AgentFigures, QueueFigures
from worker.statistics.intervals import Intervals, Step, intervals_of

RATIOS = {
    "queue": ("service_level", "service_level_all", "asa_ms", "aht_ms", "abandonment", "re_offers"),
    "agent": ("aht_ms", "occupancy", "utilisation"),
}


def say_report(
    first: str,
    last: str,
    by: Literal["queue", "agent"],
    step: str,
    zone: str,
    form: Literal["table", "csv", "json"],
    *,
    threshold_secs: float | None,
    tenant: str | None,
    source: Source,
    partial: bool,
) -> None:
    """Say how queues, or agents, did. With *partial* also where not all is there any more.

    Raises:
        ConfigError: A day, the zone, or the source is none.
        IncompleteError: Not all is there of the time that was asked for.
        NotThereError: There is no such tenant.
        SwitchhookError: The source cannot be read.
    """
    intervals = asked_intervals(first, last, step, zone)
    known = anyio.run(read, source, intervals)
    missing, later = doubts(known, intervals, database=source.database is not None)
    if missing and not partial:
        raise IncompleteError(
            f"{'; '.join(missing)}. Ask for a later time, read another source (--database, --archive), or see what "
            "there is with --partial"
        )
    for doubt in (*missing, *later):
        typer.echo(f"switchhook: {doubt}", err=True)
    threshold_ms = None if threshold_secs is None else round(threshold_secs * 1000)
    rows = rows_of(known, by, intervals, threshold_ms=threshold_ms, tenant=tenant)
    if not rows and tenant is not None and source.redis_url is not None:
        there = {record.tenant for record in known.records}
        anyio.run(check_tenant_at, source.redis_url, source.prefix, tenant, there)
    typer.echo(written(rows, form), nl=False)


def asked_intervals(first: str, last: str, step: str, zone: str) -> Intervals:
    """Return the intervals that were asked for.

    Raises:
        ConfigError: A day or the zone is none.
    """
    try:
        found = intervals_of(date.fromisoformat(first), date.fromisoformat(last), cast("Step", step), ZoneInfo(zone))
    except (ZoneInfoNotFoundError, OSError):
        raise ConfigError(f"--tz {zone}: there is no such time zone: name one such as Europe/Berlin") from None
    except ValueError:
        raise ConfigError(f"--from {first} --to {last}: write days such as 2026-11-30") from None
    if not found.all:
        raise ConfigError(f"--from {first} --to {last}: the last day is before the first")
    return found


def rows_of(
    known: Known,
    by: Literal["queue", "agent"],
    intervals: Intervals,
    *,
    threshold_ms: int | None = None,
    tenant: str | None = None,
) -> list[dict[str, object]]:
    """Return a line for each queue, or agent, and interval in which there was anything.

    *threshold_ms* overrides the thresholds of the service level that the queues had.
    """
    figures: dict[Cell, QueueFigures] | dict[Cell, AgentFigures]
    if by == "queue":
        figures = queue_figures(known.records, intervals, threshold_ms)
    else:
        figures = agent_figures(known.records, known.standings, intervals, known.upto_ms)
    cells = sorted(figures, key=lambda cell: (cell.tenant, cell.interval.from_ms, cell.name))
    rows = []
    for cell in cells:
        if tenant in (None, cell.tenant):
            of = figures[cell]
            head: dict[str, object] = {"interval": cell.interval.label, "tenant": cell.tenant, by: cell.name}
            rows.append(head | asdict(of) | {name: getattr(of, name) for name in RATIOS[by]})
    return rows


def written(rows: list[dict[str, object]], form: Literal["table", "csv", "json"]) -> str:
    """Return the lines of a report as text; the table leaves out what is nothing everywhere."""
    if form == "json":
        return msgspec.json.format(msgspec.json.encode(rows)).decode() + "\n"
    if not rows:
        return "" if form == "csv" else "there is nothing in that time\n"
    if form == "csv":
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()
    columns = [name for name in rows[0] if any(row[name] not in (0, None) for row in rows)]
    show_table([_title(name) for name in columns], [[_cell(name, row[name]) for name in columns] for row in rows])
    return ""


def _title(name: str) -> str:
    return name.removesuffix("_ms").replace("_", " ")


def _cell(name: str, value: object) -> str:
    if value is None:
        return "-"
    if name.endswith("_ms") and isinstance(value, int | float):
        minutes, seconds = divmod(round(value / 1000), 60)
        return f"{minutes}:{seconds:02d}"
    if isinstance(value, float):
        return f"{value:.2f}" if name == "re_offers" else f"{value:.1%}"
    return str(value)
