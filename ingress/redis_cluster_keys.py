"""Which slot of a Cluster a command belongs to, and what the replies of several nodes come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.crc import key_slot

#: Commands that all masters must have heard.
EVERYWHERE = frozenset({"SCRIPT LOAD", "SCRIPT FLUSH"})
#: Commands of this engine and its operators that have no key.
_KEYLESS = frozenset({"PING", "TIME", "INFO", "ROLE", "WAIT", "WAITAOF", "CONFIG GET", "COMMAND INFO", "ACL WHOAMI"})


def slot_of(args: Sequence[Any]) -> int | None:
    """Return the slot of a command's first key; None when it has none."""
    name = str(args[0]).upper()
    if name in _KEYLESS or len(args) < 2:
        return None
    if name in {"EVALSHA", "EVAL"}:
        return key_slot(_bytes(args[3])) if int(args[2]) else None
    if name == "XREAD":
        words = [_bytes(arg).upper() for arg in args]
        return key_slot(_bytes(args[words.index(b"STREAMS") + 1]))
    return key_slot(_bytes(args[1]))


def least(one: object, other: object) -> object:
    """Return what the replies of two nodes come to: an error, or the smaller; numbers, or lists of them."""
    for reply in (one, other):
        if reply is None or isinstance(reply, Exception):
            return other if reply is None else reply
    if isinstance(one, int) and isinstance(other, int):
        return min(one, other)
    if isinstance(one, list) and isinstance(other, list):
        return [min(pair) for pair in zip(one, other, strict=True)]
    return other


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
