"""Aggregates in quarantine: which there are, why, what waits for them, and how they get out of it."""

from __future__ import annotations

import uuid

import anyio
import msgspec
from redis.asyncio import Redis

from ingress.envelope import Address
from ingress.errors import SwitchhookError
from ingress.log import EventLog, Keys, Partition
from worker.console.look import overview
from worker.decisions.decision import Decision, Quarantine
from worker.events.event import write_entry
from worker.events.intents import Release
from worker.ledger.aside import SetAside
from worker.ledger.ledger import Ledger
from worker.replay.render import describe, without_keys
from worker.replay.source import LogReader
from worker.runtime.clock import wall_ms
from worker.runtime.journal import before, order_of
from worker.runtime.witness import waiting_of

POLL_SECS = 0.05


class NotQuarantinedError(SwitchhookError):
    """Raised when the aggregate that was named is not in quarantine."""


class UndecidedError(SwitchhookError):
    """Raised when a release is in the log, and no owner has decided it in time."""


class Listed(msgspec.Struct, frozen=True):
    """An aggregate in quarantine. `events` is how many wait, the one that raised among them."""

    address: str
    partition: Partition
    since_ms: int
    error: str
    events: int


class Held(msgspec.Struct, frozen=True):
    """An event that waits, as the log has it."""

    id: str
    received_ms: int
    what: str
    raw: str


class Shown(msgspec.Struct, frozen=True):
    """All about one aggregate in quarantine."""

    address: str
    partition: Partition
    since_ms: int
    error: str
    #: Where the error was raised; empty where that is not known.
    trace: str
    #: The one of `held` that raised.
    raised_at: str
    held: list[Held]


class Released(msgspec.Struct, frozen=True):
    """What became of a release."""

    address: str
    partition: Partition
    #: The release's own entry in the log.
    event_id: str
    #: Why it is in quarantine again; None: it is out.
    error: str | None
    trace: str
    #: How many events were taken in.
    taken: int
    decision: Decision | None


class Asides:
    """The quarantine of one log."""

    def __init__(self, redis: Redis, keys: Keys, partitions: int) -> None:
        self._redis = redis
        self._keys = keys
        self._log = EventLog(redis, keys, partitions)
        self._reader = LogReader(redis, keys)

    async def list(self) -> list[Listed]:
        """Return what is in quarantine, the longest first.

        As the owners say; a partition of which nobody has said anything lately is folded.

        Raises:
            LogUnavailableError: Redis failed.
            UnavailableError: Redis failed.
        """
        found: list[Listed] = []
        for look in (await overview(self._redis, self._keys, self._log.partitions)).partitions:
            said = (
                look.standing.quarantined
                if look.standing
                else waiting_of((await self._reader.state(look.partition))[0])
            )
            found += [Listed(w.address, look.partition, w.since_ms, w.error, w.events) for w in said]
        return sorted(found, key=lambda each: (each.since_ms, each.address))

    async def show(self, address: Address) -> Shown:
        """Return all about *address*.

        Raises:
            NotQuarantinedError: It is not in quarantine.
            UnavailableError: Redis failed.
        """
        partition = self._log.partition_of(address)
        ledger, position = await self._reader.state(partition)
        aside = _aside(ledger, address)
        why = await self._why(partition, aside, position)
        held = [
            Held(name, event.received_ms, describe(event), without_keys(entry.raw.decode(errors="replace")))
            for event in aside.held
            async for name, entry, _ in self._reader.journal.raw(partition, event.id, after=before(event.id))
        ]
        return Shown(str(address), partition, aside.since_ms, aside.error, why.trace, why.at, held)

    async def release(self, address: Address, *, by: str, drop: bool, wait_secs: float) -> Released:
        """Have *address* released, with *drop* without the event that raised, and return what became of it.

        Raises:
            NotQuarantinedError: It is not in quarantine; nothing was appended.
            LogUnavailableError: Redis did not take it.
            UndecidedError: It is in the log, and nobody has decided it in time.
            UnavailableError: Redis failed.
        """
        partition = self._log.partition_of(address)
        ledger, position = await self._reader.state(partition)
        aside = _aside(ledger, address)
        without = (await self._why(partition, aside, position)).at if drop else ""
        entry = write_entry(f"release:{uuid.uuid4()}", address, Release(by, without), wall_ms())
        (appended,) = await self._log.append([entry])
        decision = await self._decided(partition, appended.entry_id, wait_secs)
        error, trace = None, ""
        for act in decision.acts if decision else ():
            if isinstance(act, Quarantine):
                error, trace = act.error, act.trace
        taken = 0 if error is not None else len(aside.held) - drop
        return Released(str(address), partition, appended.entry_id, error, trace, taken, decision)

    async def _decided(self, partition: Partition, entry_id: str, wait_secs: float) -> Decision | None:
        journal = self._reader.journal
        with anyio.move_on_after(wait_secs):
            while True:
                if order_of(await journal.position(partition)) >= order_of(entry_id):
                    return (await journal.decisions(partition, before(entry_id), entry_id)).get(entry_id)
                await anyio.sleep(POLL_SECS)
        raise UndecidedError(
            f"the release is in the log as {entry_id}, and nobody has decided it within {wait_secs:g} s: an owner of "
            f"partition {partition} will. Instead of asking again look with switchhook partitions"
        )

    async def _why(self, partition: Partition, aside: SetAside, position: str) -> Quarantine:
        """Return the newest decision to set it aside; its `at` is one of those that wait, where there is any."""
        if not aside.held:
            return Quarantine(aside.error)
        first = aside.held[0].id
        found = Quarantine(aside.error, at=first)
        for decision in (await self._reader.journal.decisions(partition, before(first), position)).values():
            if decision.address == aside.address:
                found = next((act for act in decision.acts if isinstance(act, Quarantine)), found)
        waits = any(event.id == found.at for event in aside.held)
        return found if waits else msgspec.structs.replace(found, at=first)


def _aside(ledger: Ledger, address: Address) -> SetAside:
    aside = ledger.quarantined.get(address)
    if aside is None:
        raise NotQuarantinedError(f"{address} is not in quarantine: switchhook quarantine list shows what is")
    return aside
