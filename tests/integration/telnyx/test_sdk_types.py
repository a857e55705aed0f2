"""The objects inside bodies and the values of enums are those that the official SDK's types name."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from msgspec import inspect as types
from telnyx import AsyncTelnyx

from tests.integration.telnyx.sdk_methods import METHODS, RENAMED
from worker.telnyx.operation import Operation
from worker.telnyx.surface import OPERATIONS

#: Where ours takes any object, and hands it on: settings of other parties' engines, which change without notice.
ANY_OBJECT = {"assistant", "conversation_relay_config", "transcription_engine_config"}
#: Where ours takes any text: long lists of languages and countries, which grow.
ANY_TEXT = {"language", "language_boost", "ringtone", "transcription_language"}
#: What only ours has: Telnyx's document of July 2026 describes it, SDK 4.189 does no longer.
OURS_ALONE = {"rime"}


def members(hint: object) -> Iterator[Any]:
    """Yield what *hint* may be, without what only describes it."""
    origin = get_origin(hint)
    if origin is Annotated or str(origin).endswith("Required"):
        yield from members(get_args(hint)[0])
    elif origin in (Union, UnionType):
        for inner in get_args(hint):
            yield from members(inner)
    else:
        yield hint


def is_object(hint: object) -> bool:
    return hasattr(hint, "__required_keys__")


def ours_of(kind: types.Type) -> Iterator[types.Type]:
    """Yield what *kind* may be, but None."""
    match kind:
        case types.Metadata():
            yield from ours_of(kind.type)
        case types.UnionType():
            for inner in kind.types:
                yield from ours_of(inner)
        case types.NoneType():
            return
        case _:
            yield kind


def alias(name: str, hint: object) -> str:
    """Return what a field of the SDK's is called on the wire."""
    while get_args(hint):
        for mark in getattr(hint, "__metadata__", ()):
            if getattr(mark, "alias", None):
                return str(mark.alias)
        hint = get_args(hint)[0]
    return name


def differences(where: str, name: str, hint: object, kind: types.Type) -> Iterator[str]:
    """Yield in what the SDK's type of a field is not ours."""
    theirs, ours = list(members(hint)), list(ours_of(kind))
    values = {v for m in theirs if get_origin(m) is Literal for v in get_args(m)}
    known = {v for m in ours if isinstance(m, types.LiteralType) for v in m.values}
    if values != known and not (name in ANY_TEXT and not known):
        yield f"{where}: values {sorted(map(str, values ^ known))}"
    if name in ANY_OBJECT:
        return
    objects = [m for m in theirs if is_object(m)]
    structs = [m for m in ours if isinstance(m, types.StructType)]
    gone = [s for s in structs if s.tag in OURS_ALONE and not any(tagged(o, s) for o in objects)]
    structs = [s for s in structs if s not in gone]
    for struct in structs:
        yield from of_objects(where, [o for o in objects if tagged(o, struct)], struct)
    if len(objects) != len(structs):
        yield f"{where}: {len(objects)} kinds of object, not {len(structs)}"
    for inner in ours:
        if isinstance(inner, types.ListType | types.DictType):
            item = inner.item_type if isinstance(inner, types.ListType) else inner.value_type
            for many in theirs:
                if get_args(many) and get_origin(many) is not Literal:
                    yield from differences(f"{where}[]", name, get_args(many)[-1], item)


def tagged(hint: Any, struct: types.StructType) -> bool:
    if struct.tag is None:
        return True
    return any(struct.tag in get_args(m) for m in members(get_type_hints(hint, include_extras=True)["type"]))


def of_objects(where: str, hints: list[Any], struct: types.StructType) -> Iterator[str]:
    if len(hints) != 1:
        yield f"{where}: {len(hints)} of the SDK's objects are {struct.cls.__name__}"
        return
    theirs = {alias(n, h): h for n, h in get_type_hints(hints[0], include_extras=True).items()}
    theirs.pop(struct.tag_field or "", None)
    ours = {field.encode_name: field for field in struct.fields}
    if theirs.keys() != ours.keys():
        yield f"{where}: fields {sorted(theirs.keys() ^ ours.keys())}"
    for name in theirs.keys() & ours.keys():
        yield from differences(f"{where}.{name}", name, theirs[name], ours[name].type)


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.body], ids=lambda o: o.name)
def test_every_object_and_enum_in_a_body_is_the_sdks(operation: Operation[object]) -> None:
    method: Any = AsyncTelnyx(api_key="KEYtest")
    for part in METHODS[operation.name].split("."):
        method = getattr(method, part)
    hints = get_type_hints(inspect.unwrap(method), include_extras=True)
    assert operation.body is not None
    info = types.type_info(operation.body)
    assert isinstance(info, types.StructType)
    found = [
        difference
        for field in info.fields
        for difference in differences(
            field.encode_name,
            field.encode_name,
            hints[RENAMED.get((operation.name, field.encode_name), field.encode_name)],
            field.type,
        )
    ]
    assert found == []


def test_what_only_ours_has_is_still_unknown_to_the_sdk() -> None:
    hints = get_type_hints(AsyncTelnyx(api_key="KEYtest").calls.actions.speak, include_extras=True)
    kinds = [get_type_hints(m, include_extras=True)["type"] for m in members(hints["voice_settings"]) if is_object(m)]
    tags = {tag for kind in kinds for m in members(kind) for tag in get_args(m)}
    assert "telnyx" in tags
    assert not OURS_ALONE & tags


def test_the_comparison_sees_what_differs() -> None:
    """Guards the guard: an enum's value, an object's field and a list's item that are only on one side are told."""

    def said(hint: object, kind: object) -> list[str]:
        return list(differences("x", "x", hint, types.type_info(kind)))

    assert said(Literal["a", "b"], Literal["a"]) == ["x: values ['b']"]
    assert said(list[Literal["a"]], list[Literal["a", "b"]]) == ["x[]: values ['b']"]
    assert said(str, str) == []
