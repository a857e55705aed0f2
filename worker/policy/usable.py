"""What is left of a document without its mistakes, so that what its parts say of each other is told in the same go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from ingress.toml.lines import Place
from ingress.toml.mistakes import Mistake
from worker.policy.model import Policy
from worker.policy.shape import mistakes_of, without_blanks

#: So often something more is left out, as what it stood in is not whole without it.
ROUNDS = 6
#: Stands for a secret that is written wrongly, so that its tenant's other parts are looked at.
STANDS_IN: dict[str, object] = {"api_key": {"env": "A"}, "public_keys": [{"env": "A"}], "connection_id": "1"}
STANDS_IN["caller_id"] = "+10000000"


class Rest(msgspec.Struct, frozen=True):
    """The policy that is left, and the places of what was left out of it."""

    policy: Policy
    without: tuple[Place, ...]

    def is_certain(self, mistake: Mistake) -> bool:
        """Return whether *mistake* would be one too if what was left out were there, and right."""
        text = mistake.text
        return not any(
            place[: len(mistake.place)] == mistake.place
            or mistake.place[: len(place)] == place
            or f"is {place[-1]!r}: there is no such " in text
            for place in self.without
        )


def rest_of(document: Mapping[str, object], mistakes: Sequence[Mistake]) -> Rest | None:
    """Return what is left of *document* without its *mistakes*; None where that is no policy."""
    left: dict[str, object] = _copied(document)  # type: ignore[assignment]
    without: list[Place] = []
    for _ in range(ROUNDS):
        if not mistakes:
            return Rest(msgspec.convert(without_blanks(left), Policy), tuple(without))
        # Items of a list from the last on, so that those before keep their places.
        for place in sorted({mistake.place for mistake in mistakes}, key=_order, reverse=True):
            if not place:
                return None
            without.append(place)
            _leave_out(left, place)
        mistakes = mistakes_of(left)
    return None


def _leave_out(left: object, place: Place) -> None:
    *above, last = place
    if len(place) == 2 and place[0] == "tenants" and _stand_in(left, place):
        return
    for part in above:
        left = _inside(left, part)
    if isinstance(left, dict):
        left.pop(last, None)
    elif isinstance(left, list) and isinstance(last, int) and last < len(left):
        del left[last]


def _stand_in(left: object, place: Place) -> bool:
    """Give a tenant what it must have and lacks; return whether it lacked any of it."""
    tenant = left
    for part in place:
        tenant = _inside(tenant, part)
    if not isinstance(tenant, dict):
        return False
    lacks = {name: value for name, value in STANDS_IN.items() if name not in tenant}
    tenant.update(lacks)
    return bool(lacks)


def _inside(value: object, part: str | int) -> object:
    if isinstance(value, dict):
        return value.get(part)
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None


def _copied(value: object) -> object:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value


def _order(place: Iterable[str | int]) -> list[tuple[bool, int, str]]:
    return [(isinstance(part, int), part if isinstance(part, int) else 0, str(part)) for part in place]
