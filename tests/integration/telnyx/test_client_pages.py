"""A list ends and has each item once, whatever the server says of its pages."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest
from aiohttp import web

from tests.integration.telnyx.answering import serving
from worker.telnyx.client import TelnyxClient
from worker.telnyx.errors import UnreadableError

KEY = "KEYtest"


def paging(page: Callable[[int], dict[str, object]], asked: list[int]) -> Callable[[web.BaseRequest], object]:
    async def answer(request: web.BaseRequest) -> web.Response:
        number = int(request.query["page[number]"])
        asked.append(number)
        return web.json_response(page(number))

    return answer


def queues(names: list[str], total: object = 3) -> dict[str, object]:
    return {"data": [{"id": name, "name": name} for name in names], "meta": {"total_pages": total}}


@pytest.mark.parametrize(
    ("pages", "names", "requests"),
    [
        # As it should be.
        ([queues(["a", "b"]), queues(["c"]), queues(["d"])], "abcd", 3),
        # Something came meanwhile, and moved the others on by one.
        ([queues(["a", "b"]), queues(["b", "c"]), queues(["d"])], "abcd", 3),
        # Fewer than were promised.
        ([queues(["a"], 10**9), queues([], 10**9)], "a", 2),
        ([queues([], 10**9)], "", 1),
        # Something went meanwhile.
        ([queues(["a"], 3), queues(["b"], 1)], "ab", 2),
        # No pages at all.
        ([{"data": []}], "", 1),
        ([{"data": [{"name": "a"}], "meta": None}], "a", 1),
        ([queues(["a"], None)], "a", 1),
        ([queues(["a"], 0)], "a", 1),
    ],
)
async def test_a_list_ends_and_has_each_item_once(pages: list[dict[str, object]], names: str, requests: int) -> None:
    asked: list[int] = []
    handler = paging(lambda number: pages[number - 1], asked)
    async with serving(handler) as address, TelnyxClient(KEY, base_url=address) as client:  # type: ignore[arg-type]
        with anyio.fail_after(10):
            assert [queue.name async for queue in client.queues.list()] == list(names)
    assert asked == list(range(1, requests + 1))


async def test_a_list_that_shows_the_same_page_for_ever_is_an_error() -> None:
    handler = paging(lambda _: queues(["a", "b"], 10**9), [])
    async with serving(handler) as address, TelnyxClient(KEY, base_url=address) as client:  # type: ignore[arg-type]
        with anyio.fail_after(10), pytest.raises(UnreadableError, match="page 2 of the list is the one before it"):
            _ = [queue async for queue in client.queues.list()]
