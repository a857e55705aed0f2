"""What is said to Telnyx is said in full, and whatever it answers is an answer or one of the documented errors."""

from __future__ import annotations

import asyncio
import json
import math
from types import NoneType
from urllib.parse import parse_qsl

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.property.telnyx.values import JSON, values
from worker.telnyx.answers import One, Page
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences.queries import ConferencesQuery
from worker.telnyx.errors import ApiError, TelnyxError, UnreadableError, UnsendableError, api_error, error_class
from worker.telnyx.operation import Body, Operation
from worker.telnyx.pacing import Pacer
from worker.telnyx.surface import OPERATIONS

BODIES = sorted({o.body for o in OPERATIONS if o.body}, key=lambda kind: f"{kind.__module__}.{kind.__name__}")
QUERIES = sorted({o.query for o in OPERATIONS if o.query}, key=lambda kind: kind.__name__)
ANSWERED = {o.answer: o for o in OPERATIONS if o.answer is not NoneType}
CLIENT = TelnyxClient("KEYtest", base_url="http://127.0.0.1:1/v2")

few = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
many = settings(max_examples=200)


def name(kind: type) -> str:
    return f"{kind.__module__.removeprefix('worker.telnyx.')}.{kind.__name__}"


@few
@given(st.data())
@pytest.mark.parametrize("kind", [*BODIES, *QUERIES, *ANSWERED], ids=name)
def test_a_struct_is_the_same_after_json(kind: type[msgspec.Struct], data: st.DataObject) -> None:
    said = data.draw(values(kind))
    written = msgspec.json.encode(said)
    assert msgspec.json.decode(written, type=kind) == said
    if issubclass(kind, Body):
        spoken = {f.encode_name for f in msgspec.structs.fields(kind) if getattr(said, f.name) is not None}
        assert json.loads(written).keys() == spoken


@many
@given(values(ConferencesQuery))
def test_a_query_comes_out_of_the_address_as_it_went_in(query: ConferencesQuery) -> None:
    target = CLIENT._target(OPERATIONS[0], (), query, {})
    asked = parse_qsl(target.raw_query_string, keep_blank_values=True)
    said = msgspec.to_builtins(query)
    assert asked == [(k, str(v).lower() if isinstance(v, bool) else v) for k, v in said.items()]
    assert not set(target.raw_query_string) & set("[] ")


@many
@given(st.text(min_size=1))
@example("\ud800")
@example("..")
def test_an_id_is_one_segment_or_cannot_be_sent(given_id: str) -> None:
    operation = next(o for o in OPERATIONS if o.name == "queues delete")
    try:
        target = CLIENT._target(operation, (given_id,), None, {})
    except UnsendableError:
        assert given_id in (".", "..") or not given_id.isascii()
    else:
        assert target.raw_path.count("/") == 3
        assert target.path_safe is not None
        assert target.raw_query_string == target.raw_fragment == ""


def decoded(operation: Operation[object], content: bytes) -> object:
    """Return what the client makes of an answer of 200."""
    frame = Page[operation.answer] if operation.listed else One[operation.answer]  # type: ignore[name-defined]
    return CLIENT._decode(operation, content, frame)


def heads(answer: bytes) -> st.SearchStrategy[bytes]:
    """Return mutations of *answer*: a part of it cut out, doubled, or replaced by other bytes."""
    places = st.integers(0, len(answer))
    return st.builds(
        lambda start, end, put: answer[: min(start, end)] + put + answer[max(start, end) :],
        places,
        places,
        st.binary(max_size=8) | st.sampled_from([b"null", b'""', b"{}", b"[]", b"1e999", b"-1", b'"\\ud800"']),
    )


