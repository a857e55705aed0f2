"""One event as an aggregate sees it, and how it is read from and written to a log entry."""

from __future__ import annotations

import msgspec

from ingress.envelope import Address, EntryKind, LogEntry, parse_time_ms, read_webhook
from ingress.errors import EnvelopeError
from ingress.intents.model import Asked
from worker.events.intents import AnyIntent, Enrol, Release, Strike
from worker.events.notices import Told
from worker.events.outcomes import Observed, Outcome
from worker.events.policies import PackedPolicy, PolicyLoaded, pack, unpack
from worker.events.timers import TimerFired
from worker.events.webhooks import Delivered, Unread, decode_webhook

Internal = TimerFired | Outcome | Observed | Told | Asked | AnyIntent | PolicyLoaded
Body = Delivered | Internal


class Event(msgspec.Struct, frozen=True):
    """A fact in the log.

    `id` is its entry's id in the stream. `received_ms` is the log's own time (Redis, never going back within a
    partition), which rules timers; `occurred_ms` is Telnyx's, or the same where Telnyx does not say.
    """

    id: str
    event_id: str
    address: Address
    received_ms: int
    occurred_ms: int
    body: Body


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Internal | PackedPolicy)


def read_event(entry_id: str, entry: LogEntry) -> Event:
    """Read a log entry. A webhook that cannot be read becomes `Unread`, so that one bad body stops nothing."""
    received = int(entry_id.partition("-")[0])
    occurred = received
    body: Body
    if entry.kind == "webhook":
        try:
            routed = read_webhook(entry.address.tenant, entry.raw)
        except EnvelopeError as exc:
            body = Unread(event_type="unreadable", reason=str(exc))
        else:
            occurred = routed.occurred_ms if routed.occurred_ms is not None else received
            body = decode_webhook(routed.event_type, entry.raw)
    else:
        found = _decoder.decode(entry.raw)
        body = unpack(found) if isinstance(found, PackedPolicy) else found
    return Event(entry_id, entry.event_id, entry.address, received, occurred, body)


def write_entry(event_id: str, address: Address, body: Internal, now_ms: int) -> LogEntry:
    """Return the log entry of an internal event."""
    written = pack(body) if isinstance(body, PolicyLoaded) else body
    return LogEntry(event_id, address, kind_of(body), now_ms, _encoder.encode(written))


def kind_of(body: Body) -> EntryKind:
    """Return the kind of entry that holds *body*."""
    match body:
        case TimerFired():
            return "timer"
        case Outcome():
            return "outcome"
        case Observed():
            return "observed"
        case Told():
            return "notice"
        case Asked() | Enrol() | Strike() | Release() | PolicyLoaded():
            return "intent"
        case _:
            return "webhook"


__all__ = ["Body", "Event", "Internal", "kind_of", "parse_time_ms", "read_event", "write_entry"]
