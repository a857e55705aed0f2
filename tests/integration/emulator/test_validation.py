"""Every operation refuses what Telnyx refuses, with the code of Telnyx's examples and the place of the mistake."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator

import aiohttp
import msgspec
import pytest
from msgspec import inspect as types

from tests.integration.emulator.conftest import answered, ringing
from tests.integration.telnyx.specimens import wire
from worker.telnyx.conferences.operations import BY_NAME
from worker.telnyx.operation import Operation
from worker.telnyx.surface import OPERATIONS
from worker.testing.emulator.server import Emulator

NOBODY = "00000000-0000-4000-8000-000000000000"
Told = tuple[int, str, str | None]
Op = Operation[object]
Fields = dict[str, object]

WITH_BODY = [each for each in OPERATIONS if each.body is not None]
ON_A_LEG = [each for each in OPERATIONS if each.path.startswith("/calls/")]
#: What can be done to a leg that rings, and to one that has ended.
BEFORE_THE_ANSWER = {"retrieve", "answer", "reject", "hangup", "client_state_update", "leave_queue", "transfer"}
AFTER_THE_END = {"retrieve"}
#: Values where the limits are not in the types.
SENSIBLE = {"digits": "1", "client_state": "YQ=="}


class Api:
    """The emulator's surface, for requests that our client would not make."""

    def __init__(self, emulator: Emulator, http: aiohttp.ClientSession) -> None:
        self._emulator = emulator
        self._http = http

    async def ask(self, method: str, path: str, raw: bytes | None = None, key: str = "KEYtest") -> Told:
        """Return the answer's status, and its first error's code and place."""
        headers = {"Authorization": f"Bearer {key}"}
        async with self._http.request(method, self._emulator.api_base + path, data=raw, headers=headers) as response:
            content = await response.read()
        if response.status < 300:
            return response.status, "", None
        (error,) = json.loads(content)["errors"]
        assert error["title"]
        assert error["detail"]
        source = error.get("source", {})
        return response.status, error["code"], source.get("pointer", source.get("parameter"))

    async def command(self, operation: Op, body: object, *ids: str) -> Told:
        """Carry an operation out, by default on what there is not."""
        given = ids or (NOBODY,) * len(operation.parameters)
        return await self.ask(operation.method, operation.path_of(*given), json.dumps(body).encode())


@pytest.fixture
async def api(still: Emulator) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as http:
        yield Api(still, http)


def named(operations: Iterable[Op]) -> pytest.MarkDecorator:
    """Run a test for each of the operations, by its name."""
    return pytest.mark.parametrize("operation", [pytest.param(each, id=each.name) for each in operations])


def minimal(operation: Op) -> Fields:
    """Return a body with what an operation must have."""
    body = wire(operation.body, full=False) if operation.body else {}
    assert isinstance(body, dict)
    body |= {name: value for name, value in SENSIBLE.items() if name in body}
    return {**body, "audio_url": "https://a.b/c.mp3"} if operation.verb in ("play", "playback_start") else body


def fields(operation: Op) -> Iterator[tuple[types.Field, types.Type]]:
    """Yield the fields of an operation's body, and their types without null."""
    info = types.type_info(operation.body)
    assert isinstance(info, types.StructType)
    for field in info.fields:
        yield field, _bare(field.type)


def _bare(kind: types.Type) -> types.Type:
    if isinstance(kind, types.Metadata):
        return _bare(kind.type)
    if isinstance(kind, types.UnionType):
        bare = [_bare(each) for each in kind.types if not isinstance(each, types.NoneType)]
        return bare[0] if len(bare) == 1 else types.UnionType(tuple(bare))
    return kind


def of_another_type(kind: types.Type) -> object:
    """Return what a field of this type cannot be."""
    match kind:
        case types.StrType() | types.LiteralType():
            return 5
        case types.UnionType():
            return True
        case types.AnyType():
            return None
    return "x"


@named(OPERATIONS)
async def test_a_stranger_is_refused(api: Api, operation: Op) -> None:
    path = operation.path_of(*[NOBODY] * len(operation.parameters))
    assert await api.ask(operation.method, path, b"{}", key="KEYwrong") == (401, "10009", None)


