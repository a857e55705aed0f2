"""The frames of Telnyx's answers: one object, a page of them, or just "accepted"."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

A = TypeVar("A")

#: The largest page that Telnyx gives.
PAGE_SIZE = 250


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that Telnyx shows. Fields that it adds are passed over; a value new to an enum stays a text."""


class Result(Answer, frozen=True):
    """The answer to an action: accepted, not done. Every action needs a deadline on the webhook that tells its end."""

    result: str = ""


class Meta(Answer, frozen=True):
    """Where a page stands among all."""

    page_number: int = 1
    page_size: int = 0
    total_pages: int = 1
    total_results: int = 0


class One(msgspec.Struct, Generic[A], frozen=True):
    """An answer with one object."""

    data: A


class Page(msgspec.Struct, Generic[A], frozen=True):
    """An answer with a page of objects."""

    data: list[A]
    meta: Meta = Meta()


def decoded(content: bytes, decoder: msgspec.json.Decoder[A]) -> A:
    """Return the answer that *content* is.

    A null where Telnyx documents a value is taken for absent: real answers leave out, or leave empty, what has none.

    Raises:
        ValueError: It is not what *decoder* expects (msgspec.DecodeError, UnicodeDecodeError).
        RecursionError: It is nested without end.
    """
    try:
        return decoder.decode(content)
    except msgspec.ValidationError:
        return msgspec.convert(_without_nulls(msgspec.json.decode(content)), decoder.type)


def identity(item: object) -> str:
    """Return what tells an item of a list from the others; empty when nothing does."""
    return getattr(item, "id", "") or getattr(item, "call_control_id", "")


def _without_nulls(value: object) -> object:
    match value:
        case dict():
            return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
        case list():
            return [_without_nulls(inner) for inner in value]
        case _:
            return value
