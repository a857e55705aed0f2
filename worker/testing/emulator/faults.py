"""What goes wrong with requests: on demand for the next ones, or by chance."""

from __future__ import annotations

import random
from typing import Annotated, Literal

import msgspec

from worker.testing.emulator.settings import Conditions


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to the next `times` requests of `operation` (`calls dial`, `conferences join`, …; `*`: any)."""

    operation: str
    #: `refuse`: answered with status and code, without effect; `reset-before` and `reset-after`: the connection breaks,
    #: without or with the effect; `no-effect`: answered 200, and nothing is done, which passes over requests that are
    #: answered with more than "ok".
    kind: Literal["refuse", "reset-before", "reset-after", "no-effect"]
    times: Annotated[int, msgspec.Meta(ge=1)] = 1
    status: Annotated[int, msgspec.Meta(ge=400, le=599)] = 500
    code: str = "10007"


class Faults:
    """The faults that are to come."""

    def __init__(self, seed: int | None) -> None:
        self._next: list[Fault] = []
        self._random = random.Random(f"{seed} requests")

    @property
    def armed(self) -> tuple[Fault, ...]:
        """Those that are to come, with how often each still is."""
        return tuple(self._next)

    def add(self, fault: Fault) -> None:
        """Have *fault* happen."""
        self._next.append(fault)

    def clear(self) -> None:
        """Let none of those happen that are to come."""
        self._next.clear()

    def latency_secs(self, conditions: Conditions) -> float:
        """Return how long a request that comes now takes."""
        return conditions.latency_secs + self._random.random() * conditions.latency_jitter_secs

    def take(self, operation: str, conditions: Conditions, *, says_ok: bool) -> Fault | None:
        """Return the fault of a request that comes now, if there is one; *says_ok*: that is all of its answer."""
        for index, fault in enumerate(self._next):
            if fault.operation in (operation, "*") and (says_ok or fault.kind != "no-effect"):
                if fault.times > 1:
                    self._next[index] = msgspec.structs.replace(fault, times=fault.times - 1)
                else:
                    del self._next[index]
                return fault
        drawn = self._by_chance(operation, conditions)
        return drawn if says_ok or drawn is None or drawn.kind != "no-effect" else None

    def _by_chance(self, operation: str, conditions: Conditions) -> Fault | None:
        drawn = self._random.random()
        for share, fault in (
            (conditions.too_many, Fault(operation, "refuse", status=429, code="10011")),
            (conditions.failing, Fault(operation, "refuse", status=self._random.choice((500, 502, 503)))),
            (conditions.reset_before, Fault(operation, "reset-before")),
            (conditions.reset_after, Fault(operation, "reset-after")),
            (conditions.no_effect, Fault(operation, "no-effect")),
        ):
            if drawn < share:
                return fault
            drawn -= share
        return None
