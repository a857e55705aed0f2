"""Each of the 39 webhooks is read with all its fields; what is not as documented stops nothing and is pointed out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast, get_args

import msgspec
import pytest
from pydantic import BaseModel
from telnyx.types.unwrap_webhook_event import UnwrapWebhookEvent

from ingress.envelope import parse_time_ms, read_webhook
from worker.events import webhooks as w
from worker.events.webhooks.documented import enums_of, undocumented

DATA = json.loads((Path(__file__).parents[2] / "data" / "webhooks.json").read_text())


def root_of(document: dict[str, Any]) -> dict[str, Any]:
    return cast("dict[str, Any]", document.get("data") or document)


#: A body of each event type with every field that is documented.
EXAMPLES: dict[str, dict[str, Any]] = {root_of(document)["event_type"]: document for document in DATA["documented"]}
#: Fields that the schema lacks and that real bodies have, or that the description of a command promises.
BEYOND_THE_SCHEMA = {
    "call.initiated": {"calling_party_type", "from_sip_uri", "to_sip_uri"},
    "call.hangup": {"end_time"},
    "call.gather.ended": {"gather_id"},
    "call.recording.saved": {"call_control_id", "recording_id", "format", "start_time", "end_time"},
}
TYPES = sorted(w.TYPES)


def decode(document: object) -> w.Delivered:
    root = root_of(cast("dict[str, Any]", document))
    return w.decode_webhook(root["event_type"], json.dumps(document).encode())


def example(event_type: str, /, **changes: object) -> dict[str, Any]:
    """Return the example of *event_type* with other values in its payload."""
    payload = {**root_of(EXAMPLES[event_type])["payload"], **changes}
    return {"data": {"event_type": event_type, "id": "e", "payload": payload}}


def required(event_type: str) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(w.TYPES[event_type]) if field.required}


def enums(event_type: str) -> list[str]:
    return [name for name, _ in enums_of(w.TYPES[event_type]).values]


def test_there_is_a_type_for_each_of_the_39() -> None:
    assert len(TYPES) == 39
    assert set(TYPES) == set(EXAMPLES)


@pytest.mark.parametrize("event_type", TYPES)
def test_no_documented_field_is_lost(event_type: str) -> None:
    read = decode(EXAMPLES[event_type])
    assert type(read) is w.TYPES[event_type]
    payload = root_of(EXAMPLES[event_type])["payload"]
    assert json.loads(msgspec.json.encode(read)) == {"event_type": event_type, **payload}
    assert list(w.surprises(read)) == []


@pytest.mark.parametrize("event_type", TYPES)
def test_the_fields_are_those_that_are_documented(event_type: str) -> None:
    ours = {field.encode_name for field in msgspec.structs.fields(w.TYPES[event_type])} - {w.MISREAD}
    documented = set(root_of(EXAMPLES[event_type])["payload"])
    assert ours == documented | BEYOND_THE_SCHEMA.get(event_type, set())


@pytest.mark.parametrize("event_type", TYPES)
def test_it_is_read_in_either_envelope_and_in_none(event_type: str) -> None:
    payload = root_of(EXAMPLES[event_type])["payload"]
    root = {"record_type": "event", "event_type": event_type, "payload": payload}
    wrapped = {"data": {**root, "id": "e"}, "meta": {"attempt": 1, "delivered_to": "https://example.com"}}
    version_1 = {**root, "webhook_id": "e", "created_at": "2026-05-19T23:30:23.738431Z"}
    unwrapped = {**root, "id": "e", "data": None}
    assert decode(wrapped) == decode(version_1) == decode(unwrapped) == decode(EXAMPLES[event_type])


@pytest.mark.parametrize("event_type", sorted(set(TYPES) - {"call.recording.saved"}))
def test_the_ingress_routes_it_and_finds_its_time(event_type: str) -> None:
    routed = read_webhook("default", json.dumps(EXAMPLES[event_type]).encode())
    kind = "queue" if event_type in ("call.enqueued", "call.dequeued") else event_type.partition(".")[0]
    assert (routed.event_type, routed.address.kind) == (event_type, kind)
    told = None if event_type == "conference.recording.saved" else parse_time_ms("2026-05-19T23:30:23.738431Z")
    assert routed.occurred_ms == told


@pytest.mark.parametrize("document", DATA["captured"], ids=lambda d: root_of(d)["event_type"])
def test_what_was_captured_is_read(document: dict[str, Any]) -> None:
    read = decode(document)
    root = root_of(document)
    assert type(read) is w.TYPES[root["event_type"]]
    known = {field.encode_name for field in msgspec.structs.fields(type(read))}
    told = {key: value for key, value in root["payload"].items() if key in known and value is not None}
    assert json.loads(msgspec.json.encode(read)) == {"event_type": root["event_type"], **told}
    assert list(w.surprises(read)) == []


def test_all_are_read_as_one_tagged_union() -> None:
    for event_type in TYPES:
        read = decode(EXAMPLES[event_type])
        assert msgspec.json.decode(msgspec.json.encode(read), type=w.AnyWebhook) == read


@pytest.mark.parametrize("event_type", TYPES)
def test_its_ids_are_enough_and_null_is_as_absent(event_type: str) -> None:
    ids = dict.fromkeys(required(event_type), "x")
    bare = decode(example(event_type) | {"data": {"event_type": event_type, "payload": ids}})
    assert type(bare) is w.TYPES[event_type]
    nulls = {field.encode_name: None for field in msgspec.structs.fields(type(bare)) if field.name != "misread"}
    assert decode({"data": {"event_type": event_type, "payload": {**nulls, **ids}}}) == bare


@pytest.mark.parametrize("event_type", [name for name in TYPES if required(name)])
def test_without_its_ids_it_is_unread(event_type: str) -> None:
    for name in required(event_type):
        for wrong in (None, 7):
            read = decode(example(event_type, **{name: wrong}))
            assert isinstance(read, w.Unread)
            assert name in read.reason
            assert [s.what for s in w.surprises(read)] == [f"{event_type} payload"]


@pytest.mark.parametrize("event_type", TYPES)
def test_a_field_of_another_type_hides_nothing_else(event_type: str) -> None:
    whole = decode(EXAMPLES[event_type])
    for name in set(root_of(EXAMPLES[event_type])["payload"]) - required(event_type):
        read = decode(example(event_type, **{name: [[{}]], "never_seen": 1, "event_type": "x"}))
        field = next(f for f in msgspec.structs.fields(type(whole)) if f.encode_name == name)
        assert read == msgspec.structs.replace(whole, **{field.name: field.default}, misread=(name,))
        assert [s.what for s in w.surprises(read)] == [f"{event_type} {name}"]


def test_an_unknown_field_is_passed_over() -> None:
    assert decode(example("call.hangup", telnyx_error=None, invented={"a": [1]})) == decode(example("call.hangup"))


def test_an_unknown_event_is_kept_with_its_type() -> None:
    read = w.decode_webhook("call.analyzed", b"whatever")
    assert read == w.Other("call.analyzed")
    assert [s.what for s in w.surprises(read)] == ["event_type"]


@pytest.mark.parametrize(("event_type", "name"), [(e, name) for e in TYPES for name in enums(e)])
def test_an_unknown_value_stays_and_is_pointed_out(event_type: str, name: str) -> None:
    read = decode(example(event_type, **{name: "weird"}))
    assert isinstance(read, w.Webhook)
    assert getattr(read, name) == "weird"
    assert list(undocumented(read)) == [(name, "weird")]
    (surprise,) = w.surprises(read)
    assert (surprise.what, surprise.why) == (f"{event_type} {name}", f'{name} "weird" is not documented')


def test_an_unknown_value_inside_is_pointed_out_by_its_path() -> None:
    read = decode(example("call.answered", sip_headers=[{"name": "X-New", "value": "1"}]))
    assert isinstance(read, w.CallAnswered)
    assert list(undocumented(read)) == [("sip_headers.name", "X-New")]


@pytest.mark.parametrize(
    "body", [b"", b"x", b"[]", b'{"data":{"payload":null}}', b'{"payload":[]}', b"\xff", b'{"data":' * 5000]
)
def test_a_body_that_is_no_webhook_is_unread(body: bytes) -> None:
    assert isinstance(w.decode_webhook("call.hangup", body), w.Unread)


def test_a_wrapper_that_is_no_object_is_passed_over_as_the_ingress_does() -> None:
    body = b'{"data":"x","event_type":"call.answered","payload":{"call_control_id":"c"}}'
    assert read_webhook("default", body).address.id == "c"
    assert w.decode_webhook("call.answered", body) == w.CallAnswered("c")


def models(annotation: object) -> list[type[BaseModel]]:
    """Return the models that an annotation of the SDK's names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models(part)]


