"""Writes the records into a database: SQLite or PostgreSQL, each batch in one transaction with how far it is.

A record is written by its id, a later revision over an earlier one. So whatever is written again, by a recorder that
began anew or by two at the same time, changes nothing; and nothing is left out, for how far the database is stands in
it, and moves in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import anyio
import structlog
from msgspec.structs import replace

from ingress.errors import ConfigError, SwitchhookError
from worker.records.coverage import Coverage, lost_records
from worker.records.model import InteractionRecord
from worker.runtime.journal import order_of
from worker.runtime.metrics import Metrics
from worker.runtime.recording.store import START, Kept, RecordStore, encode_record

try:
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
except ImportError as missing:
    raise ConfigError(
        f"SWITCHHOOK_RECORDS_URL needs what is not installed ({missing.name}): pip install 'switchhook[sql]'"
    ) from missing

log = structlog.get_logger(__name__)

#: So many records are written in one transaction.
AT_ONCE = 200
TICK_SECS = 1.0
#: How far the records go is noted so often though there are none.
NOTED_MS = 10_000
#: After a failure, and the longest pause.
PAUSE_SECS, LONGEST_PAUSE_SECS = 1.0, 60.0
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}

#: Times are Unix ms; `record` is the whole record as JSON (docs/records.md).
TABLES = (
    """CREATE TABLE IF NOT EXISTS interactions (
        id TEXT PRIMARY KEY, revision INTEGER NOT NULL, tenant TEXT NOT NULL, call TEXT NOT NULL,
        number TEXT NOT NULL, dialled TEXT NOT NULL, rang_ms BIGINT NOT NULL, answered_ms BIGINT, ended_ms BIGINT,
        result TEXT NOT NULL, ended_by TEXT NOT NULL, record TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS agent_states (
        id TEXT PRIMARY KEY, tenant TEXT NOT NULL, agent TEXT NOT NULL, at_ms BIGINT NOT NULL, state TEXT NOT NULL,
        previous TEXT NOT NULL, since_ms BIGINT NOT NULL, reason TEXT NOT NULL, record TEXT NOT NULL)""",
    "CREATE TABLE IF NOT EXISTS records_progress (prefix TEXT PRIMARY KEY, position TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS records_reached (prefix TEXT PRIMARY KEY, reached_ms BIGINT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS records_gaps (
        prefix TEXT NOT NULL, partition_number INTEGER NOT NULL, after_ms BIGINT NOT NULL, upto_ms BIGINT NOT NULL,
        PRIMARY KEY (prefix, partition_number, after_ms))""",
    "CREATE INDEX IF NOT EXISTS interactions_by_time ON interactions (tenant, rang_ms)",
    "CREATE INDEX IF NOT EXISTS interactions_by_end ON interactions (ended_ms)",
    "CREATE INDEX IF NOT EXISTS agent_states_by_time ON agent_states (tenant, agent, at_ms)",
    "CREATE INDEX IF NOT EXISTS agent_states_by_moment ON agent_states (at_ms)",
)
INTERACTION = """INSERT INTO interactions
    (id, revision, tenant, call, number, dialled, rang_ms, answered_ms, ended_ms, result, ended_by, record)
    VALUES (:id, :revision, :tenant, :call, :number, :dialled, :rang_ms, :answered_ms, :ended_ms, :result, :ended_by,
    :record)
    ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, number = excluded.number,
    dialled = excluded.dialled, rang_ms = excluded.rang_ms, answered_ms = excluded.answered_ms,
    ended_ms = excluded.ended_ms, result = excluded.result, ended_by = excluded.ended_by, record = excluded.record
    WHERE excluded.revision >= interactions.revision"""
AGENT_STATE = """INSERT INTO agent_states (id, tenant, agent, at_ms, state, previous, since_ms, reason, record)
    VALUES (:id, :tenant, :agent, :at_ms, :state, :previous, :since_ms, :reason, :record)
    ON CONFLICT (id) DO NOTHING"""
PROGRESS = """INSERT INTO records_progress (prefix, position) VALUES (:prefix, :position)
    ON CONFLICT (prefix) DO UPDATE SET position = excluded.position"""
REACHED = """INSERT INTO records_reached (prefix, reached_ms) VALUES (:prefix, :reached_ms)
    ON CONFLICT (prefix) DO UPDATE SET reached_ms = excluded.reached_ms"""
#: The partition of a gap that is of all.
ALL = -1
GAP = """INSERT INTO records_gaps (prefix, partition_number, after_ms, upto_ms)
    VALUES (:prefix, :partition, :after_ms, :upto_ms)
    ON CONFLICT (prefix, partition_number, after_ms) DO UPDATE SET upto_ms = excluded.upto_ms"""
REACHED_SO_FAR = "SELECT reached_ms FROM records_reached WHERE prefix = :prefix"
POSITION = "SELECT position FROM records_progress WHERE prefix = :prefix"


class SinkError(SwitchhookError):
    """Raised when the database does not take records: they stay in Redis, and are written later."""


