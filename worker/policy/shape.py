"""Holds a TOML document against the policy's types."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import inspect as types

from ingress.toml.mistakes import Mistake
from ingress.toml.shape import bare, mistakes_in, switched_off, table_of
from worker.policy.model import Policy

POLICY = types.type_info(Policy)


def mistakes_of(document: Mapping[str, object]) -> list[Mistake]:
    """Return what keeps *document* from being a `Policy`, in the order of the types."""
    return mistakes_in(document, POLICY)


def without_blanks(document: Mapping[str, object]) -> object:
    """Return *document* with None for each empty text that switches off something which is there by default."""
    return _blanked(document, POLICY)


def _blanked(value: object, kind: types.Type) -> object:
    match bare(kind), value:
        case types.StructType(fields=fields), dict():
            known = {field.encode_name: field for field in fields}
            return {
                key: None
                if inner == "" and key in known and switched_off(known[key])
                else (_blanked(inner, known[key].type) if key in known else inner)
                for key, inner in value.items()
            }
        case types.DictType(value_type=inner), dict():
            return {key: _blanked(entry, inner) for key, entry in value.items()}
        case types.VarTupleType(item_type=inner), list():
            return [_blanked(item, inner) for item in value]
        case types.UnionType() as union, dict() if (table := table_of(union)) is not None:
            return _blanked(value, table)
        case _:
            return value
