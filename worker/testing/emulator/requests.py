"""How a request is read, or refused as Telnyx refuses it; and how a list is answered.

The codes are those of Telnyx's examples: 10004 for what is missing or blank, 10032 for what is not among the values,
10033 for a number outside its range, 10015 for whatever else cannot be, with the pointer to it. What Telnyx answers to
a body that is no JSON is not said; 400 with 10015 is its "Invalid characters in the request".
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from typing import NoReturn

import msgspec

from worker.telnyx.answers import PAGE_SIZE as LARGEST_PAGE_SIZE
from worker.telnyx.operation import Body, Query
from worker.testing.emulator.problems import Problem, refuse

#: How long a page is when nobody says.
PAGE_SIZE = 20
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$(?P<at>.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"missing required field `(\w+)`")
_RANGE = re.compile(r"^Expected `(?:int|float)` [<>]")


def read_body(raw: bytes, kind: type[Body]) -> Body:
    """Return a body; nothing at all is an empty one. Its limits are those that the client's types state."""
    try:
        body = msgspec.json.decode(raw or b"{}", type=kind)
    except msgspec.ValidationError as exc:
        what, at = _told(exc)
        _refuse(what, re.sub(r"[.\[\]]+", "/", at.replace("[...]", "")).rstrip("/"))
    except UnicodeDecodeError as exc:
        raise Problem(400, "10028", "Character encoding error", f"Error at position {exc.start}") from None
    except (msgspec.DecodeError, RecursionError) as exc:
        raise Problem(400, "10015", "Bad Request", f"The body is not JSON: {exc}") from None
    for field in msgspec.structs.fields(kind):
        if field.required and getattr(body, field.name) == "":
            refuse(
                "10004",
                f"The '{field.encode_name}' parameter is required and cannot be blank.",
                pointer=f"/{field.encode_name}",
            )
    for name in ("client_state", "target_leg_client_state"):
        _check_state(getattr(body, name, None), name)
    return body


def read_query(query: Mapping[str, str], kind: type[Query]) -> Query:
    """Return a query; what is not known is passed over."""
    try:
        return msgspec.convert(dict(query), kind, strict=False)
    except msgspec.ValidationError as exc:
        what, at = _told(exc)
        _refuse(what, parameter=at.removeprefix("."))


def page(query: Mapping[str, str], rows: list[dict[str, object]]) -> dict[str, object]:
    """Return the page of *rows* that is asked for, and where it stands among all."""
    number = _number(query, "page[number]", 1)
    size = _number(query, "page[size]", PAGE_SIZE, most=LARGEST_PAGE_SIZE)
    pages = max(1, math.ceil(len(rows) / size))
    meta = {"page_number": number, "page_size": size, "total_pages": pages, "total_results": len(rows)}
    return {"data": rows[(number - 1) * size : number * size], "meta": meta}


def _number(query: Mapping[str, str], name: str, default: int, most: int | None = None) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        refuse("10015", f"{name} is a number from 1", parameter=name)
    if int(text) < 1 or (most is not None and int(text) > most):
        refuse("10033", f"{name} is from 1" + (f" to {most}" if most else ""), parameter=name)
    return int(text)


def _check_state(value: str | None, field: str) -> None:
    try:
        base64.b64decode(value or "", validate=True)
    except (binascii.Error, ValueError):
        refuse("90017", f"{field} is not valid base64", pointer=f"/{field}")


def _told(error: msgspec.ValidationError) -> tuple[str, str]:
    found = _PLACE.match(str(error))
    return (found["what"], found["at"] or "") if found else (str(error), "")


def _refuse(what: str, pointer: str | None = None, *, parameter: str | None = None) -> NoReturn:
    missing = _MISSING.search(what)
    if missing:
        told = f"The '{missing[1]}' parameter is required and cannot be blank."
        refuse("10004", told, pointer=f"{pointer or ''}/{missing[1]}")
    code = "10015"
    if what.startswith("Invalid enum value"):
        code = "10032"
    elif _RANGE.match(what):
        code = "10033"
    refuse(code, what, pointer=pointer or None, parameter=parameter)
