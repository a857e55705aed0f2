"""What is read from a webhook, which aggregate it is for, and what a log entry holds.

Pure. The ingress knows nothing of phones: it reads the few fields that name the event and its address, and
keeps the body as it came. Both Telnyx envelopes and the unwrapped `conference.floor.changed` are read.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Literal, TypeVar

import msgspec

from ingress.errors import EnvelopeError

AggregateKind = Literal["call", "queue", "conference", "agent"]
EntryKind = Literal["webhook", "intent", "timer", "outcome", "notice", "observed"]

AGGREGATE_KINDS: tuple[AggregateKind, ...] = ("call", "queue", "conference", "agent")
DEFAULT_TENANT = "default"

_QUEUE_EVENTS = frozenset({"call.enqueued", "call.dequeued"})


class Address(msgspec.Struct, frozen=True, order=True):
    """Which aggregate an event is for."""

    tenant: str
    kind: AggregateKind
    id: str

    def __str__(self) -> str:
        return f"{self.tenant}/{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str, *, default_tenant: str = DEFAULT_TENANT) -> Address:
        """Read `tenant/kind:id` or `kind:id`; raise ValueError for anything else."""
        head, colon, ident = text.partition(":")
        tenant, slash, kind = head.rpartition("/")
        if not slash:
            tenant = default_tenant
        for known in AGGREGATE_KINDS:
            if kind == known and colon and ident:
                return cls(tenant, known, ident)
        raise ValueError(f"{text!r} is not an address: write call:…, queue:…, conference:… or agent:…")


class LogEntry(msgspec.Struct, frozen=True):
    """One event as the log keeps it.

    `event_id` is what the append is deduplicated by; `received_ms` is the writer's wall clock (Unix
    milliseconds) when it received or made the event; `raw` is a webhook's body byte for byte as it came, or
    the JSON of an internal event.
    """

    event_id: str
    address: Address
    kind: EntryKind
    received_ms: int
    raw: bytes


class Webhook(msgspec.Struct, frozen=True):
    """The routing view of one webhook."""

    event_id: str
    event_type: str
    address: Address
    #: When Telnyx says that it happened (Unix ms); None where the body does not say.
    occurred_ms: int | None


class _Ids(msgspec.Struct):
    """The payload fields that routing and order need. Types are checked by hand: a wrong one is not an error."""

    call_control_id: object = None
    conference_id: object = None
    queue: object = None
    occurred_at: object = None


class _Root(msgspec.Struct):
    event_type: object = None
    id: object = None
    webhook_id: object = None
    occurred_at: object = None
    created_at: object = None
    payload: object = None


class _Wrapped(msgspec.Struct):
    data: object = None


class _UsualIds(msgspec.Struct):
    call_control_id: str | None = None
    conference_id: str | None = None
    queue: str | None = None
    occurred_at: str | None = None


class _UsualData(msgspec.Struct):
    event_type: Annotated[str, msgspec.Meta(min_length=1)]
    id: Annotated[str, msgspec.Meta(min_length=1)]
    payload: _UsualIds
    occurred_at: str | None = None
    created_at: None = None


class _Usual(msgspec.Struct):
    """The envelope that nearly all webhooks come in: read in one step, where `_read_slowly` takes several."""

    data: _UsualData


_usual = msgspec.json.Decoder(_Usual).decode
_decode_body = msgspec.json.Decoder().decode
_T = TypeVar("_T")


def parse_time_ms(text: object) -> int | None:
    """Return an ISO 8601 time as Unix milliseconds, or None when *text* is not one."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int(moment.timestamp() * 1000) if moment.tzinfo else None


def read_webhook(tenant: str, body: bytes) -> Webhook:
    """Read what routing and order need from *body*.

    Raises:
        EnvelopeError: The body is not JSON, not an object, or holds nothing to route by.
    """
    try:
        data = _usual(body).data
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _read_slowly(tenant, body)
    payload = data.payload
    occurred = parse_time_ms(data.occurred_at)
    return Webhook(
        event_id=data.id,
        event_type=data.event_type,
        address=_route(tenant, data.event_type, payload),
        occurred_ms=occurred if occurred is not None else parse_time_ms(payload.occurred_at),
    )


def _read_slowly(tenant: str, body: bytes) -> Webhook:
    """Read a body that is not of the usual form: another envelope, ids of other types, or no webhook at all."""
    try:
        document = _decode_body(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
        raise EnvelopeError(f"the body is not JSON: {exc}") from None
    outer = _as(document, _Wrapped)
    root = _as(outer.data, _Root) if isinstance(outer.data, dict) else _as(document, _Root)
    payload = _as(root.payload, _Ids)
    event_type = root.event_type
    if not isinstance(event_type, str) or not event_type:
        raise EnvelopeError("the body has no event_type")
    occurred = next(
        (
            ms
            for text in (root.occurred_at, payload.occurred_at, root.created_at)
            if (ms := parse_time_ms(text)) is not None
        ),
        None,
    )
    return Webhook(
        event_id=_text(root.id) or _text(root.webhook_id) or _digest(body),
        event_type=event_type,
        address=_route(tenant, event_type, payload),
        occurred_ms=occurred,
    )


def _route(tenant: str, event_type: str, payload: _Ids | _UsualIds) -> Address:
    """The routing table of docs/architecture.md; by ids alone, never by client_state."""
    queue, conference, call = _text(payload.queue), _text(payload.conference_id), _text(payload.call_control_id)
    if event_type in _QUEUE_EVENTS and queue:
        return Address(tenant, "queue", queue)
    if event_type.startswith("call.") and call:
        return Address(tenant, "call", call)
    if conference:
        return Address(tenant, "conference", conference)
    if call:
        return Address(tenant, "call", call)
    if queue:
        return Address(tenant, "queue", queue)
    raise EnvelopeError(f"{event_type[:100]} has no queue, conference_id or call_control_id to route by")


def _as(value: object, kind: type[_T]) -> _T:
    return msgspec.convert(value if isinstance(value, dict) else {}, kind, strict=False)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _digest(body: bytes) -> str:
    """Name a webhook that carries no id by its bytes, so that its repetition is still recognised."""
    return "sha256:" + hashlib.sha256(body).hexdigest()
