"""Whatever comes, a webhook is read as something; and what was read is written and read again as the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast, get_args

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ingress.envelope import Address, LogEntry
from worker.aggregates import machine
from worker.events import webhooks as w
from worker.events.event import Event, read_event

DATA = json.loads((Path(__file__).parents[2] / "data" / "webhooks.json").read_text())
DOCUMENTS: list[dict[str, Any]] = DATA["captured"] + DATA["documented"]
EVENT_TYPES = st.sampled_from([*w.TYPES, "call.never.seen"])
#: Texts that UTF-8 can hold, some of them the field names of payloads.
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ADDRESSES = st.sampled_from([Address("default", kind, "x") for kind in ("call", "queue", "conference", "agent")])


def of_type(kind: object) -> st.SearchStrategy[Any]:
    """Return values of a field's type."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return structs(kind)
    parts = get_args(kind)
    if not parts:
        values = {str: TEXTS, int: st.integers(-(2**63), 2**63 - 1), bool: st.booleans(), type(None): st.none()}
        return cast("st.SearchStrategy[Any]", values[cast("type", kind)])
    if hasattr(kind, "__metadata__"):
        return of_type(parts[0])
    if parts[-1] is Ellipsis:
        return st.lists(of_type(parts[0]), max_size=3).map(tuple)
    return st.one_of([of_type(part) for part in parts])


def structs(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Return Structs of *kind* with any values."""
    fields = {field.name: of_type(field.type) for field in msgspec.structs.fields(kind)}
    return st.fixed_dictionaries(fields).map(lambda values: kind(**values))


WEBHOOKS = st.sampled_from(list(w.TYPES.values())).flatmap(structs)


def payloads_of(event_type: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return payloads whose known fields hold anything."""
    names = (
        [field.encode_name for field in msgspec.structs.fields(w.TYPES[event_type])] if event_type in w.TYPES else []
    )
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, JSON))


def check(event_type: str, body: bytes) -> None:
    """Read *body*, and see that what it is read as can be looked at."""
    read = w.decode_webhook(event_type, body)
    known = w.TYPES.get(event_type)
    assert isinstance(read, w.Other) if known is None else isinstance(read, known | w.Unread)
    list(w.surprises(read))


@given(WEBHOOKS)
def test_any_webhook_is_read_as_it_was_written(webhook: w.AnyWebhook) -> None:
    written = msgspec.json.encode(webhook)
    assert msgspec.json.decode(written, type=w.AnyWebhook) == webhook
    assert w.decode_webhook(webhook.event_type, b'{"data":{"payload":%s}}' % written) == webhook
    assert w.decode_webhook(webhook.event_type, b'{"payload":%s}' % written) == webhook


@given(EVENT_TYPES, st.binary(max_size=200))
def test_any_bytes_are_read_as_something(event_type: str, body: bytes) -> None:
    check(event_type, body)


@given(EVENT_TYPES.flatmap(lambda event_type: st.tuples(st.just(event_type), payloads_of(event_type))), st.booleans())
def test_any_values_of_the_known_fields_are_read_as_something(read: tuple[str, Any], wrapped: bool) -> None:
    event_type, payload = read
    root = {"payload": payload}
    check(event_type, json.dumps({"data": root} if wrapped else root).encode())


@given(st.sampled_from(DOCUMENTS), ADDRESSES, st.data())
def test_a_mutated_body_is_read_and_folded(document: dict[str, Any], address: Address, data: st.DataObject) -> None:
    body = bytearray(json.dumps(document).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    check((document.get("data") or document)["event_type"], bytes(body))
    event = read_event("1-0", LogEntry("e", address, "webhook", 0, bytes(body)))
    assert isinstance(event.body, w.Webhook | w.Other | w.Unread)
    machine.fold(machine.new(address), event)


@given(WEBHOOKS, st.sampled_from(["call", "conference"]))
def test_an_event_that_nothing_acts_upon_is_only_remembered(webhook: w.AnyWebhook, kind: Any) -> None:
    address = Address("default", kind, "x")
    state = machine.new(address)

    def after(body: w.Delivered) -> machine.AggregateState:
        return machine.fold(state, Event("1-0", "e", address, 1_000, 1_000, body))

    acted_upon = {
        "call": (
            w.CallInitiated,
            w.CallAnswered,
            w.CallHangup,
            w.SpeakEnded,
            w.PlaybackEnded,
            w.GatherEnded,
            w.MachineDetectionEnded,
            w.PremiumDetectionEnded,
            w.CallRecordingSaved,
            w.CallRecordingFailed,
        ),
        "conference": (
            w.ConferenceCreated,
            w.ConferenceEnded,
            w.ParticipantJoined,
            w.ParticipantLeft,
            w.ConferenceRecordingSaved,
        ),
    }[kind]
    # They come in every call: of one that tells nothing new not even the name is kept.
    passed_over = (w.CallBridged, w.DtmfReceived, w.SpeakStarted, w.PlaybackStarted) if kind == "call" else ()
    if isinstance(webhook, passed_over):
        assert after(webhook) == state
    elif not isinstance(webhook, acted_upon):
        assert after(webhook) == after(w.Other(webhook.event_type))
