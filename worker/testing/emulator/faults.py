"""What goes wrong on demand: the next requests of an operation are refused, or lose their answer."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to the next `times` requests of `operation` (`join`, `dial`, …; `*`: any)."""

    operation: str
    #: `refuse`: answered with status and code, without effect; `reset-before` and `reset-after`: the connection breaks,
    #: without or with the effect; `no-effect`: answered 200, and nothing is done.
    kind: Literal["refuse", "reset-before", "reset-after", "no-effect"]
    times: Annotated[int, msgspec.Meta(ge=1)] = 1
    status: int = 500
    code: str = "10007"


class Faults:
    """The faults that are to come."""

    def __init__(self) -> None:
        self._next: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Have *fault* happen."""
        self._next.append(fault)

    def take(self, operation: str) -> Fault | None:
        """Return the fault of a request that comes now, if there is one."""
        for index, fault in enumerate(self._next):
            if fault.operation in (operation, "*"):
                if fault.times > 1:
                    self._next[index] = msgspec.structs.replace(fault, times=fault.times - 1)
                else:
                    del self._next[index]
                return fault
        return None
