"""What is read from a webhook, and where it goes."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from ingress.envelope import Address, read_webhook
from ingress.errors import EnvelopeError

AT = "2026-05-19T23:30:15.038431Z"
AT_MS = 1779233415038


def body(event_type: str, payload: Mapping[str, object], **root: object) -> bytes:
    return json.dumps({"data": {"event_type": event_type, "id": "e1", "payload": payload, **root}}).encode()


@pytest.mark.parametrize(
    ("event_type", "payload", "address"),
    [
        ("call.initiated", {"call_control_id": "c"}, "call:c"),
        ("call.enqueued", {"call_control_id": "c", "queue": "support"}, "queue:support"),
        ("call.dequeued", {"call_control_id": "c", "queue": "support"}, "queue:support"),
        ("call.enqueued", {"call_control_id": "c"}, "call:c"),
        ("conference.participant.joined", {"call_control_id": "c", "conference_id": "r"}, "conference:r"),
        ("conference.recording.saved", {"conference_id": "r"}, "conference:r"),
        ("call.never.seen.before", {"call_control_id": "c"}, "call:c"),
        ("something.new", {"conference_id": "r", "call_control_id": "c"}, "conference:r"),
        ("something.new", {"queue": "support"}, "queue:support"),
    ],
)
def test_an_event_goes_to_the_aggregate_that_it_is_about(
    event_type: str, payload: Mapping[str, object], address: str
) -> None:
    assert read_webhook("default", body(event_type, payload)).address == Address.parse(address)


@pytest.mark.parametrize(
    "raw",
    [
        body("call.answered", {"call_control_id": "c"}, occurred_at=AT),
        body("call.answered", {"call_control_id": "c", "occurred_at": AT}),
        json.dumps(
            {"event_type": "call.answered", "webhook_id": "w", "created_at": AT, "payload": {"call_control_id": "c"}}
        ).encode(),
        json.dumps(
            {"event_type": "call.answered", "id": "x", "payload": {"call_control_id": "c", "occurred_at": AT}}
        ).encode(),
    ],
)
def test_the_time_is_found_in_each_of_its_places(raw: bytes) -> None:
    assert read_webhook("default", raw).occurred_ms == AT_MS


def test_the_unwrapped_change_of_the_floor_is_read_from_its_own_places() -> None:
    document = {
        "event_type": "conference.floor.changed",
        "id": "f1",
        "payload": {"call_control_id": "c", "conference_id": "r", "occurred_at": AT},
    }
    webhook = read_webhook("t", json.dumps(document).encode())
    assert (webhook.event_id, webhook.address, webhook.occurred_ms) == ("f1", Address("t", "conference", "r"), AT_MS)


@pytest.mark.parametrize("at", ["yesterday", "2026-05-19T23:30:15", 1779233415, None, {}])
def test_a_time_that_is_none_is_left_out(at: object) -> None:
    assert read_webhook("t", body("call.answered", {"call_control_id": "c"}, occurred_at=at)).occurred_ms is None


def test_a_body_without_an_id_is_named_by_its_bytes() -> None:
    raw = b'{"data":{"event_type":"call.answered","payload":{"call_control_id":"c"}}}'
    assert read_webhook("t", raw).event_id == read_webhook("t", raw).event_id
    assert read_webhook("t", raw).event_id != read_webhook("t", raw.replace(b'"c"', b'"d"')).event_id


def test_the_client_state_routes_nothing() -> None:
    payload = {"conference_id": "r", "client_state": "Y2FsbDpjMQ=="}
    assert read_webhook("t", body("conference.created", payload)).address == Address("t", "conference", "r")


@pytest.mark.parametrize(
    "raw",
    [b"", b"hello", b"[]", b"3", b"null", b'{"data": 3}', body("call.answered", {}), b'{"data":{"payload":{}}}'],
)
def test_what_holds_nothing_to_route_by_is_said_to(raw: bytes) -> None:
    with pytest.raises(EnvelopeError):
        read_webhook("default", raw)


@pytest.mark.parametrize("text", ["call:v3:a:b", "acme/queue:sales / north", "agent:bob"])
def test_an_address_is_read_as_it_is_written(text: str) -> None:
    address = Address.parse(text)
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize("text", ["", "queue", "queue:", "room:1", ":x"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        Address.parse(text)
