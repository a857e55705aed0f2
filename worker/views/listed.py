"""The answer to who asks for all of a kind."""

from __future__ import annotations

import msgspec

from ingress.envelope import AggregateKind
from worker.views.model import AnyView


class Listed(msgspec.Struct, frozen=True):
    """The answer to a list; `as_of_ms` and `unpublished` as in `Listing`."""

    tenant: str
    kind: AggregateKind
    as_of_ms: int | None
    unpublished: int
    views: list[AnyView]
