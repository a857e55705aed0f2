"""What an owner publishes of its partition for people to look at: a view of each aggregate, and which have changed.

Nobody decides by it, and it never holds up who decides: a picture is a list of references to immutable states, taken
between two batches, and written beside. It is a cache: a new owner publishes everything anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

import anyio
import anyio.lowlevel
import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.envelope import AGGREGATE_KINDS, Address, AggregateKind
from ingress.log import Keys, load_script
from worker.aggregates import machine
from worker.aggregates.machine import AggregateState
from worker.aggregates.queue.state import Queue
from worker.ledger.ledger import Ledger
from worker.runtime.clock import RedisClock, monotonic
from worker.runtime.lease import Lease
from worker.views.model import AnyView, QueueView, encode_view
from worker.views.queue import steps_of_queue
from worker.views.views import view_of

log = structlog.get_logger(__name__)

#: Between two publications of a partition.
PAUSE_SECS = 0.5
#: So often at least it is said that what is published is still true.
SAY_SECS = 2.0
#: For a moment at which nothing is being decided.
LOOK_SECS = 5.0
#: Views that are written at a time, and that are made with no others' turn between them: less than a millisecond.
CHUNK, AT_ONCE = 100, 10
#: What the stream of changes keeps, about: who reads it later begins anew.
KEPT_CHANGES = 5_000


class Head(msgspec.Struct, frozen=True):
    """What is said of all views of a partition: as of when they are (Redis time, ms), and by which owner."""

    as_of_ms: int
    token: str


class _Picture(msgspec.Struct, frozen=True):
    """Aggregates at one moment. A state that is None is no more."""

    at_ms: int
    states: list[tuple[Address, AggregateState | None]]
    quarantined: frozenset[Address]


class Publisher:
    """Of one partition while it is held. `run` belongs to the partition's task group."""

    def __init__(self, lease: Lease, redis: Redis, keys: Keys, clock: RedisClock) -> None:
        self._lease = lease
        self._redis = redis
        self._keys = keys
        self._clock = clock
        self._script = redis.register_script(load_script("worker.runtime", "publish.lua"))
        #: While nothing is being decided.
        self._ledger: Ledger | None = None
        self._stirred: set[Address] = set()
        #: Nothing is published yet, or what was may be lost.
        self._anew = True
        self._wanted = False
        self._picture: _Picture | None = None
        self._taken = anyio.Event()
        #: What was published, by digest: what looks the same is not written again.
        self._said: dict[Address, int] = {}
        self._said_at = 0.0
        self._head = b""

    def stir(self, addresses: Iterable[Address]) -> None:
        """Note that events for *addresses* are being decided: until `rest`, the ledger is not to be looked at."""
        self._ledger = None
        self._stirred.update(addresses)

    def rest(self, ledger: Ledger) -> None:
        """Note that all that *ledger* has taken in is journaled."""
        self._ledger = ledger
        if self._wanted:
            self._wanted, self._picture = False, self._take(ledger)
            self._taken.set()

    async def run(self) -> None:
        """Publish, until the lease is another's. When Redis fails, all is published anew when it is back."""
        while True:
            try:
                if not await self._publish():
                    return
            except (RedisError, OSError) as exc:
                log.debug("publisher.interrupted", partition=self._lease.partition, error=str(exc))
                self._anew = True
            await anyio.sleep(PAUSE_SECS)

    async def _publish(self) -> bool:
        """Publish what there is to publish; return False when the lease is no longer ours."""
        if not (self._anew or self._stirred or monotonic() - self._said_at >= SAY_SECS):
            return True
        picture = await self._look()
        if picture is None:
            return True
        anew, self._anew = self._anew, False
        if anew:
            self._said.clear()
            self._head = b""
        changed: list[Address] = []
        for kind in AGGREGATE_KINDS:
            gone = await self._strays(kind, picture) if anew else []
            states = [(address, state) for address, state in picture.states if address.kind == kind]
            for start in range(0, max(len(states), len(gone)), CHUNK):
                views, dropped = await self._views(states[start : start + CHUNK], picture.quarantined)
                dropped += gone[start : start + CHUNK]
                if (views or dropped) and not await self._write(kind, views, dropped):
                    return False
                changed += [*views, *dropped]
        if not await self._say(picture.at_ms):
            return False
        await self._tell(changed)
        return True

    async def _look(self) -> _Picture | None:
        """Return a picture of what has been stirred; None: something is being decided all the time."""
        if self._ledger is not None:
            return self._take(self._ledger)
        self._wanted, self._picture, self._taken = True, None, anyio.Event()
        with anyio.move_on_after(LOOK_SECS):
            await self._taken.wait()
        self._wanted = False
        return self._picture

    def _take(self, ledger: Ledger) -> _Picture:
        addresses = {**ledger.aggregates, **ledger.quarantined} if self._anew else self._stirred
        states = [(address, _state(ledger, address)) for address in addresses]
        self._stirred = set()
        return _Picture(self._clock.now_ms(), states, frozenset(ledger.quarantined))

    async def _views(
        self, states: list[tuple[Address, AggregateState | None]], quarantined: frozenset[Address]
    ) -> tuple[dict[Address, bytes], list[Address]]:
        """Return the views of *states* that are not published as they are, and whose are published and no more."""
        views: dict[Address, bytes] = {}
        dropped: list[Address] = []
        for number, (address, state) in enumerate(states):
            if number % AT_ONCE == 0:
                await anyio.lowlevel.checkpoint()
            raw = await _written(state, quarantined=address in quarantined) if state is not None else None
            if raw is None:
                if self._said.pop(address, None) is not None:
                    dropped.append(address)
                continue
            if self._said.get(address) != hash(raw):
                self._said[address] = hash(raw)
                views[address] = raw
        return views, dropped

    async def _strays(self, kind: AggregateKind, picture: _Picture) -> list[Address]:
        """Return what an earlier owner has published and is no more."""
        here = {
            address
            for address, state in picture.states
            if state is not None and (address in picture.quarantined or not machine.finished(state))
        }
        found = cast("list[bytes]", await self._redis.hkeys(self._keys.views(self._lease.partition, kind)))
        return [address for address in _addresses(found) if address not in here]

    async def _write(self, kind: AggregateKind, views: dict[Address, bytes], dropped: list[Address]) -> bool:
        pairs = (part for address, raw in views.items() for part in (str(address), raw))
        return await self._ask(kind, "", b"", [len(dropped), *map(str, dropped), *pairs]) != 0

    async def _say(self, at_ms: int) -> bool:
        head = _encoder.encode(Head(at_ms, self._lease.token))
        reply = await self._ask("queue", self._head, head, [0])
        # Redis came back without its newest writes: what was published before may be lost too.
        self._anew = self._anew or reply == 2
        self._head, self._said_at = head, monotonic()
        return reply != 0

    async def _ask(self, kind: AggregateKind, known: bytes | str, head: bytes, rest: list[str | bytes | int]) -> int:
        partition = self._lease.partition
        keys = [self._keys.lease(partition), self._keys.views(partition, kind), self._keys.published(partition)]
        return int(await self._script(keys=keys, args=[self._lease.token, known, head, *rest]))

    async def _tell(self, changed: list[Address]) -> None:
        """Append which views have changed to the streams of their tenants."""
        for tenant, names in _by_tenant(changed):
            for start in range(0, len(names), CHUNK):
                fields = {"of": _encoder.encode(names[start : start + CHUNK])}
                key = self._keys.changes(tenant)
                await self._redis.xadd(key, cast("dict", fields), maxlen=KEPT_CHANGES, approximate=True)  # type: ignore[type-arg]


