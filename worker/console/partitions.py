"""`switchhook partitions`: who owns what, how far it is, what is kept. Reads, and changes nothing."""

from __future__ import annotations

import anyio
import msgspec
import typer

from ingress.log import Keys
from ingress.redis_client import connect
from worker.console.exits import Exit
from worker.console.look import MOST, Look, Overview, overview, worker_of
from worker.console.table import amount_of, counted, show_table, span_of
from worker.replay.render import time_of
from worker.replay.source import LogReader
from worker.runtime.journal import START, order_of

COLUMNS = (
    "partition", "owner", "epoch", "lease", "position", "last event", "lag", "waits", "snapshot", "size",
    "trimmed up to", "aggregates", "quarantined",
)  # fmt: skip


def show_partitions(redis_url: str, prefix: str, *, as_json: bool) -> Exit:
    """Show all partitions, and return the exit status.

    Raises:
        SwitchhookError: There is no such log, or Redis does not answer.
    """
    seen = anyio.run(_look, redis_url, prefix)
    if as_json:
        typer.echo(msgspec.json.encode(seen))
        return Exit.OK
    show_table(COLUMNS, [row_of(look) for look in seen.partitions])
    for line in summary_of(seen):
        typer.echo(line)
    return Exit.OK


async def _look(redis_url: str, prefix: str) -> Overview:
    redis, keys = connect(redis_url), Keys(prefix)
    try:
        return await overview(redis, keys, await LogReader(redis, keys).partitions())
    finally:
        await redis.aclose()


def row_of(look: Look) -> list[str]:
    """Return one partition as cells under `COLUMNS`; `?` is what nobody has said lately."""
    snapshot, said = look.snapshot, look.standing
    return [
        str(look.partition),
        look.owner or "nobody",
        str(look.epoch),
        span_of(look.lease_secs) if look.lease_secs is not None else "",
        _id(look.position),
        _id(look.last),
        f"{look.lag}+" if look.lag == MOST else str(look.lag),
        span_of(look.lag_secs) if look.lag else "",
        f"{span_of(snapshot.age_secs)} ago" if snapshot else "none",
        amount_of(snapshot.bytes) if snapshot else "",
        time_of(order_of(look.trimmed)[0]) if look.trimmed else "",
        str(said.aggregates) if said else "?",
        str(len(said.quarantined)) if said else "?",
    ]


def summary_of(seen: Overview) -> list[str]:
    """Return what there is to say of all partitions together."""
    looks = seen.partitions
    owned, lagging = sum(look.owner is not None for look in looks), [look for look in looks if look.lag]
    told = f"{counted(len(looks), 'partition')}, {owned} owned"
    if lagging:
        waits = max(look.lag_secs for look in lagging)
        told += f", {len(lagging)} with undecided events, the first of which has waited for {span_of(waits)}"
    quarantined = sum(len(look.standing.quarantined) for look in looks if look.standing)
    if quarantined:
        told += f", {counted(quarantined, 'aggregate')} in quarantine (switchhook quarantine list)"
    return [f"workers: {', '.join(worker_of(beat) for beat in seen.workers) or 'none'}", told]


def _id(entry_id: str) -> str:
    return "" if entry_id == START else entry_id
