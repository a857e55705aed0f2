"""Holds a TOML document against its types, and says every mistake where it is made, not only the first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import inspect as types

from ingress.toml.lines import Place
from ingress.toml.mistakes import Mistake, nearest, written

#: What stands below these keys is not repeated to anybody.
SECRET_KEYS = frozenset({"api_key", "public_keys", "pin", "secret", "signing_seed"})
#: Here stands where a secret is, and not itself.
REFERENCES = frozenset({"api_key", "public_keys", "secret"})
#: Larger whole numbers are not repeated: Python refuses to write those of thousands of digits.
MOST_SHOWN = 10**15


def mistakes_in(document: Mapping[str, object], kind: types.Type) -> list[Mistake]:
    """Return what keeps *document* from being a *kind*, in the order of the types."""
    return list(_look(document, kind, ()))


def switched_off(field: types.Field) -> bool:
    """Return whether an empty text switches off what *field* has by default."""
    return isinstance(field.type, types.UnionType) and field.type.includes_none and isinstance(field.default, str)


def description_of(kind: types.Type) -> str:
    """Return what may be written for *kind*, as a person says it."""
    match kind:
        case types.Metadata(extra_json_schema={"description": str(told)}):
            return told
        case types.Metadata():
            return description_of(kind.type)
        case types.UnionType():
            return ", or ".join(description_of(one) for one in kind.types if not isinstance(one, types.NoneType))
        case types.LiteralType():
            return f"one of {', '.join(str(value) for value in kind.values)}"
        case types.StructType():
            return f"a table with {', '.join(sorted(field.encode_name for field in kind.fields))}"
        case types.DictType():
            return "a table"
        case types.VarTupleType() | types.ListType():
            return f"a list, each {description_of(kind.item_type)}"
        case types.TupleType():
            return f"a list of {len(kind.item_types)}, each {description_of(kind.item_types[0])}"
        case types.BoolType():
            return "true or false"
        case types.StrType():
            return "a text"
        case types.IntType():
            return f"a whole number{_bounds(kind)}"
        case types.FloatType():
            return f"a number{_bounds(kind)}"
        case _:
            return "a number"


def _look(value: object, kind: types.Type, place: Place) -> Iterator[Mistake]:
    match bare(kind), value:
        case types.StructType() as inner, dict():
            yield from _struct(value, inner, place)
        case types.DictType() as inner, dict():
            if not value and _fits(value, kind) is False:
                yield _wrong(value, kind, place)
            for key, entry in value.items():
                if not _fits(key, inner.key_type):
                    told = description_of(inner.key_type)
                    yield Mistake((*place, key), f"{written((*place, key))}: a name here is {told}")
                yield from _look(entry, inner.value_type, (*place, key))
        case types.TupleType() as inner, list() if len(value) == len(inner.item_types):
            for number, (item, item_type) in enumerate(zip(value, inner.item_types, strict=True)):
                yield from _look(item, item_type, (*place, number))
        case (types.VarTupleType() | types.ListType()) as inner, list():
            if not value and not _fits(value, kind):
                yield _wrong(value, kind, place)
            for number, item in enumerate(value):
                yield from _look(item, inner.item_type, (*place, number))
        case types.UnionType() as inner, dict() if (table := table_of(inner)) is not None:
            yield from _look(value, table, place)
        case _:
            if not _fits(value, kind):
                yield _wrong(value, kind, place)


def _struct(value: dict[str, object], kind: types.StructType, place: Place) -> Iterator[Mistake]:
    fields = {field.encode_name: field for field in kind.fields}
    for name, field in fields.items():
        if name in value:
            if not (value[name] == "" and switched_off(field)):
                yield from _look(value[name], field.type, (*place, name))
        elif field.required:
            yield Mistake(place, f"{written((*place, name))} is missing: it is {description_of(field.type)}")
    for name in value:
        if name not in fields:
            told = f"{nearest(name, fields)}allowed here: {', '.join(sorted(fields))}"
            yield Mistake((*place, name), f"{written((*place, name))} is not a key: {told}")


def _wrong(value: object, kind: types.Type, place: Place) -> Mistake:
    where, allowed = written(place), description_of(kind)
    names = [part for part in place if isinstance(part, str)]
    if isinstance(value, str) and REFERENCES & set(names[-1:]):
        told = 'put it into an environment variable or a file, and write { env = "NAME" } or { file = "PATH" } here'
        return Mistake(place, f"{where.partition('[')[0]} is written into the file: {told}")
    if SECRET_KEYS & set(names):
        return Mistake(place, f"{where} is not what it must be: {allowed}")
    if names[-1:] == ["api_base"] and "@" in str(value):
        return Mistake(place, f"{where} has a user, and perhaps a password, which is not repeated here: {allowed}")
    inner = bare(kind)
    if isinstance(inner, types.LiteralType) and isinstance(value, str):
        return Mistake(place, f"{where} is {_shown(value)}: {nearest(value, map(str, inner.values))}it is {allowed}")
    return Mistake(place, f"{where or 'the file'} is {_shown(value)}, not {allowed}")


def _shown(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case dict():
            return "a table" if value else "an empty table"
        case list():
            return "a list" if value else "an empty list"
        case str():
            return repr(value if len(value) <= 60 else f"{value[:59]}…")
        case int() if abs(value) > MOST_SHOWN:
            return "a very large number" if value > 0 else "a very small number"
        case int() | float():
            return str(value)
        case _:
            return f"the date or time {value}"


def _fits(value: object, kind: types.Type) -> bool:
    """Return whether *value*, which is no table, is of *kind*."""
    match kind:
        case types.Metadata():
            return _fits(value, kind.type)
        case types.UnionType():
            return any(_fits(value, one) for one in kind.types)
        case types.LiteralType():
            return isinstance(value, str) and value in kind.values
        case types.StrType():
            return isinstance(value, str) and _long_enough(value, kind) and _matches(value, kind.pattern)
        case types.BoolType():
            return isinstance(value, bool)
        case types.IntType():
            return isinstance(value, int) and not isinstance(value, bool) and _within(value, kind)
        case types.FloatType():
            return isinstance(value, int | float) and not isinstance(value, bool) and _within(value, kind)
        case types.VarTupleType() | types.ListType():
            return isinstance(value, list) and _long_enough(value, kind)
        case types.DictType():
            return isinstance(value, dict) and _long_enough(value, kind)
        case _:
            return False


def _bounds(kind: types.IntType | types.FloatType) -> str:
    least = f" from {kind.ge:.15g}" if kind.ge is not None else f" above {kind.gt:.15g}" if kind.gt is not None else ""
    most = f" to {kind.le:.15g}" if kind.le is not None else f" below {kind.lt:.15g}" if kind.lt is not None else ""
    return least + most


def _within(value: float, kind: types.IntType | types.FloatType) -> bool:
    return (
        (kind.ge is None or value >= kind.ge)
        and (kind.gt is None or value > kind.gt)
        and (kind.le is None or value <= kind.le)
        and (kind.lt is None or value < kind.lt)
    )


def _long_enough(
    value: str | list[object] | dict[str, object],
    kind: types.StrType | types.VarTupleType | types.ListType | types.DictType,
) -> bool:
    return len(value) >= (kind.min_length or 0) and (kind.max_length is None or len(value) <= kind.max_length)


def _matches(value: str, pattern: str | None) -> bool:
    return pattern is None or re.search(pattern, value) is not None


def bare(kind: types.Type) -> types.Type:
    """Return *kind* without what is said about it, and without that it may be left out."""
    if isinstance(kind, types.Metadata):
        return bare(kind.type)
    if isinstance(kind, types.UnionType):
        there = [one for one in kind.types if not isinstance(one, types.NoneType)]
        return bare(there[0]) if len(there) == 1 else kind
    return kind


def table_of(kind: types.UnionType) -> types.StructType | None:
    """Return the table that *kind* may be; None: it is none."""
    return next((one for one in kind.types if isinstance(one, types.StructType)), None)
