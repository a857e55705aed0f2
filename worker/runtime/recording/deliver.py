"""Delivers records to a webhook target: at least once each, tried again with growing pauses, given up in the end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import aiohttp
import anyio
import msgspec
import structlog

from worker.records.model import AgentStateChange, InteractionRecord, Record
from worker.runtime.clock import wall_ms
from worker.runtime.lease import Lease
from worker.runtime.metrics import Metrics
from worker.runtime.recording.outbox import Outbox, Standing, Try
from worker.runtime.recording.signing import headers_of
from worker.runtime.recording.store import RecordStore
from worker.runtime.recording.targets import Target

log = structlog.get_logger(__name__)

#: After each failed try; then it is given up. Together about 18 hours.
PAUSES_SECS = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0)
#: Added to a pause, by the record's id: so much of it at most.
JITTER = 0.2
TIMEOUT_SECS = 10.0
#: Requests to one target at once.
AT_ONCE = 8
#: No new record is taken up while so many are to be tried again.
MOST_WAITING = 1_000
TICK_SECS = 0.5
#: The target wants no more (Standard Webhooks): no later try would go better.
GONE = 410


class Envelope(msgspec.Struct, frozen=True):
    """The body of a webhook: what happened, when (RFC 3339), and the record."""

    type: str
    timestamp: str
    data: Record


class Deliverer:
    """The deliveries to one target, as long as the lease is held."""

    def __init__(
        self,
        lease: Lease,
        store: RecordStore,
        outbox: Outbox,
        target: Target,
        *,
        session: aiohttp.ClientSession,
        now_ms: Callable[[], int | None],
        metrics: Metrics,
    ) -> None:
        self._lease = lease
        self._store = store
        self._outbox = outbox
        self._target = target
        self._session = session
        self._now_ms = now_ms
        self._metrics = metrics

    async def run(self) -> None:
        """Deliver until the lease is lost.

        Raises:
            FencedError: Another worker is the recorder.
            UnavailableError: Redis failed: begin again.
        """
        while True:
            if not await self.advance():
                await anyio.sleep(TICK_SECS)

    async def advance(self) -> bool:
        """Deliver what is due, some of it at once; return whether there was anything."""
        now_ms = self._now_ms()
        if now_ms is None:
            return False
        standing = await self._outbox.standing()
        if standing.position is None:
            # A new target is told of what happens from now on.
            await self._outbox.note(self._lease, await self._store.last(), {}, {})
            return True
        due = [name for name, each in standing.waiting.items() if each.due_ms <= now_ms][:AT_ONCE]
        batch = [(name, await self._store.record(name)) for name in due]
        position = standing.position
        if len(standing.waiting) < MOST_WAITING:
            for kept in await self._store.page(position, AT_ONCE - len(batch)):
                batch.append((kept.id, kept.record))
                position = kept.id
        if not batch:
            return False
        await self._deliver(batch, standing, position, now_ms)
        return True

    async def _deliver(
        self, batch: list[tuple[str, Record | None]], standing: Standing, position: str, now_ms: int
    ) -> None:
        errors: dict[str, str | None] = {}

        async def one(name: str, record: Record | None) -> None:
            errors[name] = await self._post(record) if record is not None and self._wants(record) else None

        self._lease.check()
        async with anyio.create_task_group() as tasks:
            for name, record in batch:
                tasks.start_soon(one, name, record)
        tries: dict[str, Try | None] = {}
        given_up: dict[str, Try] = {}
        for name, _ in batch:
            error, before = errors[name], standing.waiting.get(name)
            if error is None:
                if before is not None:
                    tries[name] = None
                continue
            count = before.tries if before else 0
            last = count >= len(PAUSES_SECS) or error.split()[0] == str(GONE)
            pause_secs = 0.0 if last else PAUSES_SECS[count] * (1 + JITTER * _share(name))
            again = Try(count + 1, now_ms + round(pause_secs * 1000), error)
            tries[name] = None if last else again
            if last:
                given_up[name] = again
                log.error("webhook.given-up", target=self._target.name, entry=name, error=error)
        await self._outbox.note(self._lease, position, tries, given_up)

    def _wants(self, record: Record) -> bool:
        rules = self._target.rules
        return record.__struct_config__.tag in rules.kinds and (not rules.tenants or record.tenant in rules.tenants)

    async def _post(self, record: Record) -> str | None:
        """Return what was wrong; None: it was taken."""
        body = body_of(record)
        headers = headers_of(self._target.key, id_of(record), wall_ms() // 1000, body)
        try:
            async with self._session.post(
                self._target.rules.url,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECS),
            ) as response:
                error = None if 200 <= response.status < 300 else f"{response.status} {response.reason or ''}".strip()
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            error = f"{type(exc).__name__}: {exc}".removesuffix(": ")
        self._metrics.deliveries.labels(target=self._target.name, result="failed" if error else "taken").inc()
        return error


def body_of(record: Record) -> bytes:
    """Return what is POSTed of a record."""
    kind, at_ms = (
        ("interaction.recorded", record.ended_ms or record.rang_ms)
        if isinstance(record, InteractionRecord)
        else ("agent.state-changed", record.at_ms)
    )
    return _encoder.encode(Envelope(kind, _time(at_ms), record))


def id_of(record: Record) -> str:
    """Return what the receiver tells repetitions by: each revision of a record is another message."""
    return record.id if isinstance(record, AgentStateChange) else f"{record.id}.{record.revision}"


def _share(name: str) -> float:
    """Return a share from 0 to 1 that is always the same for the same name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_encoder = msgspec.json.Encoder()
