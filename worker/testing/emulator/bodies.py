"""What is read from a request, or refused as Telnyx refuses it; and how a list is answered."""

from __future__ import annotations

import math

import msgspec
from aiohttp import web

from worker.testing.emulator.problems import refuse
from worker.testing.emulator.world import check_state

#: Telnyx's default and largest page.
PAGE_SIZE = 20
LARGEST_PAGE_SIZE = 250


def read_object(raw: bytes) -> dict[str, object]:
    """Return the JSON object of a body; nothing at all is an empty one."""
    try:
        return msgspec.json.decode(raw or b"{}", type=dict[str, object])
    except msgspec.DecodeError:
        refuse("10015", "The body is not a JSON object")


def text(body: dict[str, object], key: str) -> str:
    """Return a text that must be there."""
    value = text_or_none(body, key)
    if not value:
        refuse("10004", f"{key} is required", pointer=f"/{key}")
    return value


def text_or_none(body: dict[str, object], key: str) -> str | None:
    """Return a text, if it is there."""
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        refuse("10015", f"{key} is a string", pointer=f"/{key}")
    return value


def state(body: dict[str, object]) -> str | None:
    """Return the client_state, if it is there."""
    value = text_or_none(body, "client_state")
    check_state(value)
    return value


def number_or_none(body: dict[str, object], key: str, *, least: int, most: int) -> int | None:
    """Return a whole number, if it is there."""
    value = body.get(key)
    if value is None:
        return None
    # To Python true is a number; to Telnyx it is not.
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        refuse("10015", f"{key} is from {least} to {most}", pointer=f"/{key}")
    return value


def page(request: web.Request, rows: list[dict[str, object]]) -> dict[str, object]:
    """Return the page of *rows* that is asked for, and where it stands among all."""
    try:
        number, size = int(request.query.get("page[number]", 1)), int(request.query.get("page[size]", PAGE_SIZE))
    except ValueError:
        number = size = 0
    if number < 1 or not 1 <= size <= LARGEST_PAGE_SIZE:
        refuse("10015", f"page[number] is from 1, page[size] from 1 to {LARGEST_PAGE_SIZE}", pointer="/page")
    pages = max(1, math.ceil(len(rows) / size))
    meta = {"page_number": number, "page_size": size, "total_pages": pages, "total_results": len(rows)}
    return {"data": rows[(number - 1) * size : number * size], "meta": meta}
