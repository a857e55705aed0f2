"""Reads records out of a database that the recorder writes, for those who ask long after Redis has dropped them."""

from __future__ import annotations

from pathlib import Path

import msgspec
from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from ingress.errors import ConfigError, NotThereError
from worker.records.coverage import Coverage, Gap
from worker.records.model import Record
from worker.runtime.errors import UnavailableError
from worker.runtime.recording.sink import ALL, REACHED_SO_FAR, driven
from worker.runtime.recording.store import decode_record

#: Telnyx's clock, by which calls end, and the log's may differ by so much.
CLOCKS_MS = 3_600_000

#: Whose call was over before had nothing to do with that time; a later revision is written over an earlier one.
INTERACTIONS = "SELECT record FROM interactions WHERE rang_ms < :late AND (ended_ms IS NULL OR ended_ms >= :early)"
AGENT_STATES = "SELECT record FROM agent_states WHERE at_ms >= :from AND since_ms < :to"
#: What each agent was when that time began, if he has been that ever since.
STANDING = """SELECT record FROM agent_states JOIN (
    SELECT tenant AS whose, agent AS who, MAX(at_ms) AS latest FROM agent_states WHERE at_ms < :from
    GROUP BY tenant, agent) AS last
    ON tenant = last.whose AND agent = last.who AND at_ms = last.latest"""
GAPS = "SELECT partition_number, after_ms, upto_ms FROM records_gaps WHERE prefix = :prefix"


class Stored(msgspec.Struct, frozen=True):
    """The records of a span of time, and what they are of."""

    records: list[Record]
    coverage: Coverage


async def read_stored(url: str, prefix: str, from_ms: int, to_ms: int) -> Stored:
    """Return what a database has of a span of time.

    Raises:
        ConfigError: The address is none, or there is no such file.
        NotThereError: No recorder has ever written there, under that prefix.
        UnavailableError: The database does not answer, or is not one of records.
    """
    engine = create_async_engine(_there(driven(url)), hide_parameters=True)
    try:
        async with engine.connect() as connection:
            reached_ms = (await connection.execute(text(REACHED_SO_FAR), {"prefix": prefix})).scalar()
            if reached_ms is None:
                raise NotThereError(f"no recorder with the prefix {prefix!r} has written to that database yet")
            found = await connection.execute(text(GAPS), {"prefix": prefix})
            gaps = [Gap(int(row[1]), int(row[2]), None if row[0] == ALL else int(row[0])) for row in found]
            records = [
                *await _records(connection, INTERACTIONS, early=from_ms - CLOCKS_MS, late=to_ms + CLOCKS_MS),
                *await _records(connection, AGENT_STATES, **{"from": from_ms, "to": to_ms}),
                *await _records(connection, STANDING, **{"from": from_ms}),
            ]
    except (SQLAlchemyError, OSError) as exc:
        why = getattr(exc, "orig", None) or type(exc).__name__
        raise UnavailableError(f"the records could not be read from the database: {why}") from exc
    finally:
        await engine.dispose()
    return Stored(records, Coverage(int(reached_ms), gaps=gaps))


def _there(address: str) -> str:
    """Return *address*, unless it is of a file that there is not: looking would make it.

    Raises:
        ConfigError: There is no such file.
    """
    path = make_url(address).database
    if address.startswith("sqlite") and not (path and Path(path).is_file()):
        raise ConfigError(f"--database: there is no file {path}")
    return address


async def _records(connection: AsyncConnection, query: str, **given: int) -> list[Record]:
    return [decode_record(str(row[0]).encode()) for row in await connection.execute(text(query), given)]
