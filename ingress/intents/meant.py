"""Says what a field of an intent must be in words, where a decoder says it as a pattern, or not at all."""

from __future__ import annotations

import re

import msgspec
import msgspec.inspect as types

from ingress.intents.model import Intent

#: Of what somebody has sent, so many characters are repeated to him.
MOST_REPEATED = 60
#: A decoder's sentence, and the way to the field that it is about.
_PLACED = re.compile(r"(?P<said>.*) - at `\$\.(?P<place>\w+(\.\w+)*)`", re.DOTALL)
#: Sentences that do not say what would be right, or not in words.
_WORDLESS = ("Invalid enum value", "Expected `str` matching", "Expected `str` of length")


def mistake_of(kind: type[Intent], told: str) -> tuple[str, str]:
    """Return where the mistake is that a decoder of *kind* has *told*, as `to.number`, and a sentence about it.

    The place is empty where it is the whole intent's; the sentence then is the decoder's own.
    """
    found = _PLACED.fullmatch(told)
    if found is None:
        return "", f"{told[:1].lower()}{told[1:]}"
    said, place = found["said"], found["place"]
    field = _field(kind, place)
    words = meaning_of(field) if field is not None and said.startswith(_WORDLESS) else ""
    if not words:
        return place, f"{said[:1].lower()}{said[1:]}"
    given = said.removeprefix("Invalid enum value ")
    return place, f"{given[:MOST_REPEATED]} is not {words}" if given != said else f"it must be {words}"


def meaning_of(field: types.Field) -> str:
    """Return what *field* holds, in words; empty where its type says all."""
    core, words = unwrapped(field.type)
    if isinstance(core, types.LiteralType):
        return f"one of {', '.join(str(value) for value in core.values)}"
    return words


def unwrapped(kind: types.Type) -> tuple[types.Type, str]:
    """Return *kind* without None and its description, and that description."""
    if isinstance(kind, types.Metadata):
        described = (kind.extra_json_schema or {}).get("description", "")
        return unwrapped(kind.type)[0], str(described)
    if isinstance(kind, types.UnionType):
        return unwrapped(next(part for part in kind.types if not isinstance(part, types.NoneType)))
    return kind, ""


def _field(kind: type[msgspec.Struct], place: str) -> types.Field | None:
    """Return the field of *kind* at *place*."""
    name, _, rest = place.partition(".")
    info = types.type_info(kind)
    assert isinstance(info, types.StructType)
    field = next((each for each in info.fields if each.encode_name == name), None)
    if field is None or not rest:
        return field
    core, _ = unwrapped(field.type)
    return _field(core.cls, rest) if isinstance(core, types.StructType) else None
