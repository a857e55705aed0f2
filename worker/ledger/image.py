"""A ledger as bytes: what a snapshot holds.

Where the log is whole it is a cache, read only by a release that has exactly its form (`fingerprint`). The state that a
trimmed log begins with is the truth, and read by every later release (`worker.ledger.forms`).
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator

import msgspec

from ingress.envelope import Address
from ingress.log import Partition
from worker.aggregates.machine import AggregateState
from worker.events.event import Event
from worker.events.policies import PolicyLoaded
from worker.ledger import forms
from worker.ledger.aside import SetAside
from worker.ledger.ledger import Ledger, Pending, Timer

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
    #: Its number among `worker.ledger.forms`.
    form: int = 1
    #: The policy that rules the partition.
    policy: PolicyLoaded | None = None


class _Form(msgspec.Struct, frozen=True):
    """What any head of any release says."""

    form: int = 1


def fingerprint() -> str:
    """Return what changes when the form of the state does: a snapshot of another form is no cache."""
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
        tuple(Aside(a.address, a.error, a.since_ms, tuple(a.ids)) for a in ledger.quarantined.values()),
        len(states),
        forms.newest(),
        policy=ledger.governing.loaded,
    )
    return Picture(head, states)


def encode(picture: Picture) -> Iterator[bytes]:
    """Yield the picture's parts, each made in about a millisecond."""
    yield _framed(_encoder.encode(picture.head))
    for start in range(0, len(picture.states), CHUNK):
        yield _framed(_encoder.encode(picture.states[start : start + CHUNK]))


def decode_head(raw: bytes) -> Head:
    """Return an image's head, in today's form.

    Raises:
        ValueError: It cannot be read.
    """
    part, _ = _unframed(memoryview(raw))
    return _head_of(part, _form_of(part))


def decode(raw: bytes, held: dict[str, Event], *, most_held: int = sys.maxsize) -> Ledger:
    """Return the ledger that an image is of, be it of this release or an earlier one.

    *held* has the events that wait in quarantine by their entries' ids, at most the first *most_held* of an aggregate.

    Raises:
        ValueError: It is no image, is incomplete, or is of a form that cannot be read; or an event that waits is not
            among *held*.
    """
    part, rest = _unframed(memoryview(raw))
    form = _form_of(part)
    head = _head_of(part, form)
    ledger = Ledger(head.partition, most_held=most_held)
    while rest:
        part, rest = _unframed(rest)
        ledger.aggregates |= {state.address: state for state in _states_of(part, form)}
    if len(ledger.aggregates) != head.aggregates:
        raise ValueError(f"it has {len(ledger.aggregates)} aggregates of {head.aggregates}")
    asides = [_aside_of(aside, held, most_held) for aside in head.quarantined]
    ledger.restore(head.pending, head.timers, head.finished, asides, head.policy)
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
    rest.update(_ordered.encode((head.policy.number, head.policy.digest) if head.policy else None))
    yield {"": rest.hexdigest()}


def digest(ledger: Ledger) -> dict[str, str]:
    """Return all that `digests` yields: two ledgers agree, byte for byte, when these do."""
    return {name: value for part in digests(take(ledger, "", 0)) for name, value in part.items()}


def _form_of(part: memoryview) -> int:
    form = _forms.decode(part).form
    if not 1 <= form <= forms.newest():
        raise ValueError(f"it is of form {form}, and this release knows the forms up to {forms.newest()}")
    return form


def _head_of(part: memoryview, form: int) -> Head:
    if form == forms.newest():
        return _heads.decode(part)
    return msgspec.convert(forms.head_of(_plains.decode(part), form), Head)


def _states_of(part: memoryview, form: int) -> list[AggregateState]:
    if form == forms.newest():
        return _states.decode(part)
    return msgspec.convert([forms.state_of(plain, form) for plain in _many_plains.decode(part)], list[AggregateState])


def _aside_of(aside: Aside, held: dict[str, Event], most_held: int) -> SetAside:
    first, later = aside.held[:most_held], aside.held[most_held:]
    if missing := [name for name in first if name not in held]:
        raise ValueError(f"{aside.address} is in quarantine, and of the events that wait {missing[0]} cannot be read")
    return SetAside(aside.address, aside.error, aside.since_ms, [held[name] for name in first], later=list(later))


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
    return msgspec.json.encode([_without_words(msgspec.json.schema(kind)) for kind in kinds])


def _without_words(schema: object) -> object:
    """Return *schema* without its docstrings: a better sentence is no other form."""
    if isinstance(schema, dict):
        return {k: _without_words(v) for k, v in schema.items() if k != "description" or not isinstance(v, str)}
    return [_without_words(each) for each in schema] if isinstance(schema, list) else schema


_encoder = msgspec.msgpack.Encoder()
_ordered = msgspec.json.Encoder(order="deterministic")
_forms = msgspec.msgpack.Decoder(_Form)
_heads = msgspec.msgpack.Decoder(Head)
_states = msgspec.msgpack.Decoder(list[AggregateState])
_plains = msgspec.msgpack.Decoder(forms.Plain)
_many_plains = msgspec.msgpack.Decoder(list[forms.Plain])
_FINGERPRINT = hashlib.blake2b(_schema([Head, AggregateState]), digest_size=8).hexdigest()
