"""What our client sends is what Telnyx's official Python SDK sends, operation by operation."""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncIterator
from types import NoneType
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
import pytest
from aiohttp import web
from telnyx import AsyncTelnyx

from tests.integration.telnyx.answering import serving
from tests.integration.telnyx.sdk_methods import METHODS, RENAMED
from tests.integration.telnyx.specimens import specimen, variants, wire
from worker.telnyx.client import TelnyxClient
from worker.telnyx.operation import Operation
from worker.telnyx.surface import OPERATIONS

KEY = "KEY0123_secret"
PAGE = 50
#: None of these is special in a path.
PLAIN_IDS = ("leg-1", "leg_2")
SPECIAL_CHARACTERS = ":/?% é"

EVERY = frozenset(METHODS)
WITH_IDS = frozenset(o.name for o in OPERATIONS if o.parameters)
DELETES = frozenset(o.name for o in OPERATIONS if o.method == "DELETE")
LISTED = frozenset(o.name for o in OPERATIONS if o.listed)

#: What the SDK cannot do without.
DEMANDED: dict[str, dict[str, object]] = {"calls bridge": {"call_control_id": "leg-3"}}

#: (what was said, in what the requests differ) → in which operations, and why. A row that is not so fails.
DIFFERENCES: dict[tuple[str, str], tuple[frozenset[str], str]] = {
    ("all", "content-type"): (DELETES, "the SDK names the type of a content that is not there"),
    ("required", "content-type"): (DELETES, "the same"),
    ("required", "query"): (LISTED, "ours asks for large pages; without page[size], Telnyx gives 20 items"),
    ("required", "body"): (
        frozenset(DEMANDED),
        "the SDK demands call_control_id, though Telnyx's guide to queues bridges with `queue` alone",
    ),
    ("an id with ':'", "path"): (WITH_IDS, "the SDK leaves a colon as it is, as RFC 3986 allows; %3A means the same"),
}


class Request(msgspec.Struct):
    """One request, as it came."""

    method: str
    path: str
    query: frozenset[tuple[str, str]]
    body: object
    authorization: str | None
    content_type: str | None

    def differs_from(self, other: Request) -> set[str]:
        fields = self.__struct_fields__
        return {name.replace("_", "-") for name in fields if getattr(self, name) != getattr(other, name)}


class Pair:
    """Both clients, and a recorder that they talk to."""

    def __init__(self, address: str) -> None:
        self.ours = TelnyxClient(KEY, base_url=f"{address}/v2", page_size=PAGE)
        self.theirs = AsyncTelnyx(api_key=KEY, base_url=f"{address}/v2", max_retries=0)

    def sdk_method(self, operation: Operation[object]) -> Any:
        found: Any = self.theirs
        for part in METHODS[operation.name].split("."):
            found = getattr(found, part)
        return found

    async def send_ours(self, operation: Operation[object], ids: tuple[str, ...], said: msgspec.Struct | None) -> None:
        arguments = ids if said is None else (*ids, said)
        answer = getattr(getattr(self.ours, operation.resource), operation.verb)(*arguments)
        if operation.listed:
            assert len([item async for item in answer]) == 1
        else:
            await answer

    async def send_theirs(self, operation: Operation[object], ids: tuple[str, ...], said: dict[str, object]) -> None:
        places = {
            RENAMED.get((operation.name, f"path {name}"), name): given
            for name, given in zip(operation.parameters, ids, strict=True)
        }
        arguments = {RENAMED.get((operation.name, name), name): value for name, value in said.items()}
        await self.sdk_method(operation)(**places, **arguments)