def fields_of(model: type[BaseModel]) -> dict[str, object]:
    """Return a model's fields by their wire names, with their annotations."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def sdk_payloads() -> dict[str, type[BaseModel]]:
    """Return the model of the payload of each event type that the SDK knows."""
    found: dict[str, type[BaseModel]] = {}
    for event in models(UnwrapWebhookEvent):
        fields = fields_of(event)
        root = fields_of(models(fields["data"])[0]) if models(fields.get("data")) else fields
        for event_type in (
            value for part in (root.get("event_type"), *get_args(root.get("event_type"))) for value in get_args(part)
        ):
            if event_type in w.TYPES and models(root.get("payload")):
                found[event_type] = models(root["payload"])[0]
    return found


SDK_PAYLOADS = sdk_payloads()


def test_the_sdk_knows_all_of_them() -> None:
    assert set(SDK_PAYLOADS) == set(w.TYPES)


@pytest.mark.parametrize("event_type", sorted(SDK_PAYLOADS))
def test_the_sdk_has_no_field_and_no_value_that_ours_lacks(event_type: str) -> None:
    compare(SDK_PAYLOADS[event_type], w.TYPES[event_type])


def compare(theirs: type[BaseModel], ours: type[msgspec.Struct]) -> None:
    known = {field.encode_name: field for field in msgspec.structs.fields(ours)}
    values = {
        known_as.encode_name: enum
        for known_as in known.values()
        for name, enum in enums_of(ours).values
        if name == known_as.name
    }
    for name, annotation in fields_of(theirs).items():
        assert name in known, f"{ours.__name__} lacks {name}"
        told = {
            value for part in (annotation, *get_args(annotation)) for value in get_args(part) if isinstance(value, str)
        }
        assert told <= values.get(name, frozenset()), f"{ours.__name__}.{name} lacks values"
        for inner in models(annotation):
            (part,) = structs(known[name].type)
            compare(inner, part)


def structs(annotation: object) -> list[type[msgspec.Struct]]:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return [annotation]
    return [struct for part in get_args(annotation) for struct in structs(part)]
