"""A ledger as bytes: what a snapshot holds. A cache of the log up to a position, never the truth."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from ingress.envelope import Address
from ingress.log import Partition
from worker.aggregates.machine import AggregateState
from worker.events.event import Event
from worker.ledger.ledger import Ledger, Pending, SetAside, Timer

#: How many things are encoded at a time: about a millisecond.
CHUNK = 100
#: Each part of an image begins with its length, in so many bytes, big-endian.
LENGTH_BYTES = 4


class Aside(msgspec.Struct, frozen=True):
    """An aggregate in quarantine; the events that wait stay in the log, here are their entries' ids."""

    address: Address
    error: str
    since_ms: int
    held: tuple[str, ...]


class Head(msgspec.Struct, frozen=True):
    """What is said before the aggregates."""

    fingerprint: str
    partition: Partition
    #: The last event that was decided.
    position: str
    #: When it was taken (Redis time, ms).
    at_ms: int
    pending: tuple[Pending, ...]
    timers: tuple[Timer, ...]
    finished: tuple[tuple[Address, int], ...]
    quarantined: tuple[Aside, ...]
    aggregates: int


def fingerprint() -> str:
    """Return what changes when the form of the state does: a snapshot of another form is not read."""
    return _FINGERPRINT


class Picture(msgspec.Struct, frozen=True):
    """A ledger at one moment. The states are immutable, so that it may be written down while the ledger goes on."""

    head: Head
    states: list[AggregateState]


def take(ledger: Ledger, position: str, at_ms: int) -> Picture:
    """Return a picture of *ledger* as it is now, after the event at *position*."""
    states = list(ledger.aggregates.values())
    head = Head(
        fingerprint(),
        ledger.partition,
        position,
        at_ms,
        tuple(ledger.pending.values()),
        tuple(ledger.timers.values()),
        tuple(ledger.finished.items()),
        tuple(
            Aside(a.address, a.error, a.since_ms, tuple(event.id for event in a.held))
            for a in ledger.quarantined.values()
        ),
        len(states),
    )
    return Picture(head, states)


def encode(picture: Picture) -> Iterator[bytes]:
    """Yield the picture's parts, each made in about a millisecond."""
    yield _framed(_encoder.encode(picture.head))
    for start in range(0, len(picture.states), CHUNK):
        yield _framed(_encoder.encode(picture.states[start : start + CHUNK]))


def decode_head(raw: bytes) -> Head:
    """Return an image's head.

    Raises:
        ValueError: It is not one of this form.
    """
    part, _ = _unframed(memoryview(raw))
    return _heads.decode(part)


def decode(raw: bytes, held: dict[str, Event]) -> Ledger:
    """Return the ledger that an image is of; *held* has the events that wait in quarantine, by their entries' ids.

    Raises:
        ValueError: It is not an image of this form, or is incomplete.
    """
    part, rest = _unframed(memoryview(raw))
    head = _heads.decode(part)
    ledger = Ledger(head.partition)
    while rest:
        part, rest = _unframed(rest)
        ledger.aggregates |= {state.address: state for state in _states.decode(part)}
    if len(ledger.aggregates) != head.aggregates:
        raise ValueError(f"it has {len(ledger.aggregates)} aggregates of {head.aggregates}")
    asides = [
        SetAside(a.address, a.error, a.since_ms, tuple(held[name] for name in a.held if name in held))
        for a in head.quarantined
    ]
    ledger.restore(head.pending, head.timers, head.finished, asides)
    return ledger


def digests(picture: Picture) -> Iterator[dict[str, str]]:
    """Yield what each aggregate comes to, in parts made in about a millisecond each, and the rest under ""."""
    for start in range(0, len(picture.states), CHUNK):
        yield {str(state.address): _hash(state) for state in picture.states[start : start + CHUNK]}
    head, rest = picture.head, hashlib.blake2b(digest_size=16)
    for things in (head.pending, head.timers, head.finished, head.quarantined):
        for start in range(0, len(things), CHUNK):
            rest.update(_ordered.encode(things[start : start + CHUNK]))
            yield {}
        rest.update(b"\n")
    yield {"": rest.hexdigest()}


def digest(ledger: Ledger) -> dict[str, str]:
    """Return all that `digests` yields: two ledgers agree, byte for byte, when these do."""
    return {name: value for part in digests(take(ledger, "", 0)) for name, value in part.items()}


def _hash(value: object) -> str:
    return hashlib.blake2b(_ordered.encode(value), digest_size=16).hexdigest()


def _framed(part: bytes) -> bytes:
    return len(part).to_bytes(LENGTH_BYTES, "big") + part


def _unframed(raw: memoryview) -> tuple[memoryview, memoryview]:
    end = LENGTH_BYTES + int.from_bytes(raw[:LENGTH_BYTES], "big")
    if len(raw) < max(end, LENGTH_BYTES):
        raise ValueError("it is cut short")
    return raw[LENGTH_BYTES:end], raw[end:]


def _schema(kinds: Iterable[object]) -> bytes:
    return msgspec.json.encode([msgspec.json.schema(kind) for kind in kinds])


_encoder = msgspec.msgpack.Encoder()
_ordered = msgspec.json.Encoder(order="deterministic")
_heads = msgspec.msgpack.Decoder(Head)
_states = msgspec.msgpack.Decoder(list[AggregateState])
_FINGERPRINT = hashlib.blake2b(_schema([Head, AggregateState]), digest_size=8).hexdigest()