class Recorder:
    """Notes each request and gives what the operation at hand answers."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.operation: Operation[object] = OPERATIONS[0]

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        path, _, query = request.raw_path.partition("?")
        content = await request.read()
        self.requests.append(
            Request(
                request.method,
                path,
                frozenset(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))),
                json.loads(content) if content else None,
                request.headers.get("Authorization"),
                request.headers.get("Content-Type"),
            )
        )
        if self.operation.answer is NoneType:
            return web.Response(status=204)
        data = wire(self.operation.answer)
        return web.json_response({"data": [data] if self.operation.listed else data})


@pytest.fixture
async def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def pair(recorder: Recorder) -> AsyncIterator[Pair]:
    async with serving(recorder) as address:
        pair = Pair(address)
        async with pair.ours, pair.theirs:
            yield pair


def said_to_the_sdk(said: msgspec.Struct | None) -> dict[str, object]:
    """Return the arguments that say the same: a filter in brackets is a dict in a dict there."""
    told = msgspec.to_builtins(said) if said is not None else {}
    arguments: dict[str, Any] = {}
    for name, value in told.items():
        first, *rest = name.replace("]", "").split("[")
        if not rest:
            arguments[first] = value
            continue
        inner = arguments.setdefault(first, {})
        for part in rest[:-1]:
            inner = inner.setdefault(part, {})
        inner[rest[-1].replace(".", "_")] = value
    return arguments


def least_said_to_the_sdk(operation: Operation[object], said: msgspec.Struct | None) -> dict[str, object]:
    return said_to_the_sdk(said) | DEMANDED.get(operation.name, {})


def listed(said: str, operation: Operation[object]) -> set[str]:
    return {facet for (when, facet), (names, _) in DIFFERENCES.items() if when == said and operation.name in names}


def kind_of(operation: Operation[object]) -> type[msgspec.Struct] | None:
    return operation.body or operation.query


def ids_of(operation: Operation[object]) -> tuple[str, ...]:
    return PLAIN_IDS[: len(operation.parameters)]


def test_the_table_names_every_operation_and_every_difference_has_its_reason() -> None:
    assert {o.name for o in OPERATIONS} == EVERY
    assert len(EVERY) == 56
    assert not [o.name for o in OPERATIONS if o.body and o.query]
    assert all(why and names <= EVERY for names, why in DIFFERENCES.values())


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
async def test_with_all_that_can_be_said_the_requests_are_equal(
    pair: Pair, recorder: Recorder, operation: Operation[object]
) -> None:
    recorder.operation = operation
    kind = kind_of(operation)
    for variant in variants(kind):
        said = specimen(kind, variant) if kind else None
        told = said_to_the_sdk(said)
        if operation.listed:
            told |= {"page_number": 1, "page_size": PAGE}
        await pair.send_ours(operation, ids_of(operation), said)
        await pair.send_theirs(operation, ids_of(operation), told)
        ours, theirs = recorder.requests[-2:]
        assert ours.differs_from(theirs) == listed("all", operation), (ours, theirs)
        if operation.body is not None:
            assert isinstance(ours.body, dict)
            assert len(ours.body) == len(operation.body.__struct_fields__)
    assert len(recorder.requests) == 2 * len(variants(kind))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
async def test_with_only_what_must_be_said_the_requests_are_equal(
    pair: Pair, recorder: Recorder, operation: Operation[object]
) -> None:
    recorder.operation = operation
    said = specimen(operation.body, full=False) if operation.body else None
    await pair.send_ours(operation, ids_of(operation), said)
    await pair.send_theirs(operation, ids_of(operation), least_said_to_the_sdk(operation, said))
    ours, theirs = recorder.requests
    assert ours.differs_from(theirs) == listed("required", operation), (ours, theirs)


@pytest.mark.parametrize("character", SPECIAL_CHARACTERS)
async def test_an_id_with_a_special_character_is_one_segment_for_both(
    pair: Pair, recorder: Recorder, character: str
) -> None:
    for operation in OPERATIONS:
        if not operation.parameters:
            continue
        recorder.operation = operation
        ids = tuple(f"{given}{character}{character}z" for given in ids_of(operation))
        said = specimen(operation.body, full=False) if operation.body else None
        await pair.send_ours(operation, ids, said)
        await pair.send_theirs(operation, ids, least_said_to_the_sdk(operation, said))
        ours, theirs = recorder.requests[-2:]
        different = ours.differs_from(theirs) & {"path"}
        assert different == listed(f"an id with {character!r}", operation), (ours.path, theirs.path)
        assert [unquote(part) for part in ours.path.split("/")] == [unquote(part) for part in theirs.path.split("/")]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_what_the_sdk_takes_and_what_ours_takes_are_the_same(operation: Operation[object]) -> None:
    """`worker.telnyx` knows every argument of the SDK, and the SDK every field of ours."""
    method = Pair("http://127.0.0.1:1").sdk_method(operation)
    of_the_sdk_alone = {"extra_headers", "extra_query", "extra_body", "timeout"}
    theirs = {name: p for name, p in inspect.signature(method).parameters.items() if name not in of_the_sdk_alone}
    places = {RENAMED.get((operation.name, f"path {name}"), name) for name in operation.parameters}
    assert places <= theirs.keys()
    kind = kind_of(operation)
    fields = msgspec.structs.fields(kind) if kind else ()
    ours = {RENAMED.get((operation.name, f.encode_name), f.encode_name.partition("[")[0]): f.required for f in fields}
    if operation.listed:
        ours |= {"page_number": False, "page_size": False}
    assert ours.keys() == theirs.keys() - places
    demanded = {RENAMED[operation.name, name] for name in DEMANDED.get(operation.name, {})}
    must = {name for name in ours if theirs[name].default is inspect.Parameter.empty}
    assert {name for name, required in ours.items() if required} == must - demanded
