"""How a request is read, or refused as Telnyx refuses it; and how a list is answered."""

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
from worker.testing.emulator.problems import refuse

#: How long a page is when nobody says.
PAGE_SIZE = 20
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<at>.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"missing required field `(\w+)`")


def read_body(raw: bytes, kind: type[Body]) -> Body:
    """Return a body; nothing at all is an empty one. Its limits are those that the client's types state."""
    try:
        body = msgspec.json.decode(raw or b"{}", type=kind)
    except msgspec.ValidationError as exc:
        _refuse(str(exc))
    except (msgspec.DecodeError, UnicodeDecodeError):
        refuse("10015", "The body is not a JSON object")
    for field in ("client_state", "target_leg_client_state"):
        _check_state(getattr(body, field, None), field)
    return body


def read_query(query: Mapping[str, str], kind: type[Query]) -> Query:
    """Return a query; what is not known is passed over."""
    try:
        return msgspec.convert(dict(query), kind, strict=False)
    except msgspec.ValidationError as exc:
        _refuse(str(exc))


def page(query: Mapping[str, str], rows: list[dict[str, object]]) -> dict[str, object]:
    """Return the page of *rows* that is asked for, and where it stands among all."""
    try:
        number, size = int(query.get("page[number]", 1)), int(query.get("page[size]", PAGE_SIZE))
    except ValueError:
        number = size = 0
    if number < 1 or not 1 <= size <= LARGEST_PAGE_SIZE:
        refuse("10015", f"page[number] is from 1, page[size] from 1 to {LARGEST_PAGE_SIZE}", pointer="/page")
    pages = max(1, math.ceil(len(rows) / size))
    meta = {"page_number": number, "page_size": size, "total_pages": pages, "total_results": len(rows)}
    return {"data": rows[(number - 1) * size : number * size], "meta": meta}


def _check_state(value: str | None, field: str) -> None:
    try:
        base64.b64decode(value or "", validate=True)
    except (binascii.Error, ValueError):
        refuse("90017", f"{field} is not valid base64", pointer=f"/{field}")


def _refuse(told: str) -> NoReturn:
    found = _PLACE.match(told)
    what, at = (found["what"], found["at"] or "") if found else (told, "")
    pointer = re.sub(r"\.|\[|\]", "/", at).replace("//", "/").rstrip("/")
    missing = _MISSING.search(what)
    if missing:
        refuse("10004", f"{missing[1]} is required", pointer=f"{pointer}/{missing[1]}")
    refuse("10015", what, pointer=pointer or "/")
