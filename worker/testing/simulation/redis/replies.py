"""What commands of the model Redis are given and answer, in the form of RESP2."""

from __future__ import annotations

from collections.abc import Sequence

from redis.exceptions import ResponseError

#: As RESP2 has it; a status is bytes too.
Reply = int | bytes | list["Reply"] | None
Args = Sequence[bytes]

_NOT_INTEGER = "value is not an integer or out of range"


def integer(text: bytes, *, mistake: str = _NOT_INTEGER) -> int:
    """Return the number that *text* is, or refuse it as Redis does."""
    try:
        return int(text)
    except ValueError:
        raise ResponseError(mistake) from None