@named(WITH_BODY)
@pytest.mark.parametrize("raw", [b'{"a', b"{'a': 1}", b'{"a":' + b"[" * 100_000], ids=["cut", "quotes", "deep"])
async def test_what_is_no_json_is_refused(api: Api, operation: Op, raw: bytes) -> None:
    path = operation.path_of(*[NOBODY] * len(operation.parameters))
    assert await api.ask(operation.method, path, raw) == (400, "10015", None)


@named(WITH_BODY)
async def test_a_body_that_is_no_object_is_refused(api: Api, operation: Op) -> None:
    assert await api.command(operation, [1]) == (422, "10015", None)


@named(WITH_BODY)
async def test_what_must_be_there_is_missed(api: Api, operation: Op) -> None:
    full = minimal(operation)
    required = [field.encode_name for field, _ in fields(operation) if field.required]
    for name, value in [(name, full[name]) for name in required]:
        without = {other: value for other, value in full.items() if other != name}
        assert await api.command(operation, without) == (422, "10004", f"/{name}")
        if isinstance(value, str) and name != "queue_name":
            told = await api.command(operation, {**full, name: ""})
            assert told in [(422, "10004", f"/{name}"), (422, "10032", f"/{name}")], name


@named(WITH_BODY)
async def test_a_value_of_another_type_is_refused_where_it_stands(api: Api, operation: Op) -> None:
    full = minimal(operation)
    for field, kind in fields(operation):
        wrong = of_another_type(kind)
        if wrong is not None:
            status, code, place = await api.command(operation, {**full, field.encode_name: wrong})
            assert (status, place) == (422, f"/{field.encode_name}")
            assert code in ("10015", "10032")


@named(WITH_BODY)
async def test_a_value_that_is_not_among_those_named_is_refused(api: Api, operation: Op) -> None:
    full = minimal(operation)
    for field, kind in fields(operation):
        if isinstance(kind, types.LiteralType):
            wrong = "nonsense" if isinstance(kind.values[0], str) else -1
            told = await api.command(operation, {**full, field.encode_name: wrong})
            assert told == (422, "10032", f"/{field.encode_name}")


@named(WITH_BODY)
async def test_a_number_outside_its_range_is_refused(api: Api, operation: Op) -> None:
    full = minimal(operation)
    for field, kind in fields(operation):
        if isinstance(kind, types.IntType):
            for beyond in ([kind.ge - 1] if kind.ge is not None else []) + ([kind.le + 1] if kind.le else []):
                told = await api.command(operation, {**full, field.encode_name: beyond})
                assert told == (422, "10033", f"/{field.encode_name}")


@named([each for each in WITH_BODY if "client_state" in each.body.__struct_fields__])  # type: ignore[union-attr]
async def test_a_client_state_is_base64(api: Api, operation: Op) -> None:
    for state in ("no base64!", "a", "é"):
        told = await api.command(operation, {**minimal(operation), "client_state": state})
        assert told == (422, "90017", "/client_state")


@named([each for each in OPERATIONS if each.listed])
@pytest.mark.parametrize(
    ("query", "code", "place"),
    [
        ("page[size]=0", "10033", "page[size]"), ("page[size]=251", "10033", "page[size]"),
        ("page[size]=all", "10015", "page[size]"), ("page[number]=0", "10033", "page[number]"),
        ("page[number]=-1", "10015", "page[number]"),
    ],
)  # fmt: skip
async def test_a_page_that_cannot_be_is_refused(
    still: Emulator, api: Api, operation: Op, query: str, code: str, place: str
) -> None:
    leg = answered(still)
    still.telephony.queues.enqueue(leg, "q", max_wait_secs=None, max_size=None)
    room = still.telephony.conferences.create(answered(still), "room").id
    path = operation.path_of(*["q" if operation.resource == "queues" else room for _ in operation.parameters])
    assert await api.ask("GET", f"{path}?{query}") == (422, code, place)
    assert await api.ask("GET", f"{path}?page[size]=250&page[number]=1") == (200, "", None)


@pytest.mark.parametrize("query", ["filter[muted]=perhaps", "filter[on_hold]=2", "filter[whispering]=", "region=Mars"])
async def test_a_filter_that_cannot_be_is_refused(still: Emulator, api: Api, query: str) -> None:
    room = still.telephony.conferences.create(answered(still), "room").id
    code = "10032" if "region" in query else "10015"
    assert await api.ask("GET", f"/conferences/{room}/participants?{query}") == (422, code, query.partition("=")[0])


