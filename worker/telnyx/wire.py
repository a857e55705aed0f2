"""What a resource needs of the client: kept apart, so that resources and client do not import each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, TypeVar
from urllib.parse import quote

from worker.telnyx.models import Body, Page

T = TypeVar("T")


class Wire(Protocol):
    """Sends requests."""

    async def get(self, path: str, answer: type[T], query: dict[str, str] | None = None) -> T:
        """GET *path*."""
        ...

    async def post(self, path: str, body: Body, answer: type[T]) -> T:
        """POST *body* to *path*."""
        ...

    def pages(self, path: str, page: type[Page[T]], query: dict[str, str]) -> AsyncIterator[Page[T]]:
        """Yield all pages of a list."""
        ...


def segment(text: str) -> str:
    """Return *text* as one path segment: a call_control_id has colons, a queue's name may have anything."""
    return quote(text, safe="")
