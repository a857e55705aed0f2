"""A value for every type that the API's Structs use, made from the type itself, so that a new field has one too."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import inspect as types

S = TypeVar("S", bound=msgspec.Struct)


def specimen(kind: type[S], variant: int = 0, *, full: bool = True) -> S:
    """Return a *kind* with all its fields, or only those that it must have. What may be one of several is by *variant*
    one after the other.
    """
    return msgspec.convert(wire(kind, variant, full=full), kind)


def wire(kind: type, variant: int = 0, *, full: bool = True) -> object:
    """Return the same as JSON has it."""
    return _wire(types.type_info(kind), "", variant, full=full)


def variants(kind: type | None) -> range:
    """Return as many numbers as it takes until each alternative was had once."""
    return range(_alternatives(types.type_info(kind)) if kind else 1)


def _wire(kind: types.Type, name: str, variant: int, *, full: bool) -> object:
    match kind:
        case types.Metadata():
            return _wire(kind.type, name, variant, full=full)
        case types.StructType():
            made = {kind.tag_field: kind.tag} if kind.tag_field else {}
            fields = {f.encode_name: f.type for f in kind.fields if full or f.required}
            return made | {key: _wire(inner, key, variant, full=full) for key, inner in fields.items()}
        case types.UnionType():
            some = _without_none(kind)
            return _wire(some[variant % len(some)], name, variant, full=full)
        case types.LiteralType():
            return kind.values[variant % len(kind.values)]
        case types.StrType():
            return f"{name} é&=/{variant}"[: kind.max_length]
        case types.BoolType():
            return variant % 2 == 0
        case types.IntType():
            return min((kind.ge or 0) + 1 + variant, kind.le or 1 + variant)
        case types.FloatType():
            return 0.5
        case types.ListType() | types.VarTupleType():
            return [_wire(kind.item_type, name, variant + n, full=full) for n in range(2)]
        case types.DictType():
            return {"call.answered": _wire(kind.value_type, name, variant, full=full)}
        case types.CustomType() if kind.cls is object:
            return {"deep": [1, 0.5, "é", True, None, {}]}
        case _:
            raise TypeError(f"{name}: there is no specimen of {kind}")


def _alternatives(kind: types.Type) -> int:
    match kind:
        case types.Metadata():
            return _alternatives(kind.type)
        case types.StructType():
            return max((_alternatives(field.type) for field in kind.fields), default=1)
        case types.UnionType():
            some = _without_none(kind)
            return max(len(some), *(_alternatives(inner) for inner in some))
        case types.ListType():
            return _alternatives(kind.item_type)
        case types.DictType():
            return _alternatives(kind.value_type)
        case _:
            return 1


def _without_none(kind: types.UnionType) -> list[types.Type]:
    return [inner for inner in kind.types if not isinstance(inner, types.NoneType)]