@few
@given(st.data())
@pytest.mark.parametrize("operation", ANSWERED.values(), ids=lambda o: name(o.answer))
def test_an_answer_is_understood_whatever_telnyx_has_added_to_it(
    operation: Operation[object], data: st.DataObject
) -> None:
    shown = data.draw(values(operation.answer))
    told = msgspec.to_builtins(shown)
    unknown = data.draw(st.dictionaries(st.text("xyz", min_size=3), JSON, max_size=3))
    content = json.dumps({"data": [told | unknown] if operation.listed else told | unknown, "extra": unknown}).encode()
    made = decoded(operation, content)
    assert isinstance(made, One | Page)
    assert made.data == ([shown] if isinstance(made, Page) else shown)


@settings(few, max_examples=60)
@given(st.data())
@pytest.mark.parametrize("operation", ANSWERED.values(), ids=lambda o: name(o.answer))
def test_an_answer_that_was_damaged_is_an_answer_or_an_error_of_telnyxs(
    operation: Operation[object], data: st.DataObject
) -> None:
    shown = msgspec.to_builtins(data.draw(values(operation.answer)))
    content = data.draw(heads(json.dumps({"data": [shown] if operation.listed else shown}).encode()))
    try:
        decoded(operation, content)
    except TelnyxError as error:
        assert isinstance(error, UnreadableError)
        assert str(error).startswith(f"{operation.name}: Telnyx's answer is not as documented")


@many
@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()), st.sampled_from(list(ANSWERED.values())))
@example(b"[" * 20_000, OPERATIONS[0])
@example(b'{"data":' + b"[" * 20_000, OPERATIONS[0])
@example(b'{"data":{"call_control_id":5,"x":' + b"[" * 20_000, OPERATIONS[0])
@example(b'{"data":{"call_control_id":null}}', OPERATIONS[0])
@example(b'{"data":{"call_control_id":"\\ud800"}}', OPERATIONS[0])
def test_any_bytes_are_an_answer_or_an_error_of_telnyxs(content: bytes, operation: Operation[object]) -> None:
    try:
        decoded(operation, content)
    except TelnyxError as error:
        assert isinstance(error, UnreadableError)


ERRORS = st.fixed_dictionaries(
    {"errors": st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(("code", "title", "detail", "source"), JSON)))}
).map(lambda value: json.dumps(value).encode())
HEADERS = st.dictionaries(
    st.sampled_from(
        ["retry-after", "date", "x-request-id", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"]
    ),
    st.text() | st.sampled_from(["0", "7", "1e400", "nan", "-1", "0x1", "١", "Wed, 21 Oct 2026 07:28:00 GMT",
                                 "Wed, 21 Oct 0001 07:28:00 -2359", "Wed, 32 Oct 2026 99:28:00 GMT"]),
)  # fmt: skip


@many
@given(st.integers(300, 999), st.binary() | JSON.map(lambda v: json.dumps(v).encode()) | ERRORS, HEADERS)
@example(422, b'{"errors":' + b"[" * 20_000, {})
@example(503, b"{}", {"retry-after": "Wed, 21 Oct 2026 07:28:00 -0000", "date": "Wed, 21 Oct 2026 07:28:00 GMT"})
def test_any_bytes_and_headers_with_any_status_are_the_error_of_that_status(
    status: int, content: bytes, headers: dict[str, str]
) -> None:
    error = api_error(status, content, headers.get)
    assert type(error) is error_class(status)
    assert isinstance(error, ApiError)
    assert error.status == status
    assert error.retry_after_secs is None or 0 <= error.retry_after_secs < math.inf
    assert str(status) in str(error)


@many
@given(st.lists(HEADERS, max_size=5))
def test_no_header_makes_the_pacer_fail_or_wait_for_ever(answers: list[dict[str, str]]) -> None:
    async def go() -> None:
        at = 0.0

        async def sleep(secs: float) -> None:
            nonlocal at
            assert 0 < secs <= 60
            at += secs

        pacer = Pacer(now=lambda: at, sleep=sleep)
        for headers in answers:
            pacer.heed(headers.get)
            try:
                await pacer.admit(dial=False)
            except ApiError as error:
                assert error.retry_after_secs is not None

    asyncio.run(go())
