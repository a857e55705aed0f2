"""What the table of operations says of each: its class, its key, whom it concerns, where it is."""

from __future__ import annotations

from collections import Counter
from types import NoneType

import msgspec
import pytest
from msgspec import inspect as types

from tests.integration.telnyx.specimens import specimen
from worker.telnyx.calls import operations as calls
from worker.telnyx.calls.resource import Calls
from worker.telnyx.conferences import operations as conferences
from worker.telnyx.conferences.resource import Conferences
from worker.telnyx.errors import TelnyxError, UnsendableError
from worker.telnyx.operation import Body, Operation, OperationClass, Query
from worker.telnyx.queues import operations as queues
from worker.telnyx.queues.resource import Queues
from worker.telnyx.surface import OPERATIONS

KEYED = {
    "calls dial", "calls answer", "calls bridge", "calls transfer", "calls refer", "calls speak",
    "calls playback_start", "calls gather", "calls gather_using_audio", "calls gather_using_speak", "calls send_dtmf",
    "calls record_start", "calls enqueue",
    "conferences create", "conferences join", "conferences record_start", "conferences speak",
}  # fmt: skip
SET_LIKE = {
    "calls playback_stop", "calls gather_stop", "calls record_pause", "calls record_resume",
    "calls client_state_update", "calls switch_supervisor_role",
    "conferences hold", "conferences unhold", "conferences mute", "conferences unmute", "conferences stop",
    "conferences record_pause", "conferences record_resume", "conferences update", "conferences update_participant",
    "queues update", "queues update_call",
}  # fmt: skip
DELETE_LIKE = {
    "calls reject", "calls hangup", "calls record_stop", "calls leave_queue",
    "conferences end", "conferences leave", "conferences record_stop",
    "queues delete", "queues remove_call",
}  # fmt: skip
ONCE = {"conferences play", "conferences send_dtmf", "conferences gather_using_audio", "queues create"}
READ = {
    "calls retrieve",
    "conferences list", "conferences participants", "conferences retrieve", "conferences participant",
    "queues list", "queues retrieve", "queues calls", "queues call",
}  # fmt: skip
#: What takes no command_id, by Telnyx's document.
WITHOUT_KEY = {
    "calls client_state_update", "calls switch_supervisor_role",
    "conferences hold", "conferences unhold", "conferences mute", "conferences unmute", "conferences stop",
    "conferences play", "conferences send_dtmf", "conferences gather_using_audio", "conferences update_participant",
    "queues create", "queues update", "queues delete", "queues update_call", "queues remove_call",
}  # fmt: skip
#: An absent or empty list of legs means all of them.
EVERYBODY = {f"conferences {verb}" for verb in ("hold", "mute", "unmute", "play", "speak", "stop", "send_dtmf")}


def names(kind: OperationClass) -> set[str]:
    return {o.name for o in OPERATIONS if o.kind is kind}


def test_there_are_56_operations_each_once() -> None:
    assert Counter(o.resource for o in OPERATIONS) == {"calls": 24, "conferences": 23, "queues": 9}
    assert max(Counter(o.name for o in OPERATIONS).values()) == 1
    assert max(Counter((o.method, o.path) for o in OPERATIONS).values()) == 1


def test_each_belongs_to_the_class_by_which_it_may_be_repeated() -> None:
    assert names(OperationClass.KEYED) == KEYED
    assert names(OperationClass.SET_LIKE) == SET_LIKE
    assert names(OperationClass.DELETE_LIKE) == DELETE_LIKE
    assert names(OperationClass.ONCE) == ONCE
    assert names(OperationClass.READ) == READ
    assert len(KEYED | SET_LIKE | DELETE_LIKE | ONCE | READ) == 56


def test_what_is_kept_apart_by_its_key_takes_one() -> None:
    assert {o.name for o in OPERATIONS if o.keyed} == (KEYED | SET_LIKE | DELETE_LIKE | ONCE) - WITHOUT_KEY


def test_reads_are_gets_and_nothing_else_is() -> None:
    assert {o.name for o in OPERATIONS if o.method == "GET"} == READ
    assert {o.name for o in OPERATIONS if o.body is None} == READ | {"queues delete", "queues remove_call"}
    assert {o.name for o in OPERATIONS if o.listed} == {
        "conferences list", "conferences participants", "queues list", "queues calls"
    }  # fmt: skip


def test_an_operation_on_everybody_unless_some_are_named_says_so() -> None:
    assert {o.name for o in OPERATIONS if o.everybody} == EVERYBODY


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_each_has_a_method_of_its_resource(operation: Operation[object]) -> None:
    resource = {"calls": Calls, "conferences": Conferences, "queues": Queues}[operation.resource]
    assert callable(getattr(resource, operation.verb))
    assert operation.answer is NoneType or issubclass(operation.answer, msgspec.Struct)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_each_field_tells_a_reader_what_it_is(operation: Operation[object]) -> None:
    for kind in (operation.body, operation.query):
        if kind is None:
            continue
        assert issubclass(kind, Body | Query)
        info = types.type_info(kind)
        assert isinstance(info, types.StructType)
        for field in info.fields:
            some = field.type.types if isinstance(field.type, types.UnionType) else (field.type,)
            told = [t.extra_json_schema or {} for t in some if isinstance(t, types.Metadata)]
            assert any(len(str(each.get("description", ""))) > 5 for each in told), field.name


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_whatever_is_in_an_id_is_one_segment_of_the_path(operation: Operation[object]) -> None:
    ids = tuple(f"v3:{n}/?#% é\n" for n, _ in enumerate(operation.parameters))
    path = operation.path_of(*ids)
    assert path.count("/") == operation.path.count("/")
    assert path.isascii()
    assert not set(path) & set("?#{} \n:")


def test_ids_stand_in_the_order_of_the_path() -> None:
    assert queues.CALL.parameters == ("queue_name", "call_control_id")
    assert queues.CALL.path_of("a b", "v3:x") == "/queues/a%20b/calls/v3%3Ax"
    assert calls.DIAL.path_of() == "/calls"


@pytest.mark.parametrize("given", ["", ".", ".."])
def test_an_id_that_would_make_it_another_operation_is_refused(given: str) -> None:
    with pytest.raises(UnsendableError, match=r"queues delete: .* is no queue_name: nothing was sent") as caught:
        queues.DELETE.path_of(given)
    assert isinstance(caught.value, TelnyxError)


@pytest.mark.parametrize("ids", [(), ("a", "b", "c")])
def test_too_few_or_too_many_ids_are_a_mistake(ids: tuple[str, ...]) -> None:
    with pytest.raises(TypeError, match=r"takes 2 ids \(id, participant_id\)"):
        conferences.PARTICIPANT.path_of(*ids)


@pytest.mark.parametrize("kind", [each.body for each in OPERATIONS if each.body], ids=lambda kind: kind.__qualname__)
def test_a_bodys_repr_has_everything_but_its_secrets(kind: type[Body]) -> None:
    body = specimen(kind)
    shown = repr(body) + repr(body.__rich_repr__())
    for field in msgspec.structs.fields(kind):
        secret = any(word in field.name for word in ("password", "token"))
        assert (repr(getattr(body, field.name)) in shown) != secret, field.name
