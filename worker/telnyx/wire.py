"""What a resource needs of the client: kept apart, so that resources and client do not import each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, TypeVar

from worker.telnyx.answers import Page
from worker.telnyx.operation import Body, Operation, Query

A = TypeVar("A")


class Wire(Protocol):
    """Asks Telnyx."""

    async def ask(self, operation: Operation[A], *ids: str, body: Body | None = None, query: Query | None = None) -> A:
        """Carry an operation out and return its answer."""
        ...

    def pages(self, operation: Operation[A], *ids: str, query: Query | None = None) -> AsyncIterator[Page[A]]:
        """Yield all pages of a list."""
        ...

    def each(self, operation: Operation[A], *ids: str, query: Query | None = None) -> AsyncIterator[A]:
        """Yield all items of a list."""
        ...
