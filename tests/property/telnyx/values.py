"""Strategies for every type that the API's Structs use, made from the types."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from hypothesis import strategies as st
from msgspec import inspect as types

S = TypeVar("S")

#: What JSON can say: no lone surrogates.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


def values(kind: type[S]) -> st.SearchStrategy[S]:
    """Return a strategy for a Struct: each optional field is there or not."""
    return _values(types.type_info(kind)).map(lambda made: msgspec.convert(made, kind))


def _values(kind: types.Type) -> st.SearchStrategy[object]:
    match kind:
        case types.Metadata():
            return _values(kind.type)
        case types.StructType():
            return _objects(kind)
        case types.UnionType():
            return st.one_of(*(_values(inner) for inner in kind.types))
        case types.NoneType():
            return st.none()
        case types.LiteralType():
            return st.sampled_from(kind.values)
        case types.StrType():
            return st.text(
                st.characters(exclude_categories=["Cs"]), min_size=kind.min_length or 0, max_size=kind.max_length or 50
            )
        case types.BoolType():
            return st.booleans()
        case types.IntType():
            return st.integers(-(2**31) if kind.ge is None else kind.ge, 2**31 if kind.le is None else kind.le)
        case types.FloatType():
            return st.floats(kind.ge, kind.le, allow_nan=False, allow_infinity=False)
        case types.ListType() | types.VarTupleType():
            return st.lists(_values(kind.item_type), max_size=min(3, kind.max_length or 3))
        case types.DictType():
            return st.dictionaries(TEXT, _values(kind.value_type), max_size=3)
        case types.CustomType() if kind.cls is object:
            return JSON
        case _:
            raise TypeError(f"there is no strategy for {kind}")


def _objects(kind: types.StructType) -> st.SearchStrategy[object]:
    must = {f.encode_name: _values(f.type) for f in kind.fields if f.required}
    may = {f.encode_name: _values(f.type) for f in kind.fields if not f.required}
    made: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(must, optional=may)
    if kind.tag_field:
        return made.map(lambda fields: {str(kind.tag_field): kind.tag, **fields})
    return made
