"""From an operation to what is done for it."""

from __future__ import annotations

from collections.abc import Callable

from worker.telnyx.operation import Operation

#: What `data` of an answer holds; None: no body at all (204).
Answer = dict[str, object] | list[dict[str, object]] | None
#: Called with the ids of the path, then the body or query if the operation has one.
Handler = Callable[..., Answer]
Table = dict[Operation[object], Handler]

OK: dict[str, object] = {"result": "ok"}