@named(ON_A_LEG)
async def test_a_leg_must_be_known_alive_and_answered(still: Emulator, api: Api, operation: Op) -> None:
    body, rings, over = minimal(operation), ringing(still), answered(still)
    still.world.hangup(over, cause="normal_clearing", source="caller")
    assert await api.command(operation, body, "v3:nobody") == (422, "90015", "/call_control_id")
    if operation.verb not in AFTER_THE_END:
        assert (await api.command(operation, body, over.id))[:2] == (422, "90018")
    if operation.verb not in BEFORE_THE_ANSWER:
        assert (await api.command(operation, body, rings.id))[:2] == (422, "90034")


@named([each for each in OPERATIONS if each.path.startswith("/conferences/{")])
async def test_a_conference_must_be_known(api: Api, operation: Op) -> None:
    assert await api.command(operation, minimal(operation)) == (404, "90058", None)


@named([each for each in OPERATIONS if each.path.startswith("/conferences/{")])
async def test_a_conferences_name_does_where_it_is_documented_to(still: Emulator, api: Api, operation: Op) -> None:
    still.telephony.conferences.create(answered(still), "room")
    ids = ("room", NOBODY)[: len(operation.parameters)]
    _, code, _ = await api.command(operation, minimal(operation), *ids)
    assert (code != "90058") is (operation in BY_NAME)


@named([each for each in OPERATIONS if each.path.startswith("/queues/{")])
async def test_a_queue_must_be_known(api: Api, operation: Op) -> None:
    assert await api.command(operation, minimal(operation)) == (404, "10005", None)


@pytest.mark.parametrize("verb", ["create", "join", "leave", "update", "gather_using_audio"])
async def test_a_conference_takes_only_legs_that_there_are(still: Emulator, api: Api, verb: str) -> None:
    (operation,) = [each for each in OPERATIONS if each.name == f"conferences {verb}"]
    room = still.telephony.conferences.create(answered(still), "room")
    body = {**minimal(operation), "call_control_id": "v3:nobody", "name": "other"}
    told = await api.command(operation, body, *[room.id for _ in operation.parameters])
    assert told == (422, "90015", "/call_control_id")


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/calls/v3:x/actions/answer", {"custom_headers": [{"name": "X-A"}]}, ("10004", "/custom_headers/0/value")),
        ("/calls/v3:x/actions/answer", {"custom_headers": [{"name": "X-A", "value": "b"}, {"name": 5, "value": "b"}]},
         ("10015", "/custom_headers/1/name")),
        ("/conferences/x/actions/mute", {"call_control_ids": ["a", 5]}, ("10015", "/call_control_ids/1")),
        ("/conferences", {"call_control_id": "v3:x", "name": "a", "hold_media_name": "b", "hold_audio_url": "c"},
         ("10015", "/hold_media_name")),
        ("/conferences/x/actions/unhold", {"call_control_ids": "a"}, ("10015", "/call_control_ids")),
        ("/calls/v3:x/actions/answer", {"webhook_urls": {"call.hangup": 5}}, ("10015", "/webhook_urls")),
        ("/calls/v3:x/actions/record_start",
         {"format": "mp3", "channels": "single", "custom_file_name": "x" * 41}, ("10015", "/custom_file_name")),
        ("/queues", {"queue_name": ""}, ("10015", "/queue_name")),
        ("/queues", {"queue_name": "x" * 256}, ("10015", "/queue_name")),
    ],
)  # fmt: skip
async def test_the_place_of_a_mistake_is_a_path_into_the_body(
    api: Api, path: str, body: Fields, told: tuple[str, str]
) -> None:
    assert await api.ask("POST", path, json.dumps(body).encode()) == (422, *told)


async def test_what_is_no_unicode_is_refused(api: Api) -> None:
    assert await api.ask("POST", "/queues", b'{"queue_name": "\xff"}') == (400, "10028", None)


async def test_what_is_not_known_is_passed_over(api: Api) -> None:
    body = msgspec.json.encode({"queue_name": "q", "colour": "blue", "max_size": None})
    assert await api.ask("POST", "/queues", body) == (200, "", None)


async def test_a_path_that_there_is_not_is_not_found(api: Api) -> None:
    assert await api.ask("GET", "/nowhere") == (404, "10005", None)
    assert await api.ask("POST", f"/calls/{NOBODY}/actions/dance", b"{}") == (404, "10005", None)
    assert await api.ask("DELETE", "/conferences") == (405, "10005", None)