def _state(ledger: Ledger, address: Address) -> AggregateState | None:
    """Return what is known of an aggregate; of one whose first event could not be handled, that it is there."""
    state = ledger.aggregates.get(address)
    return machine.new(address) if state is None and address in ledger.quarantined else state


async def _written(state: AggregateState, *, quarantined: bool) -> bytes | None:
    """Return the view of *state* as it is published; None: there is nothing to see, or it could not be made."""
    try:
        view = await _view(state, quarantined=quarantined)
        return encode_view(msgspec.structs.replace(view, quarantined=quarantined)) if view is not None else None
    except Exception:
        # What people look at must not stop what is decided, whatever is wrong with it.
        log.exception("view.failed", address=str(state.address))
        return None


async def _view(state: AggregateState, *, quarantined: bool) -> AnyView | None:
    """Return the view of *state*, with others' turns while one is made that takes long."""
    if not isinstance(state, Queue):
        return view_of(state, quarantined=quarantined)
    if machine.blank(state) and not quarantined:
        return None
    steps = steps_of_queue(state)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return cast("QueueView", done.value)
        await anyio.lowlevel.checkpoint()


def read_head(raw: bytes) -> Head | None:
    """Return what stands under `Keys.published`; None: it is of another release."""
    try:
        return _heads.decode(raw)
    except msgspec.DecodeError:
        return None


def _addresses(names: Iterable[bytes]) -> Iterator[Address]:
    """Yield the addresses that *names* are; what somebody else has written there is passed over."""
    for name in names:
        try:
            yield Address.parse(name.decode())
        except ValueError:
            log.warning("view.unknown", name=name.decode(errors="replace"))


def _by_tenant(addresses: Iterable[Address]) -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for address in addresses:
        found.setdefault(address.tenant, []).append(f"{address.kind}:{address.id}")
    yield from found.items()


_encoder = msgspec.json.Encoder()
_heads = msgspec.json.Decoder(Head)