class Sink:
    """A database that the records are written to."""

    def __init__(self, url: str, prefix: str) -> None:
        self._prefix = prefix
        self._engine: AsyncEngine = create_async_engine(driven(url), pool_pre_ping=True, hide_parameters=True)

    async def prepare(self) -> str:
        """Make the tables that are not there, and return how far the database is.

        Raises:
            SinkError: The database does not answer.
        """
        try:
            async with self._engine.begin() as connection:
                for table in TABLES:
                    await connection.execute(text(table))
                found = await connection.execute(text(POSITION), {"prefix": self._prefix})
                return str(found.scalar() or START)
        except (SQLAlchemyError, OSError) as exc:
            raise SinkError(_why(exc)) from exc

    async def write(self, records: Sequence[Kept]) -> None:
        """Write records and how far they go, all or nothing.

        Raises:
            SinkError: The database does not answer, and may have them or not: writing again is harmless.
        """
        try:
            async with self._engine.begin() as connection:
                for kept in records:
                    await self._one(connection, kept)
                await connection.execute(text(PROGRESS), {"prefix": self._prefix, "position": records[-1].id})
        except (SQLAlchemyError, OSError) as exc:
            raise SinkError(_why(exc)) from exc

    async def reached(self) -> int | None:
        """Return the moment up to which the log is in the records that are here; None: that is not known yet.

        Raises:
            SinkError: The database does not answer.
        """
        try:
            async with self._engine.connect() as connection:
                found = (await connection.execute(text(REACHED_SO_FAR), {"prefix": self._prefix})).scalar()
                return None if found is None else int(found)
        except (SQLAlchemyError, OSError) as exc:
            raise SinkError(_why(exc)) from exc

    async def cover(self, coverage: Coverage) -> None:
        """Note what the records that are written here are of.

        Raises:
            SinkError: The database does not answer.
        """
        try:
            async with self._engine.begin() as connection:
                for gap in coverage.gaps:
                    number = ALL if gap.partition is None else gap.partition
                    row = {"prefix": self._prefix, "partition": number, "after_ms": gap.after_ms}
                    await connection.execute(text(GAP), {**row, "upto_ms": gap.upto_ms})
                if coverage.reached_ms is not None:
                    row = {"prefix": self._prefix, "reached_ms": coverage.reached_ms}
                    await connection.execute(text(REACHED), row)
        except (SQLAlchemyError, OSError) as exc:
            raise SinkError(_why(exc)) from exc

    async def close(self) -> None:
        """Close the connections."""
        await self._engine.dispose()

    async def follow(self, store: RecordStore, metrics: Metrics) -> None:
        """Write whatever is recorded, until cancelled; a database that is away is tried again.

        Raises:
            UnavailableError: Redis failed: begin again.
        """
        pause = PAUSE_SECS
        position: str | None = None
        covered: Coverage | None = None
        while True:
            try:
                if position is None:
                    position = await self.prepare()
                    covered = None
                # In this order: what is in the records up to that moment is on the page, or here already; and what
                # is not on the page, for it was dropped, is noted as that.
                coverage = replace(await store.coverage(), dropped_ms=None)
                page = await store.page(position, AT_ONCE)
                await self._check(position, await store.dropped())
                if page:
                    await self.write(page)
                    position = page[-1].id
                elif covered is None or worth_noting(covered, coverage):
                    await self.cover(coverage)
                    covered = coverage
                pause = PAUSE_SECS
            except SinkError as exc:
                position = None
                metrics.sink_failures.inc()
                log.warning("sink.away", error=str(exc), again_secs=pause)
                await anyio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECS)
            else:
                if not page:
                    await anyio.sleep(TICK_SECS)

    async def _check(self, position: str, dropped: str) -> None:
        """Note what is not here, and not in Redis any more."""
        if order_of(dropped) > order_of(position):
            log.error("sink.gap", after=position, upto=dropped)
            await self.cover(Coverage(None, gaps=[lost_records(order_of(position)[0], order_of(dropped)[0])]))

    async def _one(self, connection: AsyncConnection, kept: Kept) -> None:
        record, raw = kept.record, encode_record(kept.record).decode()
        if isinstance(record, InteractionRecord):
            row: dict[str, object] = {
                "id": record.id, "revision": record.revision, "tenant": record.tenant, "call": record.call,
                "number": record.number, "dialled": record.dialled, "rang_ms": record.rang_ms,
                "answered_ms": record.answered_ms, "ended_ms": record.ended_ms, "result": record.result,
                "ended_by": record.ended_by, "record": raw,
            }  # fmt: skip
            await connection.execute(text(INTERACTION), row)
        else:
            row = {
                "id": record.id, "tenant": record.tenant, "agent": record.agent, "at_ms": record.at_ms,
                "state": record.state, "previous": record.previous, "since_ms": record.since_ms,
                "reason": record.reason, "record": raw,
            }  # fmt: skip
            await connection.execute(text(AGENT_STATE), row)


def worth_noting(noted: Coverage, now: Coverage) -> bool:
    """Return whether a database is to be told what its records are of: not each second that nothing happens in."""
    return noted.gaps != now.gaps or (now.reached_ms or 0) - (noted.reached_ms or 0) >= NOTED_MS


def driven(url: str) -> str:
    """Return a database's address with the driver that is used for it.

    Raises:
        ConfigError: It is of no database that is known here.
    """
    scheme = urlsplit(url).scheme
    if scheme not in DRIVERS:
        raise ConfigError("SWITCHHOOK_RECORDS_URL: write sqlite:///file.db or postgresql://user:password@host/database")
    return DRIVERS[scheme] + url[len(scheme) :]


def _why(exc: Exception) -> str:
    """Return what was wrong, without what was being written: it is people's."""
    return f"the database did not take the records: {getattr(exc, 'orig', None) or type(exc).__name__}"
